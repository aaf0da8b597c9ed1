import { createHash } from 'node:crypto';
import type { ArchiveFacts, FileEntry } from '../../model/archive.ts';
import type { DirectoryOwnership, InstalledPackage } from '../install.ts';
import { infoList, infoNumber, infoValue } from '../shared/pkginfo.ts';
import type { ApkLayout } from './apk-layout.ts';
import { relationsText } from './relation.ts';
import { folderOf, isUnpacked } from './unpacked.ts';

export interface InstalledDatabase {
  /** Sorted by displayName */
  readonly packages: readonly InstalledPackage[];
  readonly layout: ApkLayout;
  /** A package's entries in archive order, without those that another package's file took the place of */
  owned(installed: InstalledPackage): readonly FileEntry[];
  /** As apk resolved them when it unpacked the entry */
  owner(entry: FileEntry): Pick<DirectoryOwnership, 'uid' | 'gid'>;
}

/**
 * `lib/apk/db/installed`: per package the index's letters, then `F:` directories and `R:` files with what differs from
 * 0755 or 0644 root, and checksums (apk-tools `database.c` apk_db_fdb_write; checked against 2.14). Lone surrogates
 * stand for bytes, as in paths.
 */
export function installedText(database: InstalledDatabase): string {
  const { packages, layout } = database;
  let text = '';
  let notes = '';
  for (const installed of packages) {
    text += headerText(installed, layout);
    notes += notesText(installed, layout);
    const files = isUnpacked(installed.facts) ? filesText(installed, database) : '';
    if (files !== '') {
      text += notes + files;
      notes = '';
    } else if (!layout.carriesNotes) {
      notes = '';
    }
    text += '\n';
  }
  return text;
}

/** apk lists by name, letter case aside. */
export function byDisplayName(a: InstalledPackage, b: InstalledPackage): number {
  return compareNames(a.facts.name, b.facts.name);
}

/** strcasecmp, then strcmp. */
export function compareNames(a: string, b: string): number {
  const [one, other] = [lowerAscii(a), lowerAscii(b)];
  if (one !== other) return one < other ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The letters of an index. */
function headerText({ facts, index }: InstalledPackage, layout: ApkLayout): string {
  const { info } = facts;
  return [
    always('C', facts.identity),
    always('P', facts.name),
    always('V', facts.version),
    some('A', index?.architecture ?? facts.architecture),
    always('S', facts.sizeBytes),
    always('I', infoNumber(info, 'size')),
    always('T', infoValue(info, 'pkgdesc')),
    always('U', infoValue(info, 'url')),
    always('L', infoValue(info, 'license')),
    some('o', infoValue(info, 'origin')),
    some('m', infoValue(info, 'maintainer')),
    some('t', infoNumber(info, 'builddate')),
    some('c', infoValue(info, 'commit')),
    some('k', infoNumber(info, 'provider_priority')),
    some('D', relationsText(infoList(info, 'depend'))),
    some('p', relationsText(infoList(info, 'provides'))),
    some('i', relationsText(infoList(info, 'install_if'))),
    layout.tags ? some('g', infoList(info, 'tags').join(' ')) : '',
  ].join('');
}

/** What no index says: `replaces`, the repository's tag, what is broken. */
function notesText({ facts, index }: InstalledPackage, layout: ApkLayout): string {
  const { info } = facts;
  const tag = index?.tag ? `s:${index.tag}\n` : '';
  if (!isUnpacked(facts)) return tag;
  return [
    some('r', relationsText(infoList(info, 'replaces'))),
    some('q', infoNumber(info, 'replaces_priority')),
    tag,
    layout.needsChecksums && !hasChecksums(facts) ? 'f:f\n' : '',
  ].join('');
}

const always = (letter: string, value: string | number): string => `${letter}:${value}\n`;
const some = (letter: string, value: string | number): string =>
  value === '' || value === 0 ? '' : always(letter, value);

/** apk 2.14 installs a package without, and notes it as broken. */
function hasChecksums({ files }: ArchiveFacts): boolean {
  return files.every(
    ({ type, path, pax }) => type !== 'file' || path.startsWith('.') || pax.some(([key]) => key === CHECKSUM),
  );
}

function filesText(installed: InstalledPackage, { owned, owner, layout }: InstalledDatabase): string {
  const folders = new Map<string, { head: string; files: string[] }>();
  const folder = (path: string): { head: string; files: string[] } => {
    let known = folders.get(path);
    if (known === undefined) {
      known = { head: '', files: [] };
      folders.set(path, known);
    }
    return known;
  };
  for (const entry of owned(installed)) {
    if (entry.type === 'directory') {
      folder(entry.path).head = aclText('M', entry, owner(entry));
    } else {
      const at = folderOf(entry.path);
      folder(at).files.push(fileText(installed.facts, entry, owner(entry)));
    }
  }
  let text = '';
  for (const [path, { head, files }] of folders) {
    if (layout.sortedFiles) files.sort();
    text += `F:${path}\n${head}${files.join('')}`;
  }
  return text;
}

function fileText(
  facts: ArchiveFacts,
  entry: FileEntry,
  owner: Pick<DirectoryOwnership, 'uid' | 'gid'>,
): string {
  const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
  const checksum = checksumOf(entry) || (entry.type === 'hardlink' ? targetChecksum(facts, entry) : '');
  return `R:${name}\n${aclText('a', entry, owner)}${checksum === '' ? '' : `Z:${checksum}\n`}`;
}

function targetChecksum({ files }: ArchiveFacts, { linkTarget }: FileEntry): string {
  const target = files.find(({ path }) => path === linkTarget);
  if (target === undefined) return '';
  return checksumOf(target);
}

const CHECKSUM = 'APK-TOOLS.checksum.SHA1';

/** `Q1` and the base64 of what abuild wrote as hex. */
function checksumOf({ pax }: FileEntry): string {
  for (const [key, value] of pax)
    if (key === CHECKSUM)
      return `Q1${Buffer.from(Buffer.from(value, 'base64').toString('latin1'), 'hex').toString('base64')}`;
  return '';
}

/** `M:` of a directory or `a:` of a file; empty where it is what apk takes for granted. */
function aclText(
  letter: 'M' | 'a',
  { mode, xattrs }: FileEntry,
  { uid, gid }: Pick<DirectoryOwnership, 'uid' | 'gid'>,
): string {
  const digest = xattrDigest(xattrs);
  if (mode === (letter === 'M' ? 0o755 : 0o644) && uid === 0 && gid === 0 && digest === '') return '';
  return `${letter}:${uid}:${gid}:${mode.toString(8)}${digest}\n`;
}

/** SHA-1 of the attributes in order of their names, each name and value with its length (32 bits, big-endian) before it. */
function xattrDigest(xattrs: FileEntry['xattrs']): string {
  const names = Object.keys(xattrs);
  if (names.length === 0) return '';
  const hash = createHash('sha1');
  for (const name of names.sort()) {
    for (const bytes of [Buffer.from(name), Buffer.from(xattrs[name] as string, 'base64')]) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      hash.update(length).update(bytes);
    }
  }
  return `:Q1${hash.digest('base64')}`;
}
