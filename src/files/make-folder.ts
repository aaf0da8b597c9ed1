import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing. Node.js' own recursive mkdir never ends where a folder that is there says
 * ENOENT of what is to be made in it, as /proc does.
 * `mode` is for those that it makes, less the umask.
 * @throws whatever the system says
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

/** False also behind what is not a folder: making it says so. */
function pathExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
