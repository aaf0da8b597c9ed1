import type { ErrorCode } from './app-error.ts';
import type { Digest } from './digest.ts';
import type { EntryType } from './file-entry.ts';

/** Evidence that an archive's bytes are the distribution's. */
export type Evidence =
  /** A trusted key's signature over the archive */
  | { readonly by: 'signature'; readonly key: string }
  /** The archive's checksum in a repository's signed index */
  | { readonly by: 'index'; readonly repository: string; readonly key: string }
  /** Permission of the user: --allow-untrusted, --sig-level */
  | { readonly by: 'option' };

/** A package in a layer. */
export interface VerifiedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Why its bytes are believed to be the distribution's */
  readonly vouching: Evidence;
}

/**
 * Origin of an entry in a generated layer.
 *
 * With bytes of a package: `package`: as the package ships it; `attributes`: with another owner, mode or time; `moved`: at
 * another path; `directory`: has no bytes. Without: `whiteout`; `symlink`; `database`: of the package manager; `install`: below
 * `/.pkg`; `generated`: anything else.
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

/** An entry of a generated layer, and where it comes from. */
export interface EntryVerdict {
  readonly path: string;
  readonly type: EntryType;
  /** Size of the content */
  readonly sizeBytes: number;
  readonly origin: EntryOrigin;
  /** Package that it comes from or concerns, `name-version`; empty if none */
  readonly package: string;
  /** For people, may be empty: `was bin/busybox`, `mode 755 to 4755`, `hides the metadata of packages` */
  readonly note: string;
}

/** Bytes of a layer that no signature covers. They belong to no file of the image, or only to a signature. */
export interface UnsignedPart {
  /** For people: `an entry other than a verified signature`, `tar headers around signatures`, `gzip header fields` */
  readonly what: string;
  /** Path of the entry; null if it is none */
  readonly path: string | null;
  /** Null if unknown */
  readonly sizeBytes: number | null;
}

/** Settings that an image has for its containers. No signature covers them. */
export interface ConfigVerdict {
  /** True if they are what compose writes by default: the distribution's PATH, and a shell of the image as the command */
  readonly asComposed: boolean;
  /** By name (`Entrypoint`, `Env PATH`, `Labels maintainer`…); lists as JSON */
  readonly settings: Readonly<Record<string, string>>;
}

/** A layer, and why its bytes are trusted. */
export interface LayerVerdict {
  /** Index in the image, from 0 */
  readonly at: number;
  readonly digest: Digest;
  /** Digest of the uncompressed tar; undefined if the layer could not be read */
  readonly diffId: string | undefined;
  /** Size of the blob */
  readonly sizeBytes: number;
  /**
   * `package`: an archive as it is; `derived`: only contents of archives; `install`: the layer above all packages, with entries of
   * no archive; `files`: added files (`--add`); `refused`
   */
  readonly kind: 'package' | 'derived' | 'install' | 'files' | 'refused';
  readonly packages: readonly VerifiedPackage[];
  /** Number of tar entries */
  readonly entries: number;
  /** Origins of the entries of install layers and added files; empty for other layers */
  readonly verdicts: readonly EntryVerdict[];
  readonly unsigned: readonly UnsignedPart[];
}

/** A reason why an image is not verified. */
export interface VerifyProblem {
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do about it; null if there is no hint */
  readonly hint: string | null;
  /** Index of the layer, from 0; null if it concerns no single layer */
  readonly layer: number | null;
  /** Path in the layer; null if it concerns no single entry */
  readonly path: string | null;
  /** Null if nothing was compared */
  readonly expected: string | null;
  /** Null if nothing was compared */
  readonly got: string | null;
}

/** Result of `verify`. */
export interface VerifyReport {
  /** Name as given */
  readonly image: string;
  /** Names of the image */
  readonly tags: readonly string[];
  /** Digest of the manifest; null for the old format of `docker save`, which has none */
  readonly digest: Digest | null;
  /** Digest of the image config, which engines call image id */
  readonly imageId: Digest;
  /** `linux/amd64` */
  readonly platform: string;
  /** From the lowest to the topmost */
  readonly layers: readonly LayerVerdict[];
  readonly config: ConfigVerdict;
  /** Number of packages in the layers, each counted once */
  readonly packages: number;
  /** Number of these packages that neither a signature nor a signed index covers, accepted by --allow-untrusted or --sig-level */
  readonly unverifiedPackages: number;
  /**
   * True if all bytes are the distribution's, except those listed here: the config, entries of the install layer, `unsigned`
   * parts
   */
  readonly verified: boolean;
  readonly problems: readonly VerifyProblem[];
  /** Sentences */
  readonly notes: readonly string[];
}
