import { createHash } from 'node:crypto';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checked, type TrustLabel } from '../../catalog/trust-label.ts';
import type { Distro } from '../../distros/distro.ts';
import { readLimitedFile } from '../../files/limited-file.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { isAppError } from '../../model/app-error.ts';
import type { SourceOptions } from '../../model/request.ts';
import { MAX_KEYRING_BYTES } from '../../trust/openpgp-packets.ts';
import type { TrustPolicy } from '../../trust/policy.ts';
import { parseSigLevel } from '../../trust/sig-level.ts';
import type { Context } from '../context.ts';

/** What archlinux-keyring installs; a file of another name would add to it unseen. */
const ARCH_KEYRING_FILE = /^archlinux(?:\.gpg|-trusted|-revoked)$/;

export interface KeyFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * What a command trusts: the keys of `--keyring`, else the distribution's own ones as far as the product pins them, and
 * those of `--keyring-append`. Alpine's own come with the product; Arch's are kept in the cache folder once they were fetched,
 * and filtered by the pins on every load.
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
    this.mayFetchKeys = this.pinned && !this.allowUntrusted && distro.id !== 'alpine';
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
    return this.#distro.id === 'alpine' ? [] : filesIn(this.#keysDirectory);
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
    const pinned = await this.#pinnedOnly(files);
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

  async #pinnedOnly(files: readonly KeyFile[]): Promise<readonly KeyFile[]> {
    if (!this.mayFetchKeys) return [];
    const { PacmanKeyring } = await import('../../trust/pacman-keyring.ts');
    const keyring = files.filter(({ name }) => ARCH_KEYRING_FILE.test(basename(name)));
    try {
      const pinned = (await PacmanKeyring.fromFiles(keyring)).restrictToPinnedMasters();
      return (await pinned.introducers()).length > 0 ? keyring : [];
    } catch (error) {
      if (isAppError(error)) return [];
      throw error;
    }
  }

  async #load(): Promise<TrustPolicy> {
    const base = { allowUntrusted: this.allowUntrusted, sigLevel: parseSigLevel(this.#options.sigLevel) };
    if (this.#distro.id === 'alpine') {
      const { apkKeyFiles, apkKeyringFromFiles, joinApkKeyrings } = await import('../../trust/apk-keys.ts');
      const given = apkKeyringFromFiles([...this.#folders, ...this.#appended].flatMap(apkKeyFiles));
      if (!this.pinned) return { ...base, apk: given };
      const { alpineKeyFiles } = await import('../../trust/alpine-keys.ts');
      const { pinnedApkKeyring } = await import('../../trust/pins.ts');
      return {
        ...base,
        apk: joinApkKeyrings(pinnedApkKeyring(alpineKeyFiles(), this.#options.architecture), given),
      };
    }
    const { PacmanKeyring } = await import('../../trust/pacman-keyring.ts');
    const given = [...this.#folders, ...this.#appended].map((folder) => PacmanKeyring.load(folder));
    const files = this.pinned ? filesIn(this.#keysDirectory) : [];
    const own = files.length === 0 ? [] : [(await PacmanKeyring.fromFiles(files)).restrictToPinnedMasters()];
    const keyrings = [...own, ...(await Promise.all(given))];
    return keyrings.length === 0 ? base : { ...base, pacman: PacmanKeyring.union(keyrings) };
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
