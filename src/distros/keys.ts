import type { KeyFile } from '../trust/key-file.ts';
import type { TrustPolicy } from '../trust/policy.ts';

/** Whom a family's signatures are checked against. */
export interface Keys {
  /** The package that carries the distribution's signing keys: `alpine-keys`, `archlinux-keyring` */
  readonly package: string;
  /** Whether a path inside that package is key material. */
  isKeyFile(path: string): boolean;
  /** Whether indexes and archives may have a detached signature beside them, `<file>.sig` */
  readonly detached: boolean;
  /** Returns what the keys allow. @throws AppError NOT_FOUND, UNTRUSTED_KEY when a folder cannot be used; USAGE */
  policy(request: KeyRequest): Promise<TrustPolicy>;
  /**
   * Returns those of the keys package's files that may be kept in the cache, as far as the product pins them; none: it does not
   * pin them. Undefined: the distribution's keys come with the product, so that none are fetched.
   */
  pinnedFiles?(files: readonly KeyFile[]): Promise<readonly KeyFile[]>;
  /** Returns the files of those keys that a composed root has; `names` are the `signedBy` of what is installed. */
  installed(policy: TrustPolicy, names: readonly string[]): readonly InstalledKey[];
}

/** What the user says about keys. */
export interface KeyRequest {
  readonly allowUntrusted: boolean;
  /** Folders of `--keyring` and `--keyring-append` */
  readonly folders: readonly string[];
  /** True: the distribution's own keys count, as far as the product pins them */
  readonly pinned: boolean;
  /** Files that `pinnedFiles` returned earlier */
  readonly cached: readonly KeyFile[];
  /** The family's architecture word: keys may sign for some only */
  readonly architecture: string;
  /** Words of `--sig-level`; empty: the family's default */
  readonly sigLevel: string;
}

/** A key file of a composed root. */
export interface InstalledKey {
  /** File name without a folder */
  readonly name: string;
  readonly content: Uint8Array;
}
