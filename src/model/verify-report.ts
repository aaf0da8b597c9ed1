import type { ErrorCode } from './app-error.ts';
import type { EntryType } from './archive.ts';
import type { Digest } from './digest.ts';

/** Evidence that an archive's bytes are the distribution's. */
export type Evidence =
  /** A trusted key's signature over the archive */
  | { readonly by: 'signature'; readonly key: string }
  /** The archive's checksum in a repository's signed index */
  | { readonly by: 'index'; readonly repository: string; readonly key: string }
  /** Permission of the user: --allow-untrusted, --sig-level */
  | { readonly by: 'option' };

/** A package that a layer is made of. */
export interface VerifiedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly vouching: Evidence;
}

/**
 * Origin of an entry of a generated layer. The bytes of the first four are a package's: `package`: as it ships the path;
 * `attributes`: with another owner, mode or time; `moved`: at another path; `directory`: has no bytes. Those of the rest are not:
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

/** An entry of a generated layer, and where it comes from. */
export interface EntryVerdict {
  readonly path: string;
  readonly type: EntryType;
  readonly sizeBytes: number;
  readonly origin: EntryOrigin;
  /** The package that it is about, `name-version`; empty: none */
  readonly package: string;
  /** Note for people: `was bin/busybox`, `mode 755 to 4755`, `hides the metadata of packages`; may be empty */
  readonly note: string;
}

/** Bytes of a layer that nobody vouches for, and that belong to no file of the image, or to a signature alone. */
export interface UnsignedPart {
  /** Description for people: `an entry other than a verified signature`, `tar headers around signatures`, `gzip header fields` */
  readonly what: string;
  /** The entry that it is about; null: none */
  readonly path: string | null;
  /** Null: not counted */
  readonly sizeBytes: number | null;
}

/** Settings of an image for the containers that run it. No signature covers any of them. */
export interface ConfigVerdict {
  /** True when it is what compose writes by default: the distribution's PATH, and a shell of the image as its command */
  readonly asComposed: boolean;
  /** `Entrypoint`, `Env PATH`, `Labels maintainer`… as text, lists as JSON */
  readonly settings: Readonly<Record<string, string>>;
}

/** A layer, and who vouches for it. */
export interface LayerVerdict {
  /** Place in the image, from 0 */
  readonly at: number;
  readonly digest: Digest;
  /** diffID of its bytes; undefined when they could not be read */
  readonly diffId: string | undefined;
  readonly sizeBytes: number;
  /**
   * `package`: the archive itself; `derived`: made of archives' contents alone; `install`: the last one, with what no
   * archive holds; `refused`: not vouched for
   */
  readonly kind: 'package' | 'derived' | 'install' | 'refused';
  readonly packages: readonly VerifiedPackage[];
  /** Tar entries */
  readonly entries: number;
  /** Verdicts on the entries of the install layer */
  readonly verdicts: readonly EntryVerdict[];
  readonly unsigned: readonly UnsignedPart[];
}

/** A reason why an image is not verified. */
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

/** Result of `verify`. */
export interface VerifyReport {
  /** Name that the user gave */
  readonly image: string;
  readonly tags: readonly string[];
  /** Digest of the manifest; null for a plain `docker save`, which has no manifest */
  readonly digest: Digest | null;
  /** Digest of the config: the engine's image id */
  readonly imageId: Digest;
  /** `linux/amd64` */
  readonly platform: string;
  readonly layers: readonly LayerVerdict[];
  readonly config: ConfigVerdict;
  /** Packages that the layers are made of, each once */
  readonly packages: number;
  /** Packages among these that no signature vouches for, not even an index's: accepted by --allow-untrusted or --sig-level */
  readonly unverifiedPackages: number;
  /**
   * All bytes are the distribution's, but for what is listed: the config, entries of the install layer, `unsigned` of layers.
   * False where there are problems or unverified packages.
   */
  readonly verified: boolean;
  readonly problems: readonly VerifyProblem[];
  readonly notes: readonly string[];
}
