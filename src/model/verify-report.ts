import type { ErrorCode } from './app-error.ts';
import type { EntryType } from './archive.ts';
import type { Digest } from './digest.ts';

/** What makes an archive's bytes the distribution's. */
export type Vouching =
  /** A trusted key's signature over the archive */
  | { readonly by: 'signature'; readonly key: string }
  /** Its checksum in a repository's signed index */
  | { readonly by: 'index'; readonly repository: string; readonly key: string }
  /** What the user allows: --allow-untrusted, --sig-level */
  | { readonly by: 'option' };

export interface VouchedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly vouching: Vouching;
}

/**
 * What an entry of a generated layer is. Of the first four the bytes are a package's: `package`: as it ships the path;
 * `attributes`: with another owner, mode or time; `moved`: at another path; `directory`: has no bytes. The rest are not:
 * `whiteout`, `symlink`, `database`: the package manager's; `install`: below `/.pkg`; `generated`: anything else.
 */
export type EntryOrigin =
  | 'package'
  | 'attributes'
  | 'moved'
  | 'directory'
  | 'whiteout'
  | 'symlink'
  | 'database'
  | 'install'
  | 'generated';

export interface EntryVerdict {
  readonly path: string;
  readonly type: EntryType;
  readonly sizeBytes: number;
  readonly origin: EntryOrigin;
  /** The package that it is about, `name-version`; empty: none */
  readonly package: string;
  /** For a person: `was bin/busybox`, `mode 755 to 4755`, `hides the metadata of packages`; may be empty */
  readonly note: string;
}

export interface LayerVerdict {
  /** Place in the image, from 0 */
  readonly at: number;
  readonly digest: Digest;
  /** Of its bytes; undefined when they could not be read */
  readonly diffId: string | undefined;
  readonly sizeBytes: number;
  /**
   * `package`: the archive itself; `derived`: made of archives' contents alone; `install`: the last one, with what no
   * archive holds; `refused`: not vouched for
   */
  readonly kind: 'package' | 'derived' | 'install' | 'refused';
  readonly packages: readonly VouchedPackage[];
  /** Tar entries */
  readonly entries: number;
  /** Of the install layer */
  readonly verdicts: readonly EntryVerdict[];
}

export interface VerifyProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  /** Place of the layer that it is about, from 0 */
  readonly layer: number | null;
  /** The path within the layer */
  readonly path: string | null;
  readonly expected: string | null;
  readonly got: string | null;
}

export interface VerifyReport {
  /** As the user named it */
  readonly image: string;
  readonly tags: readonly string[];
  /** Of the manifest; null for a plain `docker save`, which has none */
  readonly digest: Digest | null;
  /** Of the config: the engine's image id */
  readonly imageId: Digest;
  /** `linux/amd64` */
  readonly platform: string;
  readonly layers: readonly LayerVerdict[];
  /** All bytes are the distribution's, but for the entries of the install layer that say otherwise. */
  readonly verified: boolean;
  readonly problems: readonly VerifyProblem[];
  readonly notes: readonly string[];
}
