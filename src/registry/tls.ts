import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { authorities } from '../fetch/authorities.ts';
import { readLimitedInput } from '../files/limited-file.ts';
import { AppError, isAppError } from '../model/app-error.ts';

/** PEM files by path. */
export interface TlsFiles {
  readonly ca: readonly string[];
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * Returns the folders that have certificates by host, the user's first (containers-certs.d(5), docker's "Verify repository client
 * with certificates").
 */
export function certificateFolders(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  return [
    join(config, 'containers/certs.d'),
    join(config, 'docker/certs.d'),
    '/etc/containers/certs.d',
    '/etc/docker/certs.d',
  ];
}

/**
 * Finds the certificates for `host` (`registry.example:5000`) in the first folder that has any: `*.crt` are authorities,
 * `NAME.cert` with `NAME.key` is the client certificate, of which the first is used.
 * @throws AppError USAGE for a certificate without its key
 */
export async function hostFiles(host: string, folders: readonly string[]): Promise<TlsFiles> {
  for (const folder of folders) {
    const directory = join(folder, host);
    const names = list(directory);
    if (names.length === 0) continue;
    const path = (name: string): string => join(directory, name);
    const [cert] = names.filter((name) => name.endsWith('.cert'));
    const key = cert?.replace(/\.cert$/, '.key');
    if (cert !== undefined && key !== undefined && !names.includes(key)) {
      throw new AppError('USAGE', `${path(cert)} has no key: expected ${path(key)}`, {
        hint: 'An authority to trust is called NAME.crt.',
      });
    }
    return {
      ca: names.filter((name) => name.endsWith('.crt')).map(path),
      cert: cert === undefined ? undefined : path(cert),
      key: key === undefined ? undefined : path(key),
    };
  }
  return { ca: [], cert: undefined, key: undefined };
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    // Missing or not readable for this user: ignored, as by other tools.
    return [];
  }
}

/**
 * Makes the TLS context for these files; undefined if there are none.
 * @throws AppError USAGE for files that cannot be read or used
 */
export async function secureContext(files: TlsFiles): Promise<import('node:tls').SecureContext | undefined> {
  if (files.ca.length === 0 && files.cert === undefined) return undefined;
  const tls = await import('node:tls');
  const own = await Promise.all(files.ca.map(authority));
  const [cert, key] = await Promise.all([files.cert, files.key].map((path) => path && pem(path)));
  try {
    return tls.createSecureContext({
      ca: own.length === 0 ? undefined : [...authorities(), ...own],
      cert,
      key,
    });
  } catch (cause) {
    const paths = [...files.ca, files.cert, files.key].filter((path) => path !== undefined).join(', ');
    throw new AppError('USAGE', `not usable as certificates and key: ${paths}: ${(cause as Error).message}`, {
      hint: 'Expected PEM files; the key must belong to the certificate and have no password.',
      cause,
    });
  }
}

async function authority(path: string): Promise<string> {
  const text = await pem(path);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new AppError('USAGE', `${path}: expected certificates in PEM form, found none`);
}

/** All the authorities of a system are about 250 kB. */
const MAX_PEM_BYTES = 4 * 1024 * 1024;

async function pem(path: string): Promise<string> {
  try {
    return (await readLimitedInput(path, MAX_PEM_BYTES)).toString('latin1');
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw new AppError('USAGE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
