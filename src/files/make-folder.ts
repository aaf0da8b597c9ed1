import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and its missing parents, with `mode` minus the umask. Unlike Node.js' recursive mkdir, it ends under a folder
 * that reports ENOENT for new entries, as /proc does.
 * @throws the system's error
 */
export function makeFolder(path: string, mode = 0o777): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !pathExists(folder) && dirname(folder) !== folder; ) {
    missing.push(folder);
    folder = dirname(folder);
  }
  if (missing.length === 0 && !isFolder(path)) mkdirSync(path, { mode });
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder, { mode });
    } catch (error) {
      // Another process may have made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isFolder(folder)) throw error;
    }
  }
}

/** Returns false also for a path below something that is not a folder: making it reports that. */
function pathExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
