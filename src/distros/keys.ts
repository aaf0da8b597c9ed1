import type { KeyFile } from '../trust/key-file.ts';
import type { TrustPolicy } from '../trust/policy.ts';

/** Keys by which a family's signatures are verified. */
export interface Keys {
  /** Package with the distribution's signing keys: `alpine-keys`, `archlinux-keyring` */
  readonly package: string;
  /** Returns whether a path in that package is key material. */
  isKeyFile(path: string): boolean;
  /** Whether indexes and archives may have a detached signature beside them, `<file>.sig` */
  readonly detached: boolean;
  /**
   * Returns the trust policy for the keys of a request. @throws AppError NOT_FOUND, UNTRUSTED_KEY when a folder cannot be used;
   * USAGE for an unknown `--sig-level`
   */
  policy(request: KeyRequest): Promise<TrustPolicy>;
  /**
   * Returns the files of the keys package to keep in the cache, if they contain keys that the product pins; otherwise none.
   * Absent: the distribution's keys come with the product, so none are fetched.
   */
  pinnedFiles?(files: readonly KeyFile[]): Promise<readonly KeyFile[]>;
  /** Returns files for the keys to install into a root; `names` are the values of `signedBy` of installed packages. */
  installed(policy: TrustPolicy, names: readonly string[]): readonly InstalledKey[];
}

/** The user's choice of keys. */
export interface KeyRequest {
  readonly allowUntrusted: boolean;
  /** Folders of `--keyring` and `--keyring-append` */
  readonly folders: readonly string[];
  /** Whether the distribution's own keys are trusted, as far as the product pins them */
  readonly pinned: boolean;
  /** Files that `pinnedFiles` returned earlier */
  readonly cached: readonly KeyFile[];
  /** The family's architecture word: keys may sign only for some */
  readonly architecture: string;
  /** Value of `--sig-level`; empty: the family's default */
  readonly sigLevel: string;
}

/** A key file to install into a root. */
export interface InstalledKey {
  /** File name without a folder */
  readonly name: string;
  readonly content: Uint8Array;
}
