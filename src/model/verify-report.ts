import type { ErrorCode } from './app-error.ts';
import type { EntryType } from './archive.ts';
import type { Digest } from './digest.ts';

/** What makes an archive's bytes the distribution's. */
export type Evidence =
  /** A trusted key's signature over the archive */
  | { readonly by: 'signature'; readonly key: string }
  /** Its checksum in a repository's signed index */
  | { readonly by: 'index'; readonly repository: string; readonly key: string }
  /** What the user allows: --allow-untrusted, --sig-level */
  | { readonly by: 'option' };

export interface VerifiedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly vouching: Evidence;
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

/** Bytes of a layer that nobody vouches for, and that are no file of the image or only a signature's. */
export interface UnsignedPart {
  /** For a person: `an entry other than a verified signature`, `tar headers around signatures`, `gzip header fields` */
  readonly what: string;
  /** The entry that it is about; null: none */
  readonly path: string | null;
  /** Null: not counted */
  readonly sizeBytes: number | null;
}

/** What an image says of the containers that run it. No signature covers any of it. */
export interface ConfigVerdict {
  /** It is what compose writes by default: the distribution's PATH, and a shell of the image as its command */
  readonly asComposed: boolean;
  /** `Entrypoint`, `Env PATH`, `Labels maintainer`… as text, lists as JSON */
  readonly settings: Readonly<Record<string, string>>;
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
  readonly packages: readonly VerifiedPackage[];
  /** Tar entries */
  readonly entries: number;
  /** Of the install layer */
  readonly verdicts: readonly EntryVerdict[];
  readonly unsigned: readonly UnsignedPart[];
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
  readonly config: ConfigVerdict;
  /** Packages that the layers are made of, each once */
  readonly packages: number;
  /** Of these, those that no signature vouches for, not even an index's: accepted by --allow-untrusted or --sig-level */
  readonly unverifiedPackages: number;
  /**
   * All bytes are the distribution's, but for what is listed: the config, entries of the install layer, `unsigned` of layers.
   * False where there are problems or unverified packages.
   */
  readonly verified: boolean;
  readonly problems: readonly VerifyProblem[];
  readonly notes: readonly string[];
}
