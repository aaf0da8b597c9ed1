import { createHash } from 'node:crypto';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checked, type TrustLabel } from '../../catalog/trust-label.ts';
import type { Distro } from '../../distros/distro.ts';
import { readLimitedFile } from '../../files/limited-file.ts';
import { makeFolder } from '../../files/make-folder.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { KeyFile } from '../../trust/key-file.ts';
import { MAX_KEYRING_BYTES } from '../../trust/openpgp-packets.ts';
import type { TrustPolicy } from '../../trust/policy.ts';
import type { Context } from '../context.ts';

/**
 * What a command trusts: the keys of `--keyring`, else the distribution's own ones as far as the product pins them, and
 * those of `--keyring-append`. The distribution's own come with the product, or are kept in the cache folder once they were fetched,
 * and filtered by the pins on every load (Keys.pinnedFiles).
 */
export class Trust {
  readonly allowUntrusted: boolean;
  /** True when keys come from pins, not from `--keyring`. */
  readonly pinned: boolean;
  /** True where a missing key is fetched from the distribution's keys package. */
  readonly mayFetchKeys: boolean;
  readonly #distro: Distro;
  readonly #options: SourceOptions;
  readonly #folders: readonly string[];
  readonly #appended: readonly string[];
  readonly #keysDirectory: string;
  #fingerprint: string | undefined;
  #policy: Promise<TrustPolicy> | undefined;

  /** @param options the architecture in the distribution's word: it decides which of the pinned keys count */
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

  /** Labels what is verified under this trust: what has the label of another is verified again. */
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

  /** True where what has this label need not be verified again. */
  accepts(label: TrustLabel | undefined): boolean {
    return label?.basis === 'checked' && this.#covers(label);
  }

  /** True where a published catalog that the user believes says that it was verified under this trust. */
  acceptsClaim(label: TrustLabel | undefined): boolean {
    return label?.basis === 'claimed' && this.#covers(label);
  }

  #covers({ fingerprint }: TrustLabel): boolean {
    return fingerprint !== '' && (this.allowUntrusted || fingerprint === this.#ownFingerprint);
  }

  /** The distribution's key files that are kept here; none where they come with the product. */
  cachedKeys(): readonly KeyFile[] {
    return this.#distro.keys.pinnedFiles === undefined ? [] : filesIn(this.#keysDirectory);
  }

  /** @throws AppError NOT_FOUND, UNTRUSTED_KEY when the keyring folder cannot be used */
  policy(): Promise<TrustPolicy> {
    this.#policy ??= this.#load();
    return this.#policy;
  }

  /**
   * Keeps the distribution's key files for later runs, as far as the product pins them: a mirror that
   * serves other keys cannot displace good ones. False when there is nothing to keep.
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
    return true;
  }

  #load(): Promise<TrustPolicy> {
    const { architecture, sigLevel } = this.#options;
    return this.#distro.keys.policy({
      allowUntrusted: this.allowUntrusted,
      folders: [...this.#folders, ...this.#appended],
      pinned: this.pinned,
      cached: this.pinned ? this.cachedKeys() : [],
      architecture,
      sigLevel,
    });
  }
}

/** Regular files of a folder in name order; none when there is no such folder. */
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
