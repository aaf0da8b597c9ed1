import type { Installation, InstalledPackage, Root } from '../install.ts';
import type { ApkLayout } from './apk-layout.ts';

/** apk's database of an installed root; no leading slash. */
export const DATABASE_FOLDER = 'lib/apk/db';
/** Where apk 2 puts a script to run it, in a folder that it makes with mode 0700 where there is none. */
export const SCRIPT_FOLDER = 'lib/apk/exec';
const EMPTY = new Uint8Array(0);

const DEVICES: readonly (readonly [name: string, mode: number, major: number, minor: number])[] = [
  ['null', 0o666, 1, 3],
  ['zero', 0o666, 1, 5],
  ['random', 0o666, 1, 8],
  ['urandom', 0o666, 1, 9],
  ['console', 0o600, 5, 1],
];

/** What `apk add --initdb` makes in an empty root (apk 2.14, seen on the tool; its umask does not count). */
export function makeRoot(root: Root, installation: Installation, layout: ApkLayout): void {
  const folder = (path: string, mode = 0o755): void => root.put(path, { type: 'directory', mode });
  if (!layout.makesRoot) {
    if (!installation.database) return;
    folder('var/cache/apk');
    // Of apk.log
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
  // Where /lib is a link, the database waits for it: apk itself would not get that far.
  if (!installation.packages.some(shipsLibLink)) folder(DATABASE_FOLDER);
}

function shipsLibLink({ facts }: InstalledPackage): boolean {
  return facts.files.some(({ path, type }) => path === 'lib' && type === 'symlink');
}
