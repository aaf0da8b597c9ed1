import type { Digest } from './digest.ts';

/** A file of a repository that is in the cache. */
export interface ServedFile {
  /** Names in the repository's folder, the usual one first: `core.db`, `core.db.tar.gz` */
  readonly names: readonly string[];
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Date as in HTTP headers */
  readonly lastModified: string;
  /** Contents of the file of the same name with `.sig`; empty: there is none */
  readonly signature: Uint8Array;
}

/** A package repository as it is served. */
export interface ServedRepository {
  /** Folders below the distribution's: `v3.19/main/x86_64`, `latest-stable/main/x86_64`; `core/os/x86_64` */
  readonly folders: readonly string[];
  /** Place of the repository in the request's list */
  readonly rank: number;
  readonly index: ServedFile;
  /** Names of its file lists, which are fetched when they are asked for */
  readonly fileLists: readonly string[];
  readonly packages: number;
}

/** A key by which clients verify a mirror. */
export interface ServedKey {
  /** File name without a folder */
  readonly name: string;
  readonly content: Uint8Array;
}

/** What a mirror serves of one source of packages. */
export interface ServedMirror {
  readonly distro: string;
  readonly repositories: readonly ServedRepository[];
  readonly keys: readonly ServedKey[];
  /** Sentences about repositories that cannot be served */
  readonly notes: readonly string[];
}

/** A package of a mirror. */
export type ServedPackage =
  | {
      readonly kind: 'cached';
      readonly digest: Digest;
      readonly sizeBytes: number;
      /** Date as in HTTP headers; empty: unknown */
      readonly lastModified: string;
    }
  | {
      /** To be fetched from the first of these URLs that has it; without any, by the use case itself */
      readonly kind: 'remote';
      readonly urls: readonly string[];
      readonly sizeBytes: number;
      readonly lastModified: string;
    }
  /** Small: a signature */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'unknown'; readonly message: string };
