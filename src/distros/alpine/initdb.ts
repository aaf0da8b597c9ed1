import type { Installation, InstalledPackage, Root } from '../install.ts';
import type { ApkLayout } from './apk-layout.ts';

/** Folder of apk's database in an installed root; no leading slash. */
export const DATABASE_FOLDER = 'lib/apk/db';
/** Folder in which apk 2 puts a script to run it; apk makes it with mode 0700 if it does not exist. No leading slash. */
export const SCRIPT_FOLDER = 'lib/apk/exec';
const EMPTY = new Uint8Array(0);

const DEVICES: readonly (readonly [name: string, mode: number, major: number, minor: number])[] = [
  ['null', 0o666, 1, 3],
  ['zero', 0o666, 1, 5],
  ['random', 0o666, 1, 8],
  ['urandom', 0o666, 1, 9],
  ['console', 0o600, 5, 1],
];

/** Makes what `apk add --initdb` makes in an empty root (observed with apk 2.14, whose umask has no effect). */
export function makeRoot(root: Root, installation: Installation, layout: ApkLayout): void {
  const folder = (path: string, mode = 0o755): void => root.put(path, { type: 'directory', mode });
  if (!layout.makesRoot) {
    if (!installation.database) return;
    folder('var/cache/apk');
    // For apk.log
    folder('var/log');
    return;
  }
  folder('tmp', 0o1777);
  folder('dev');
  for (const [name, mode, deviceMajor, deviceMinor] of DEVICES)
    root.put(`dev/${name}`, { type: 'character', mode, deviceMajor, deviceMinor });
  folder('proc', 0o555);
  if (!installation.database) return;
  folder('etc/apk');
  folder('var/cache/apk');
  folder('var/cache/misc');
  for (const name of ['world', 'arch'])
    root.put(`etc/apk/${name}`, { type: 'file', mode: 0o644, content: EMPTY });
  // If a package makes /lib a link, the database has to wait for it; apk itself would fail earlier.
  if (!installation.packages.some(shipsLibLink)) folder(DATABASE_FOLDER);
}

function shipsLibLink({ facts }: InstalledPackage): boolean {
  const { files } = facts;
  for (let index = 0; index < files.length; index += 1)
    if (files.head(index).type === 'symlink' && files.path(index) === 'lib') return true;
  return false;
}
