import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../model/app-error.ts';
import { makeFolder } from '../store/make-folder.ts';
import { isAlive } from '../store/process-alive.ts';
import { storageError } from '../store/storage-error.ts';
import { openUserNamespace } from './user-namespace.ts';

/** A folder of another machine that has not changed for a day is nobody's. */
const STALE_MS = 24 * 60 * 60 * 1000;

/**
 * A new folder below `parent`, called `<host>-<pid>-<random>` so that another process can tell whose it is.
 * @throws AppError STORAGE
 */
export function makeOwnFolder(parent: string): string {
  const path = join(parent, `${host()}-${process.pid}-${randomBytes(8).toString('hex')}`);
  try {
    makeFolder(parent);
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw storageError(error, 'create', path);
  }
  return path;
}

/**
 * Removes folders with whatever is in them, however deep. Without root their files belong to ids that only a user
 * namespace has.
 * @throws AppError STORAGE when something stays
 */
export async function removeFolders(folders: readonly string[], path: string): Promise<void> {
  if (folders.length === 0) return;
  const words = ['rm', '-rf', '--', ...folders];
  if (process.geteuid?.() === 0) {
    const { execa } = await import('execa');
    await execa(words[0] as string, words.slice(1), { env: { PATH: path }, extendEnv: false, reject: false });
  } else {
    const namespace = await openUserNamespace(path);
    const { stdout, stderr, ended } = namespace.start(words, { folder: '/' });
    stdout.resume();
    stderr.resume();
    await ended;
    await namespace.close();
  }
  const left = folders.find((folder) => existsSync(folder));
  if (left === undefined) return;
  throw new AppError('STORAGE', `${left}: could not be removed`, { hint: `Remove it: rm -rf ${left}` });
}

/** Folders that killed processes have left behind. */
export function abandonedFolders(parent: string, nowMs: number): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(parent);
  } catch {
    return [];
  }
  return names
    .filter((name) => {
      const [, machine, pid] = /^(.*)-(\d+)-[0-9a-f]{16}$/.exec(name) ?? [];
      if (machine === host()) return !isAlive(Number(pid));
      const facts = statSync(join(parent, name), { throwIfNoEntry: false });
      return facts !== undefined && nowMs - facts.mtimeMs > STALE_MS;
    })
    .map((name) => join(parent, name));
}

function host(): string {
  return hostname().replace(/[^A-Za-z0-9.]/g, '_');
}
