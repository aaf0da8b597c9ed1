import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Key } from 'openpgp';
import { readLimitedFile } from '../files/limited-file.ts';
import { AppError } from '../model/app-error.ts';
import type { KeyFile } from './key-file.ts';
import { type KeyringParts, readKeyringFiles } from './keyring-files.ts';
import { type KeyBlock, MAX_KEYRING_BYTES } from './openpgp-packets.ts';
import type { Introducer, OwnerTrust } from './web-of-trust.ts';

/** A key that the product knows. */
export interface KeyPin {
  /** Upper-case hex v4 fingerprint, which is SHA-1 */
  readonly fingerprint: string;
  /** Lower-case hex SHA-256 of the primary public key packet's body; empty when only the fingerprint is known */
  readonly sha256: string;
}

/**
 * pacman's keys: a folder's `*.gpg` (binary or armored) with their `-trusted` and `-revoked` lists, like
 * /usr/share/pacman/keyrings after `pacman-key --populate`: trusted keys are valid themselves (locally signed) and introduce
 * others by their ownertrust, revoked ones are disabled. Keys are parsed when a signature names them.
 */
export class OpenPgpKeyring {
  readonly #parts: KeyringParts;
  readonly #byFingerprint: ReadonlyMap<string, readonly KeyBlock[]>;
  readonly #byKeyId: ReadonlyMap<string, readonly string[]>;
  readonly #parsed = new Map<string, Promise<Key | undefined>>();

  /** Use `load` or `fromFiles`. */
  constructor(parts: KeyringParts) {
    const byFingerprint = new Map<string, KeyBlock[]>();
    const byKeyId = new Map<string, string[]>();
    for (const block of parts.blocks) {
      const same = byFingerprint.get(block.fingerprint);
      if (same === undefined) byFingerprint.set(block.fingerprint, [block]);
      else same.push(block);
      for (const keyId of block.keyIds) {
        const owners = byKeyId.get(keyId) ?? [];
        if (!owners.includes(block.fingerprint)) owners.push(block.fingerprint);
        byKeyId.set(keyId, owners);
      }
    }
    this.#parts = parts;
    this.#byFingerprint = byFingerprint;
    this.#byKeyId = byKeyId;
  }

  /** @throws AppError NOT_FOUND when the folder has no `*.gpg`; UNTRUSTED_KEY when a file is malformed */
  static async load(directory: string): Promise<OpenPgpKeyring> {
    let names: string[];
    try {
      names = readdirSync(directory).sort();
    } catch (error) {
      throw new AppError('NOT_FOUND', `keyring folder ${directory} cannot be read`, {
        hint: 'Pass a folder with a pacman keyring (NAME.gpg, NAME-trusted, NAME-revoked) with --keyring DIR.',
        cause: error,
        details: { directory },
      });
    }
    const wanted = names.filter((name) => /(\.gpg|-trusted|-revoked)$/.test(name));
    if (!wanted.some((name) => name.endsWith('.gpg'))) {
      throw new AppError(
        'NOT_FOUND',
        `keyring folder ${directory} holds no pacman keyring: expected a *.gpg file`,
        {
          hint: 'Pass the folder of a pacman keyring with --keyring DIR: NAME.gpg with NAME-trusted and NAME-revoked next to it.',
          details: { directory, found: names.slice(0, 20) },
        },
      );
    }
    return OpenPgpKeyring.fromFiles(
      wanted.map((name) => ({
        name: join(directory, name),
        bytes: readLimitedFile(join(directory, name), MAX_KEYRING_BYTES),
      })),
    );
  }

  /** Files of a keyring package; folders before a name do not count, files of other names are passed over. */
  static async fromFiles(files: Iterable<KeyFile>): Promise<OpenPgpKeyring> {
    return new OpenPgpKeyring(readKeyringFiles(files));
  }

  /** All keys of them, each trusted and revoked as any of them says. */
  static union(keyrings: readonly OpenPgpKeyring[]): OpenPgpKeyring {
    const parts = keyrings.map((keyring) => keyring.#parts);
    return new OpenPgpKeyring({
      blocks: parts.flatMap(({ blocks }) => blocks),
      trusted: new Map(parts.flatMap(({ trusted }) => [...trusted])),
      revoked: new Set(parts.flatMap(({ revoked }) => [...revoked])),
      sources: parts.flatMap(({ sources }) => sources),
    });
  }

  /**
   * Returns the same keys with only the pinned ones as introducers, marginally trusted whatever the keyring's own list
   * says: for a keyring that came over the network.
   */
  restrictTo(pins: readonly KeyPin[]): OpenPgpKeyring {
    const trusted = new Map<string, OwnerTrust>();
    for (const pin of pins) {
      const blocks = this.#byFingerprint.get(pin.fingerprint) ?? [];
      const genuine =
        blocks.length > 0 && (pin.sha256 === '' || blocks.every((block) => block.sha256 === pin.sha256));
      if (genuine && this.#parts.trusted.has(pin.fingerprint)) trusted.set(pin.fingerprint, 'marginal');
    }
    return new OpenPgpKeyring({ ...this.#parts, trusted });
  }

  /** Number of keys */
  get size(): number {
    return this.#byFingerprint.size;
  }

  /** `262 keys of archlinux.gpg, 5 of them trusted`, for messages */
  describe(): string {
    const sources = this.#parts.sources.length === 0 ? 'no keyring file' : this.#parts.sources.join(', ');
    return `${this.size} ${this.size === 1 ? 'key' : 'keys'} of ${sources}, ${this.#parts.trusted.size} trusted`;
  }

  isTrusted(fingerprint: string): boolean {
    return this.#parts.trusted.has(fingerprint);
  }

  /** Named by a `-revoked` list */
  isDisabled(fingerprint: string): boolean {
    return this.#parts.revoked.has(fingerprint);
  }

  /** Primary fingerprints of the keys that have this key id, or a subkey of it; upper-case hex, 16 digits. */
  findByKeyId(keyId: string): readonly string[] {
    return this.#byKeyId.get(keyId) ?? [];
  }

  /** All copies of a key merged; undefined when absent or beyond parsing. */
  key(fingerprint: string): Promise<Key | undefined> {
    let parsed = this.#parsed.get(fingerprint);
    if (parsed === undefined) {
      parsed = this.#parse(fingerprint);
      this.#parsed.set(fingerprint, parsed);
    }
    return parsed;
  }

  async #parse(fingerprint: string): Promise<Key | undefined> {
    const { readKey } = await import('openpgp');
    let merged: Key | undefined;
    for (const block of this.#byFingerprint.get(fingerprint) ?? []) {
      try {
        const key: Key = await readKey({ binaryKey: block.bytes });
        merged = merged === undefined ? key : await merged.update(key);
      } catch {
        // A copy that cannot be parsed vouches for nothing; another copy may.
      }
    }
    return merged;
  }

  /** The trusted keys that may vouch for others: neither disabled nor missing. */
  async introducers(): Promise<readonly Introducer[]> {
    const found: Introducer[] = [];
    for (const [fingerprint, trust] of this.#parts.trusted) {
      const key = this.isDisabled(fingerprint) ? undefined : await this.key(fingerprint);
      if (key !== undefined) found.push({ key, ownerTrust: trust });
    }
    return found;
  }
}
