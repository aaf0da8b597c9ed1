import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../model/app-error.ts';

/** Folders of the programs of every Linux, also for users whose PATH leaves sbin out */
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Programs that every sandbox needs, with the Debian package of each */
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
/** Further programs that are needed without root */
const NEEDED_BY_USERS: Readonly<Record<string, string>> = { newuidmap: 'uidmap', newgidmap: 'uidmap' };

/** Returns the folders in which programs are looked for, separated by colons. */
export function searchPath(env: NodeJS.ProcessEnv): string {
  const own = (env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return [...new Set([...own, ...SYSTEM_PATH])].join(':');
}

/** Returns the path of a program; undefined where it is not installed. */
export function findProgram(name: string, path: string): string | undefined {
  return path
    .split(':')
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/** @throws AppError UNSUPPORTED naming every program that is missing and its package */
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

/** Returns the error that no sandbox can be made here, and why. */
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
