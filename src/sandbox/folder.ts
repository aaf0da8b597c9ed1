import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { storageError } from '../files/errno.ts';
import { makeFolder } from '../files/make-folder.ts';
import { type HeldLock, holdFileLock, removeUnheldLock } from '../lock/file-lock.ts';
import { AppError } from '../model/app-error.ts';
import { openUserNamespace } from './user-namespace.ts';

/** A folder that one process uses. */
export interface OwnedFolder {
  readonly path: string;
  /** Held by this process until it releases the folder. */
  readonly lock: HeldLock;
}

/**
 * Makes a new folder below `parent`. Its name, which scripts can read in /proc/self/mountinfo, reveals nothing about machine or
 * process; a lock beside it shows other processes that it is in use.
 * @throws AppError STORAGE
 */
export async function makeOwnFolder(parent: string, signal: AbortSignal): Promise<OwnedFolder> {
  const path = join(parent, randomBytes(16).toString('hex'));
  let lock: HeldLock | undefined;
  try {
    makeFolder(parent);
    lock = await holdFileLock(lockOf(path), { signal });
    mkdirSync(path, { mode: 0o700 });
    return { path, lock };
  } catch (error) {
    lock?.release();
    throw storageError(error, 'create', path);
  }
}

/**
 * Removes folders with all their contents, however deep. Without root privileges, their files belong to ids that only a user
 * namespace has.
 * @param path where programs are found
 * @throws AppError STORAGE if something remains
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

/** Removes folders that killed processes have left behind. @throws AppError STORAGE */
export async function removeAbandoned(parent: string, path: string): Promise<void> {
  const folders = readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(parent, name));
  await removeFolders(
    folders.filter((folder) => removeUnheldLock(lockOf(folder))),
    path,
  );
}

function lockOf(folder: string): string {
  return `${folder}.lock`;
}
