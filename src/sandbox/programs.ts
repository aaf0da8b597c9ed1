import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../model/app-error.ts';

/** Folders with the programs of every Linux system, for users whose PATH lacks sbin. */
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Programs that every sandbox needs, with the Debian package of each. */
const NEEDED: Readonly<Record<string, string>> = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  prlimit: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
  hostname: 'hostname',
  chroot: 'coreutils',
  du: 'coreutils',
  tar: 'tar',
  sh: 'dash',
};
/** Further programs that are needed without root privileges. */
const NEEDED_BY_USERS: Readonly<Record<string, string>> = { newuidmap: 'uidmap', newgidmap: 'uidmap' };

/** Returns the folders to find programs in, separated by colons. */
export function searchPath(env: NodeJS.ProcessEnv): string {
  const own = (env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return [...new Set([...own, ...SYSTEM_PATH])].join(':');
}

/** Returns the path of a program; undefined if it is not installed. */
export function findProgram(name: string, path: string): string | undefined {
  return path
    .split(':')
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/**
 * Checks that the programs of every sandbox are installed.
 * @throws AppError UNSUPPORTED listing the missing ones and their packages
 */
export function requirePrograms(path: string, isRoot: boolean): void {
  const needed = { ...NEEDED, ...(isRoot ? {} : NEEDED_BY_USERS) };
  const missing = Object.keys(needed).filter((name) => findProgram(name, path) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => needed[name]))].join(' ');
  throw noSandbox(
    `${missing.join(', ')} not found`,
    `Install them (on Debian: apt-get install ${packages}), or use --install static, which runs no scripts.`,
    { missing },
  );
}

/** Makes the AppError UNSUPPORTED for a machine on which no sandbox can be made, and why. */
export function noSandbox(
  why: string,
  hint: string,
  details: Readonly<Record<string, unknown>> = {},
): AppError {
  return new AppError('UNSUPPORTED', `--install run needs a sandbox for the packages' scripts: ${why}`, {
    hint,
    details,
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
