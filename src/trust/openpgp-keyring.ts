import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Key } from 'openpgp';
import { readLimitedFile } from '../files/limited-file.ts';
import { AppError } from '../model/app-error.ts';
import type { KeyFile } from './key-file.ts';
import { type KeyringParts, readKeyringFiles } from './keyring-files.ts';
import { type KeyBlock, MAX_KEYRING_BYTES } from './openpgp-packets.ts';
import type { Introducer, OwnerTrust } from './web-of-trust.ts';

/** A key that the product trusts by its fingerprint. */
export interface KeyPin {
  /** Upper-case hex v4 fingerprint, which is SHA-1 */
  readonly fingerprint: string;
  /** Lower-case hex SHA-256 of the primary public key packet's body; empty when only the fingerprint is known */
  readonly sha256: string;
}

/**
 * pacman's keys: the `*.gpg` files (binary or armored) of a folder with their `-trusted` and `-revoked` lists, like
 * /usr/share/pacman/keyrings after `pacman-key --populate`. Trusted keys are valid themselves (locally signed) and introduce
 * others by their ownertrust; revoked ones are disabled. A key is parsed when a signature refers to it.
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

  /** Reads a keyring folder. @throws AppError NOT_FOUND if the folder has no `*.gpg`; UNTRUSTED_KEY if a file is malformed */
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

  /**
   * Reads the files of a keyring package, whose folders are ignored; files with other names are ignored too.
   * @throws AppError UNTRUSTED_KEY if a file is malformed
   */
  static async fromFiles(files: Iterable<KeyFile>): Promise<OpenPgpKeyring> {
    return new OpenPgpKeyring(readKeyringFiles(files));
  }

  /** Joins keyrings; a key is trusted or revoked if any of them says so. */
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
   * Returns the same keys with only the pinned ones as introducers, marginally trusted whatever the keyring's own list says: for
   * a keyring from the network.
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

  /** Describes the keyring for messages: `262 keys of archlinux.gpg, 5 of them trusted`. */
  describe(): string {
    const sources = this.#parts.sources.length === 0 ? 'no keyring file' : this.#parts.sources.join(', ');
    return `${this.size} ${this.size === 1 ? 'key' : 'keys'} of ${sources}, ${this.#parts.trusted.size} trusted`;
  }

  isTrusted(fingerprint: string): boolean {
    return this.#parts.trusted.has(fingerprint);
  }

  /** Tells whether a `-revoked` list has the key. */
  isDisabled(fingerprint: string): boolean {
    return this.#parts.revoked.has(fingerprint);
  }

  /** Returns the primary fingerprints of the keys that have this key id (upper-case hex, 16 digits), or a subkey with it. */
  findByKeyId(keyId: string): readonly string[] {
    return this.#byKeyId.get(keyId) ?? [];
  }

  /** Returns all copies of a key, merged; undefined if there is none that can be parsed. */
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
        // A copy that cannot be parsed is ignored; there may be others.
      }
    }
    return merged;
  }

  /** Returns the trusted keys that may introduce others: neither disabled nor missing. */
  async introducers(): Promise<readonly Introducer[]> {
    const found: Introducer[] = [];
    for (const [fingerprint, trust] of this.#parts.trusted) {
      const key = this.isDisabled(fingerprint) ? undefined : await this.key(fingerprint);
      if (key !== undefined) found.push({ key, ownerTrust: trust });
    }
    return found;
  }
}
