import { createHash } from 'node:crypto';
import type { ArchiveFacts, FileEntry } from '../../model/archive.ts';
import type { DirectoryOwnership, InstalledPackage } from '../install.ts';
import { infoList } from '../shared/pkginfo.ts';
import type { ApkLayout } from './apk-layout.ts';
import { entryOf, infoDigits } from './describe.ts';
import { checksumsOf, linkedChecksums, NO_CHECKSUMS } from './file-checksums.ts';
import { relationsText } from './relation.ts';
import { compareDisplay } from './solver/names.ts';
import { isMetadata, isUnpacked } from './unpacked.ts';

/** What the installed database is written from. */
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
    const unpacked = isUnpacked(installed);
    const files = unpacked ? filesText(installed, database) : NO_FILES;
    text += headerText(installed, layout);
    notes += notesText(installed, { unpacked, layout }) + some('f', brokenText(files, layout));
    if (files.text !== '') {
      text += notes + files.text;
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
  return compareDisplay(a.facts.name, b.facts.name);
}

/** The letters of an index, as the index has them (seen on apk 2.14 and 3.0.6). */
function headerText(installed: InstalledPackage, layout: ApkLayout): string {
  const { facts } = installed;
  const entry = entryOf(installed);
  const maybe = (letter: 'o' | 'm' | 'c', value: string): string =>
    layout.emptyFields && entry.extra[letter] !== undefined ? always(letter, value) : some(letter, value);
  return [
    always('C', facts.identity),
    always('P', facts.name),
    always('V', facts.version),
    some('A', entry.architecture),
    always('S', entry.sizeBytes),
    always('I', entry.installedSizeBytes),
    always('T', entry.description),
    always('U', entry.url),
    always('L', entry.license),
    maybe('o', entry.origin),
    maybe('m', entry.maintainer),
    some('t', entry.buildTime),
    maybe('c', entry.commit),
    some('k', entry.providerPriority),
    some('D', relationsText(entry.depends, layout.generation)),
    some('p', relationsText(entry.provides, layout.generation)),
    some('i', relationsText(entry.installIf, layout.generation)),
    layout.tags ? some('g', infoList(facts.info, 'tags').join(' ')) : '',
  ].join('');
}

/** What no index says: `replaces` and the repository's tag. */
function notesText(
  { facts, index }: InstalledPackage,
  { unpacked, layout }: { unpacked: boolean; layout: ApkLayout },
): string {
  const { info } = facts;
  const tag = index?.tag ? `s:${index.tag}\n` : '';
  if (!unpacked) return tag;
  return `${some('r', relationsText(infoList(info, 'replaces'), layout.generation))}${some('q', infoDigits(info, 'replaces_priority'))}${tag}`;
}

const always = (letter: string, value: string | number): string => `${letter}:${value}\n`;
const some = (letter: string, value: string | number): string =>
  value === '' || value === 0 ? '' : always(letter, value);

interface FilesText {
  readonly text: string;
  /** A file has no checksum in the archive: apk 2.14 installs the package and notes it as broken. */
  readonly unchecked: boolean;
  /** Linux refuses an attribute of a file. */
  readonly brokenXattrs: boolean;
}

const NO_FILES: FilesText = { text: '', unchecked: false, brokenXattrs: false };

function brokenText({ unchecked, brokenXattrs }: FilesText, layout: ApkLayout): string {
  return (layout.needsChecksums && unchecked ? 'f' : '') + (brokenXattrs ? 'x' : '');
}

/** xattr(7): there are four namespaces, and of `system` files have the ACLs. */
const SETTABLE_XATTR = /^(?:user|trusted|security)\.|^system\.posix_acl_(?:access|default)$/;

function hasBrokenXattrs(entry: FileEntry): boolean {
  if (entry.type !== 'file') return false;
  for (const name in shippedXattrs(entry))
    if (!SETTABLE_XATTR.test(name) || !Object.hasOwn(entry.xattrs, name)) return true;
  return false;
}

const XATTR_PREFIX = 'SCHILY.xattr.';

/** Those that Linux refuses included, which are among the pax records alone */
function shippedXattrs({ xattrs, pax }: FileEntry): FileEntry['xattrs'] {
  if (!pax.some(([key]) => key.startsWith(XATTR_PREFIX))) return xattrs;
  const written = pax.filter(([key]) => key.startsWith(XATTR_PREFIX));
  return {
    ...Object.fromEntries(written.map(([key, value]) => [key.slice(XATTR_PREFIX.length), value])),
    ...xattrs,
  };
}

/** Directories in the order in which the archive first needs them, each with its files in archive order. */
function filesText(installed: InstalledPackage, { owned, owner, layout }: InstalledDatabase): FilesText {
  const entries = owned(installed);
  const folders = new Map<string, { head: string; files: string[] }>();
  const checksums = checksumsOf(entries);
  const folder = (path: string): { head: string; files: string[] } => {
    let known = folders.get(path);
    if (known === undefined) {
      known = { head: '', files: [] };
      folders.set(path, known);
    }
    return known;
  };
  const lost = lostRootFile(installed.facts, entries);
  const linked = entries.some(({ type }) => type === 'hardlink')
    ? linkedChecksums(installed.facts.files)
    : NO_CHECKSUMS;
  let unchecked = false;
  let brokenXattrs = false;
  let currentFolder: string | undefined;
  let files: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const { path, type } = entry;
    if (index === lost) folder('');
    if (type === 'directory') {
      folder(path).head = aclText('M', entry, owner(entry));
      continue;
    }
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(slash, 0));
    if (parent !== currentFolder) {
      currentFolder = parent;
      files = folder(parent).files;
    }
    const isBroken = hasBrokenXattrs(entry);
    brokenXattrs ||= isBroken;
    const written = (type === 'hardlink' ? linked.get(entry.linkTarget) : checksums[index]) ?? '';
    // apk 2 stops there with a file that has an attribute it cannot set.
    const checksum = isBroken && layout.needsChecksums ? '' : written;
    if (checksum === '' && type === 'file' && !isBroken) unchecked = true;
    const line = `R:${path.slice(slash + 1)}\n${aclText('a', entry, owner(entry))}`;
    files.push(checksum === '' ? line : `${line}Z:Q1${checksum}\n`);
  }
  if (lost === entries.length) folder('');
  let text = '';
  for (const [path, known] of folders) {
    if (layout.sortedFiles) known.files.sort();
    text += `F:${path}\n${known.head}${known.files.join('')}`;
  }
  return { text, unchecked, brokenXattrs };
}

/**
 * The root is listed for a file that another package's took the place of too; it alone has no entry of its own. Where in
 * `entries` the first such file would stand; -1: there is none, or one before it is listed anyway.
 */
function lostRootFile({ files }: ArchiveFacts, entries: readonly FileEntry[]): number {
  let index = 0;
  for (const entry of files) {
    if (entry === entries[index]) index += 1;
    if (entry.type === 'directory' || entry.path.includes('/') || isMetadata(entry)) continue;
    return entry === entries[index - 1] ? -1 : index;
  }
  return -1;
}

/** `M:` of a directory or `a:` of a file; empty where it is what apk takes for granted. */
function aclText(
  letter: 'M' | 'a',
  entry: FileEntry,
  { uid, gid }: Pick<DirectoryOwnership, 'uid' | 'gid'>,
): string {
  const { mode } = entry;
  const xattrs = shippedXattrs(entry);
  const digest = hasAny(xattrs) ? xattrDigest(xattrs) : '';
  if (mode === (letter === 'M' ? 0o755 : 0o644) && uid === 0 && gid === 0 && digest === '') return '';
  return `${letter}:${uid}:${gid}:${mode.toString(8)}${digest}\n`;
}

/** SHA-1 of the attributes in order of their names, each name and value with its length (32 bits, big-endian) before it. */
function xattrDigest(xattrs: FileEntry['xattrs']): string {
  const hash = createHash('sha1');
  for (const name of Object.keys(xattrs).sort()) {
    for (const bytes of [Buffer.from(name), Buffer.from(xattrs[name] as string, 'base64')]) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      hash.update(length).update(bytes);
    }
  }
  return `:Q1${hash.digest('base64')}`;
}

function hasAny(xattrs: FileEntry['xattrs']): boolean {
  for (const _ in xattrs) return true;
  return false;
}
