import { basename } from 'node:path';
import { AppError } from '../model/app-error.ts';
import { append } from '../model/lists.ts';
import type { KeyFile } from './key-file.ts';
import { type KeyBlock, splitKeyring } from './openpgp-packets.ts';
import type { OwnerTrust } from './web-of-trust.ts';

/** `-trusted` and `-revoked` lists: Arch's have about 10 and 50 lines; a line is a fingerprint and a level. */
const MAX_LIST_BYTES = 1024 * 1024;

/** Contents of the files of a pacman keyring. Fingerprints are upper-case hex. */
export interface KeyringParts {
  readonly blocks: readonly KeyBlock[];
  readonly trusted: ReadonlyMap<string, OwnerTrust>;
  readonly revoked: ReadonlySet<string>;
  /** Names of the `.gpg` files */
  readonly sources: readonly string[];
}

/** Parses the lines of a list file without comments: `FINGERPRINT` or `FINGERPRINT:level:`. */
function readList(file: KeyFile): { fingerprint: string; level: string }[] {
  if (file.bytes.length > MAX_LIST_BYTES) {
    throw new AppError(
      'UNTRUSTED_KEY',
      `${file.name}: expected at most ${MAX_LIST_BYTES} bytes, got ${file.bytes.length}`,
    );
  }
  const rows: { fingerprint: string; level: string }[] = [];
  for (const line of Buffer.from(file.bytes).toString('latin1').split(/\r?\n/)) {
    const [fingerprint = '', level = ''] = line.replace(/#.*/, '').replace(/\s/g, '').split(':');
    if (fingerprint === '') continue;
    if (!/^([0-9A-F]{40}|[0-9A-F]{64})$/i.test(fingerprint)) {
      throw new AppError(
        'UNTRUSTED_KEY',
        `${file.name}: expected a fingerprint of 40 or 64 hex digits, got ${JSON.stringify(line.slice(0, 80))}`,
        {
          hint: 'Put lists named NAME-trusted (FINGERPRINT:4:) and NAME-revoked (FINGERPRINT) next to NAME.gpg.',
        },
      );
    }
    rows.push({ fingerprint: fingerprint.toUpperCase(), level });
  }
  return rows;
}

/**
 * Converts a level of gpg --export-ownertrust: 6 ultimate, 5 full, 4 marginal. Keys with 2 and 3 (undefined, never) introduce no
 * others.
 */
function ownerTrust(level: string): OwnerTrust | undefined {
  if (level === '5' || level === '6') return 'full';
  return level === '4' ? 'marginal' : undefined;
}

/**
 * Parses the files of a pacman keyring; files with other names are ignored.
 * @throws AppError UNTRUSTED_KEY for a malformed file
 */
export function readKeyringFiles(files: Iterable<KeyFile>): KeyringParts {
  const blocks: KeyBlock[] = [];
  const trusted = new Map<string, OwnerTrust>();
  const revoked = new Set<string>();
  const sources: string[] = [];
  for (const file of files) {
    const name = basename(file.name);
    if (name.endsWith('.gpg')) {
      append(blocks, splitKeyring(file.bytes, file.name));
      sources.push(name);
    } else if (name.endsWith('-trusted')) {
      for (const { fingerprint, level } of readList(file)) {
        const trust = ownerTrust(level);
        if (trust !== undefined) trusted.set(fingerprint, trust);
      }
    } else if (name.endsWith('-revoked')) {
      for (const { fingerprint } of readList(file)) revoked.add(fingerprint);
    }
  }
  return { blocks, trusted, revoked, sources };
}
