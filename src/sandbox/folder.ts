import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../store/process-alive.ts';
import { storageError } from '../store/storage-error.ts';
import { openUserNamespace } from './user-namespace.ts';

/** A folder of another machine that has not changed for a day is nobody's. */
const STALE_MS = 24 * 60 * 60 * 1000;

/**
 * A new folder below `parent`, called `<host>-<pid>-<random>` so that another process can tell whose it is.
 * @throws AppError STORAGE
 */
export function makeFolder(parent: string): string {
  const path = join(parent, `${host()}-${process.pid}-${randomBytes(8).toString('hex')}`);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageError(error, 'create', path);
  }
  return path;
}

/**
 * Removes folders with whatever is in them. Without root their files belong to ids that only a user namespace has.
 * @throws AppError STORAGE
 */
export async function removeFolders(folders: readonly string[], path: string): Promise<void> {
  if (folders.length === 0) return;
  if (process.geteuid?.() !== 0) {
    const namespace = await openUserNamespace(path);
    try {
      const { stdout, stderr, ended } = namespace.start(['rm', '-rf', '--', ...folders], { folder: '/' });
      stdout.resume();
      stderr.resume();
      await ended;
    } finally {
      await namespace.close();
    }
  }
  for (const folder of folders) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      throw storageError(error, 'remove', folder);
    }
  }
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
