import type { FileEntry } from '../../model/file-entry.ts';
import { encodePath } from '../../model/path-bytes.ts';
import type { Installation, InstalledPackage, Root } from '../install.ts';
import { packagePaths } from './paths.ts';
import { compareVersions } from './version.ts';

/** Folder of pacman's database of installed packages (pacman(8), DBPath); no leading slash. */
export const LOCAL_DATABASE = 'var/lib/pacman/local';
/** Folder of the databases that pacman downloads; no leading slash. */
export const SYNC_DATABASES = 'var/lib/pacman/sync';

/** Version of the layout below `local`, since pacman 4.2 */
const DATABASE_VERSION = '9\n';

/** First version of pacman that knows `xdata` */
const XDATA_SINCE = '6.1.0';

/** Root members that pacman keeps, with their names in the database */
const KEPT_MEMBERS = [
  ['.CHANGELOG', 'changelog'],
  ['.INSTALL', 'install'],
  ['.MTREE', 'mtree'],
] as const;

/**
 * Writes `var/lib/pacman/local` as libalpm does (be_local.c; observed with pacman 6.0.2): a folder per package with `desc`,
 * `files`, and the archive's `.MTREE`, `.INSTALL` and `.CHANGELOG`.
 */
export function writeLocalDatabase({ packages, time }: Installation, root: Root): void {
  root.put(`${LOCAL_DATABASE}/ALPM_DB_VERSION`, file(Buffer.from(DATABASE_VERSION)));
  const withXdata = knowsXdata(packages);
  for (const installed of packages) {
    const { facts } = installed;
    const folder = `${LOCAL_DATABASE}/${facts.name}-${facts.version}`;
    root.put(folder, { type: 'directory', mode: 0o755 });
    root.put(`${folder}/desc`, file(descOf(installed, { time, withXdata })));
    root.put(`${folder}/files`, file(filesOf(installed)));
    for (const [member, name] of KEPT_MEMBERS) {
      const content = memberOf(installed, member);
      if (content === undefined) continue;
      const { entry, bytes } = content;
      const { uid, gid, mtime } = entry;
      root.put(`${folder}/${name}`, { ...file(bytes), uid, gid, mtime });
    }
  }
}

function file(content: Uint8Array) {
  return { type: 'file', mode: 0o644, content } as const;
}

function memberOf(
  { facts }: InstalledPackage,
  path: string,
): { readonly entry: FileEntry; readonly bytes: Buffer } | undefined {
  const base64 =
    path === '.INSTALL'
      ? facts.scripts.find(({ name }) => name === 'INSTALL')?.content
      : facts.rootMembers[path];
  if (base64 === undefined) return undefined;
  const entry = facts.files.find((candidate) => candidate.path === path && candidate.type === 'file');
  return entry === undefined ? undefined : { entry, bytes: Buffer.from(base64, 'base64') };
}

/**
 * Returns whether the image's pacman knows `xdata`; without a pacman in the image, true, so that all that makepkg wrote is kept.
 */
function knowsXdata(packages: readonly InstalledPackage[]): boolean {
  const pacman = packages.find(({ facts }) => facts.name === 'pacman');
  return pacman === undefined || compareVersions(pacman.facts.version, XDATA_SINCE) >= 0;
}

/** Fields with one value in libalpm's order: [field, key of .PKGINFO]; below, those with a list. */
const SINGLE_FIELDS = [
  ['NAME', 'pkgname'],
  ['VERSION', 'pkgver'],
  ['BASE', 'pkgbase'],
  ['DESC', 'pkgdesc'],
  ['URL', 'url'],
  ['ARCH', 'arch'],
  ['BUILDDATE', 'builddate'],
  ['INSTALLDATE', 'installdate'],
  ['PACKAGER', 'packager'],
  ['SIZE', 'size'],
  ['REASON', 'reason'],
] as const;
const LIST_FIELDS = [
  ['GROUPS', 'group'],
  ['LICENSE', 'license'],
  ['VALIDATION', 'validation'],
  ['REPLACES', 'replaces'],
  ['DEPENDS', 'depend'],
  ['OPTDEPENDS', 'optdepend'],
  ['CONFLICTS', 'conflict'],
  ['PROVIDES', 'provides'],
  ['XDATA', 'xdata'],
] as const;

function descOf(
  installed: InstalledPackage,
  how: { readonly time: number; readonly withXdata: boolean },
): Buffer {
  const info = readInfo(Buffer.from(installed.facts.rootMembers['.PKGINFO'] ?? '', 'base64'));
  info.set('builddate', numberOf(info.get('builddate'), ''));
  info.set('size', numberOf(info.get('size'), '-1'));
  info.set('installdate', [String(how.time)]);
  info.set('reason', installed.reason === 'dependency' ? ['1'] : []);
  info.set('validation', [validationOf(installed)]);
  if (!how.withXdata) info.delete('xdata');
  let text = '';
  for (const [field, key] of SINGLE_FIELDS) {
    const value = info.get(key)?.at(-1);
    if (value !== undefined) text += `%${field}%\n${value}\n\n`;
  }
  for (const [field, key] of LIST_FIELDS) {
    const values = info.get(key) ?? [];
    if (values.length > 0) text += `%${field}%\n${values.join('\n')}\n\n`;
  }
  return Buffer.from(text, 'latin1');
}

/** Returns how pacman verified the package: by its signature, else by the checksum of an index, else not at all. */
function validationOf({ facts, listed = true }: InstalledPackage): string {
  if (facts.signedBy !== '') return 'pgp';
  return listed ? 'sha256' : 'none';
}

/**
 * Reads `.PKGINFO` byte for byte (latin1) as libalpm's be_package.c does: unlike ArchiveFacts.info, with trailing spaces and only
 * lines with exactly ` = `.
 */
function readInfo(bytes: Buffer): Map<string, string[]> {
  const info = new Map<string, string[]>();
  for (const line of bytes.toString('latin1').split('\n')) {
    const space = line.indexOf(' ');
    if (line.startsWith('#') || space < 0 || !line.startsWith(' = ', space)) continue;
    const key = line.slice(0, space);
    const values = info.get(key);
    if (values === undefined) info.set(key, [line.slice(space + 3)]);
    else values.push(line.slice(space + 3));
  }
  return info;
}

/** Returns a number's text, nothing if it is 0, or `otherwise` if it is not a number. */
function numberOf(values: readonly string[] | undefined, otherwise: string): string[] {
  const value = values?.at(-1);
  if (value === undefined) return [];
  const number = /^\d{1,18}$/.test(value) ? String(BigInt(value)) : otherwise;
  return number === '0' || number === '' ? [] : [number];
}

function filesOf({ facts }: InstalledPackage): Buffer {
  const paths = packagePaths(facts);
  const listed = paths.length === 0 ? '' : `%FILES%\n${paths.join('\n')}\n\n`;
  const backup = facts.info.backup ?? [];
  if (backup.length === 0) return encodePath(listed);
  const sums = new Map(Object.entries(facts.backupMd5));
  const lines = backup.map((path) => {
    const sum = sums.get(path) ?? '(null)';
    // libalpm writes the sum in the first line of a name.
    sums.delete(path);
    return `${path}\t${sum}\n`;
  });
  return encodePath(`${listed}%BACKUP%\n${lines.join('')}\n`);
}
