import { createHash } from 'node:crypto';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checked, type TrustLabel } from '../../catalog/trust-label.ts';
import type { Distro } from '../../distros/distro.ts';
import type { KeyRequest } from '../../distros/keys.ts';
import { readLimitedFile } from '../../files/limited-file.ts';
import { makeFolder } from '../../files/make-folder.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { KeyFile } from '../../trust/key-file.ts';
import { MAX_KEYRING_BYTES } from '../../trust/openpgp-packets.ts';
import type { TrustPolicy } from '../../trust/policy.ts';
import type { Context } from '../context.ts';

/**
 * Trust of a command: the keys of `--keyring`, or the distribution's own keys that the product pins, and those of
 * `--keyring-append`. The distribution's own keys come with the product, or are kept in the cache folder after they were fetched,
 * and the pins are applied on every load (Keys.pinnedFiles).
 */
export class Trust {
  readonly allowUntrusted: boolean;
  /** The keys are pinned, not from `--keyring`. */
  readonly pinned: boolean;
  /** A missing key is fetched from the distribution's keys package. */
  readonly mayFetchKeys: boolean;
  readonly #distro: Distro;
  readonly #options: SourceOptions;
  readonly #folders: readonly string[];
  readonly #appended: readonly string[];
  readonly #keysDirectory: string;
  #fingerprint: string | undefined;
  #policy: Promise<TrustPolicy> | undefined;
  #keyRequest: KeyRequest | undefined;

  /** @param options with the distribution's name of the architecture, which decides which of the pinned keys count */
  constructor(context: Context, distro: Distro, options: SourceOptions) {
    this.allowUntrusted = options.allowUntrusted;
    this.#folders = [options.keyring].flat().filter((folder) => folder !== '');
    this.#appended = options.keyringAppend ?? [];
    this.pinned = this.#folders.length === 0;
    this.mayFetchKeys = this.pinned && !this.allowUntrusted && distro.keys.pinnedFiles !== undefined;
    this.#distro = distro;
    this.#options = options;
    this.#keysDirectory = join(context.directory, 'keys', distro.id);
  }

  /** Label of what is verified under this trust; entries with the label of another trust are verified again. */
  get label(): TrustLabel {
    return checked(this.#ownFingerprint);
  }

  get #ownFingerprint(): string {
    if (this.#fingerprint === undefined) {
      const keys = this.pinned ? 'pinned' : hashOf(this.#folders.flatMap(filesIn));
      const appended = this.#appended.length === 0 ? '' : `and ${hashOf(this.#appended.flatMap(filesIn))}`;
      const { sigLevel } = this.#options;
      this.#fingerprint = [
        keys,
        ...(appended === '' ? [] : [appended]),
        sigLevel,
        this.allowUntrusted ? 'allow-untrusted' : '',
      ]
        .join(' ')
        .trim();
    }
    return this.#fingerprint;
  }

  /** Tells whether an entry with this label need not be verified again. */
  accepts(label: TrustLabel | undefined): boolean {
    return label?.basis === 'checked' && this.#covers(label);
  }

  /** Tells whether a published catalog that the user trusts says that an entry was verified under this trust. */
  acceptsClaim(label: TrustLabel | undefined): boolean {
    return label?.basis === 'claimed' && this.#covers(label);
  }

  #covers({ fingerprint }: TrustLabel): boolean {
    return fingerprint !== '' && (this.allowUntrusted || fingerprint === this.#ownFingerprint);
  }

  /** Returns the distribution's key files in the cache; none if they come with the product. */
  cachedKeys(): readonly KeyFile[] {
    return this.#distro.keys.pinnedFiles === undefined ? [] : filesIn(this.#keysDirectory);
  }

  /** Loads the keys. @throws AppError NOT_FOUND, UNTRUSTED_KEY if the keyring folder cannot be used */
  policy(): Promise<TrustPolicy> {
    this.#policy ??= this.#distro.keys.policy(this.keyRequest);
    return this.#policy;
  }

  /** What the policy is made of; the same object until other keys are kept */
  get keyRequest(): KeyRequest {
    const { architecture, sigLevel } = this.#options;
    this.#keyRequest ??= {
      allowUntrusted: this.allowUntrusted,
      folders: [...this.#folders, ...this.#appended],
      pinned: this.pinned,
      cached: this.pinned ? this.cachedKeys() : [],
      architecture,
      sigLevel,
    };
    return this.#keyRequest;
  }

  /**
   * Keeps those of the distribution's key files that the product pins, so that a mirror with other keys cannot displace good
   * ones. Returns false if there are none.
   */
  async cacheKeys(files: readonly KeyFile[]): Promise<boolean> {
    const pinned = this.mayFetchKeys ? ((await this.#distro.keys.pinnedFiles?.(files)) ?? []) : [];
    if (pinned.length === 0) return false;
    makeFolder(this.#keysDirectory);
    for (const file of pinned) {
      const path = join(this.#keysDirectory, basename(file.name));
      const temporary = `${path}.${process.pid}.tmp`;
      try {
        writeFileSync(temporary, file.bytes);
        renameSync(temporary, path);
      } finally {
        rmSync(temporary, { force: true });
      }
    }
    this.#policy = undefined;
    this.#keyRequest = undefined;
    return true;
  }
}

/** Returns the regular files of a folder, sorted by name; none if there is no such folder. */
function filesIn(directory: string): readonly KeyFile[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !entry.name.endsWith('.tmp'))
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
  return names.map((name) => ({ name, bytes: readLimitedFile(join(directory, name), MAX_KEYRING_BYTES) }));
}

function hashOf(files: readonly KeyFile[]): string {
  const hash = createHash('sha256');
  for (const { name, bytes } of files) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  return hash.digest('hex');
}
