import type { DistroId, IndexPackage } from './package.ts';

/** A repository to read: one index and the archives beside it. */
export interface RepositorySpec {
  readonly distro: DistroId;
  /** `v3.19`, `edge`, `rolling`; the distribution's word */
  readonly release: string;
  /** The distribution's architecture word: `x86_64`, `aarch64`. */
  readonly architecture: string;
  /** `main`, `core`…; for a bare directory its last path component */
  readonly name: string;
  /** apk `@tag`; empty if untagged */
  readonly tag: string;
  /**
   * Base URLs of the same content in order of preference (mirrors), without trailing slash: the folder that holds index and
   * archives.
   */
  readonly baseUrls: readonly string[];
  /** Names of index files below a base URL, to be tried in order: `APKINDEX.tar.gz`; `core.db`. */
  readonly indexNames: readonly string[];
}

/** A verified index. Its packages are parsed while they are read, since a large index does not fit into memory as objects. */
export interface RepositoryIndex {
  /**
   * Some packages at a time, in the index's order; can be read once.
   * @throws AppError BAD_INDEX, LIMIT: the packages before do not count either
   */
  readonly packages: AsyncIterable<readonly IndexPackage[]>;
  /** Returns apk's DESCRIPTION member; empty if absent. Complete when the packages have ended. */
  readonly description: () => string;
  /** Name of the key (apk) or fingerprint (OpenPGP) whose signature was verified; empty if accepted unsigned. */
  readonly signedBy: string;
}

/** What tells to which release an index belongs. */
export interface ReleaseClues {
  readonly description: string;
  /** Returns the version of the index's first package of that name. */
  readonly versionOf: (name: string) => string | undefined;
}
