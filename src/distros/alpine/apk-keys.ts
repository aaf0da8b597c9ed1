import { createPublicKey, type KeyObject } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readLimitedFile } from '../../files/limited-file.ts';
import { AppError } from '../../model/app-error.ts';
import type { KeyFile } from '../../trust/key-file.ts';

/** A 16384-bit RSA key in PEM is below 3 KiB. */
const MAX_KEY_FILE_BYTES = 64 * 1024;
/** A keyring of apk: keys by file name, for example `alpine-devel@lists.alpinelinux.org-4a6a0840.rsa.pub`. */
export interface ApkKeyring {
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** Whether the distribution's own keys, which the product pins, are among them */
  readonly pinned?: boolean;
}

function readKey(file: KeyFile, where: string): KeyObject {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new AppError('UNTRUSTED_KEY', `${where}: not an RSA public key: ${reason}`, {
      hint: 'Pass a folder of PEM files (`BEGIN PUBLIC KEY` or `BEGIN RSA PUBLIC KEY`) with --keyring DIR.',
      cause,
      details: { where },
    });
  };
  if (file.bytes.length > MAX_KEY_FILE_BYTES) {
    refuse(`expected at most ${MAX_KEY_FILE_BYTES} bytes, got ${file.bytes.length}`);
  }
  const pem = Buffer.from(file.bytes).toString('latin1');
  if (!/-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) refuse('no PEM public key in it');
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), error);
  }
  if (key.asymmetricKeyType !== 'rsa') refuse(`expected rsa, got ${key.asymmetricKeyType}`);
  return key;
}

/**
 * Reads key files (PEM) into a keyring; a key goes by its file's name without the folder.
 * @throws AppError UNTRUSTED_KEY when a file is not an RSA public key, or two files of the same name differ
 */
export function apkKeyringFromFiles(files: Iterable<KeyFile>): ApkKeyring {
  return { keys: unique([...files].map((file) => [basename(file.name), readKey(file, file.name)])) };
}

/**
 * Joins two keyrings; the result is `pinned` when the first is.
 * @throws AppError UNTRUSTED_KEY when two keys of the same name differ
 */
export function joinApkKeyrings(first: ApkKeyring, second: ApkKeyring): ApkKeyring {
  return { ...first, keys: unique([...first.keys, ...second.keys]) };
}

function unique(named: readonly (readonly [name: string, key: KeyObject])[]): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const [name, key] of named) {
    const known = keys.get(name);
    if (known !== undefined && !known.equals(key)) {
      throw new AppError('UNTRUSTED_KEY', `two different keys have the name ${name}: expected one`, {
        hint: 'Keep only one of them in the folders of --keyring and --keyring-append.',
        details: { name },
      });
    }
    keys.set(name, key);
  }
  return keys;
}

/**
 * Reads every `*.pub` and `*.pem` file of a folder, sorted by name.
 * @throws AppError NOT_FOUND when the folder cannot be read or has no such file; LIMIT when a file is too large; UNSUPPORTED when
 * it is a pipe or device
 */
export function apkKeyFiles(directory: string): readonly KeyFile[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    throw new AppError('NOT_FOUND', `keyring folder ${directory} cannot be read`, {
      hint: 'Pass a folder of public keys with --keyring DIR.',
      cause: error,
      details: { directory },
    });
  }
  const files = names.filter((name) => name.endsWith('.pub') || name.endsWith('.pem')).sort();
  if (files.length === 0) {
    throw new AppError(
      'NOT_FOUND',
      `keyring folder ${directory} has no keys: expected *.pub or *.pem files`,
      {
        hint: 'Pass the folder of the apk keys with --keyring DIR; they have names like alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub.',
        details: { directory, found: names.slice(0, 20) },
      },
    );
  }
  return files.map((name) => ({
    name: join(directory, name),
    bytes: readLimitedFile(join(directory, name), MAX_KEY_FILE_BYTES),
  }));
}
