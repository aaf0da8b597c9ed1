import { createHash } from 'node:crypto';
import type { FileEntries } from '../../model/file-entries.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import { append } from '../../model/lists.ts';
import { copied, decodePath, encodePath } from '../../model/path-bytes.ts';
import type { DirectoryOwnership, InstalledPackage } from '../install.ts';
import { infoList } from '../shared/pkginfo.ts';
import type { ApkLayout } from './apk-layout.ts';
import { entryOf, infoDigits } from './describe.ts';
import { checksumsOf, linkedChecksums, NO_CHECKSUMS } from './file-checksums.ts';
import { relationsText } from './relation.ts';
import { compareDisplay } from './solver/names.ts';
import { isMetadata, isUnpacked } from './unpacked.ts';

type Owner = Pick<DirectoryOwnership, 'uid' | 'gid'>;

/** Input for the installed database. */
export interface InstalledDatabase {
  /** Sorted by displayName */
  readonly packages: readonly InstalledPackage[];
  readonly layout: ApkLayout;
  /** Returns the indexes of a package's entries in archive order, without those that another package's file has replaced. */
  owned(installed: InstalledPackage): readonly number[];
  /** Returns the numeric owner that apk resolved when it unpacked an entry. */
  owner(files: FileEntries, index: number): Owner;
}

/**
 * Returns the content of `lib/apk/db/installed`: for each package the letters of the index, then directories (`F:`) and files (`R:`)
 * with checksums and with owner and mode if they differ from root and 0755 or 0644 (apk-tools `database.c` apk_db_fdb_write;
 * checked against 2.14).
 */
export function installedContent(database: InstalledDatabase): Buffer {
  const { packages, layout } = database;
  const pieces: Buffer[] = [];
  let notes = '';
  for (const installed of packages) {
    const unpacked = isUnpacked(installed);
    const files = unpacked ? filesText(installed, database) : NO_FILES;
    notes += notesText(installed, { unpacked, layout }) + some('f', brokenText(files, layout));
    const carried = files.pieces.length > 0 ? notes : '';
    pieces.push(encodePath(headerText(installed, layout) + carried));
    append(pieces, files.pieces);
    pieces.push(Buffer.from('\n'));
    if (files.pieces.length > 0 || !layout.carriesNotes) notes = '';
  }
  return Buffer.concat(pieces);
}

/** Compares two packages by name, ignoring case, which is apk's order of the database. */
export function byDisplayName(a: InstalledPackage, b: InstalledPackage): number {
  return compareDisplay(a.facts.name, b.facts.name);
}

/** Lines with the letters of an index, in the form that the index has (observed with apk 2.14 and 3.0.6). */
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

/** Lines that no index has: `replaces`, its priority, and the repository's tag. */
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
  readonly pieces: readonly Buffer[];
  /** Whether a file has no checksum in the archive: apk 2.14 installs such a package and marks it as broken. */
  readonly unchecked: boolean;
  /** Whether Linux refuses an extended attribute of a file. */
  readonly brokenXattrs: boolean;
}

const NO_FILES: FilesText = { pieces: [], unchecked: false, brokenXattrs: false };

function brokenText({ unchecked, brokenXattrs }: FilesText, layout: ApkLayout): string {
  return (layout.needsChecksums && unchecked ? 'f' : '') + (brokenXattrs ? 'x' : '');
}

/** Names that can be set, by xattr(7): of the namespace `system` only ACLs. */
const SETTABLE_XATTR = /^(?:user|trusted|security)\.|^system\.posix_acl_(?:access|default)$/;

const XATTR_PREFIX = 'SCHILY.xattr.';

/** Returns all attributes of an entry, including those that Linux refuses, which only the pax records have; mostly none. */
function shippedXattrs(files: FileEntries, index: number): FileEntry['xattrs'] {
  const { xattrs, keys } = files.head(index);
  if (!keys.some((key) => key.startsWith(XATTR_PREFIX))) return xattrs;
  const written = files.at(index).pax.filter(([key]) => key.startsWith(XATTR_PREFIX));
  return {
    ...Object.fromEntries(written.map(([key, value]) => [key.slice(XATTR_PREFIX.length), value])),
    ...xattrs,
  };
}

function isBroken(files: FileEntries, index: number): boolean {
  const { type, xattrs } = files.head(index);
  if (type !== 'file') return false;
  for (const name in shippedXattrs(files, index))
    if (!SETTABLE_XATTR.test(name) || !Object.hasOwn(xattrs, name)) return true;
  return false;
}

/** Lines of directories in the order in which the archive first needs them, each with its files in archive order. */
function filesText(installed: InstalledPackage, { owned, owner, layout }: InstalledDatabase): FilesText {
  const { files } = installed.facts;
  const indexes = owned(installed);
  const folders = new Map<string, FolderText>();
  const folder = (path: string): FolderText => {
    let known = folders.get(path);
    if (known === undefined) {
      known = { path: copied(path), head: '', lines: [], pieces: [] };
      folders.set(known.path, known);
    }
    return known;
  };
  const acl = (letter: 'M' | 'a', index: number) =>
    aclText(letter, files.head(index).mode, owner(files, index), shippedXattrs(files, index));
  const lost = lostRootFile(files, indexes);
  const checksums = checksumsOf(files, indexes);
  const linked = indexes.some((index) => files.head(index).type === 'hardlink')
    ? linkedChecksums(files)
    : NO_CHECKSUMS;
  let unchecked = false;
  let brokenXattrs = false;
  let current: FolderText | undefined;
  for (const [place, index] of indexes.entries()) {
    const path = files.path(index);
    const { type } = files.head(index);
    const own = checksums.next().value ?? '';
    if (place === lost) folder('');
    if (type === 'directory') {
      folder(path).head = acl('M', index);
      continue;
    }
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(slash, 0));
    if (parent !== current?.path || current.lines.length === MAX_LINES) {
      if (current !== undefined) encodeLines(current, layout);
      current = folder(parent);
    }
    const broken = isBroken(files, index);
    brokenXattrs ||= broken;
    const written = type === 'hardlink' ? (linked.get(files.at(index).linkTarget) ?? '') : own;
    // apk 2 writes no checksum for a file with an attribute that it cannot set.
    const checksum = broken && layout.needsChecksums ? '' : written;
    if (checksum === '' && type === 'file' && !broken) unchecked = true;
    const line = `R:${path.slice(slash + 1)}\n${acl('a', index)}`;
    current.lines.push(checksum === '' ? line : `${line}Z:Q1${checksum}\n`);
  }
  if (lost === indexes.length) folder('');
  const pieces: Buffer[] = [];
  for (const known of folders.values()) {
    encodeLines(known, layout);
    if (layout.sortedFiles && known.pieces.length > 1) sortLines(known);
    pieces.push(encodePath(`F:${known.path}\n${known.head}`));
    append(pieces, known.pieces);
  }
  return { pieces, unchecked, brokenXattrs };
}

/** Lines of a directory and its files. */
interface FolderText {
  readonly path: string;
  head: string;
  /** Lines of files that are not in `pieces` yet */
  lines: string[];
  pieces: Buffer[];
}

/** Files of a directory whose lines are held as texts */
const MAX_LINES = 4096;

/** Turns lines into bytes, which take less memory than many texts. */
function encodeLines(folder: FolderText, { sortedFiles }: ApkLayout): void {
  if (sortedFiles) folder.lines.sort();
  if (folder.lines.length > 0) folder.pieces.push(encodePath(folder.lines.join('')));
  folder.lines = [];
}

/** Sorts the lines of a directory whose files do not follow each other in the archive; no name has a line feed. */
function sortLines(folder: FolderText): void {
  const lines = decodePath(Buffer.concat(folder.pieces)).split(/(?<=\n)(?=R:)/);
  folder.pieces = [encodePath(lines.sort().join(''))];
}

/**
 * Finds the place in `indexes` of the first file of the root folder that another package's file has replaced: the root, which has
 * no entry of its own, is listed for such a file too. -1: there is none, or an earlier file lists the root anyway.
 */
function lostRootFile(files: FileEntries, indexes: readonly number[]): number {
  let place = 0;
  for (let index = 0; index < files.length; index += 1) {
    if (index === indexes[place]) place += 1;
    const { type } = files.head(index);
    const path = files.path(index);
    if (type === 'directory' || path.includes('/') || isMetadata({ path, type })) continue;
    return index === indexes[place - 1] ? -1 : place;
  }
  return -1;
}

/** Returns the line `M:` of a directory or `a:` of a file; empty if owner and mode are apk's defaults. */
function aclText(letter: 'M' | 'a', mode: number, { uid, gid }: Owner, xattrs: FileEntry['xattrs']): string {
  const digest = hasAny(xattrs) ? xattrDigest(xattrs) : '';
  if (mode === (letter === 'M' ? 0o755 : 0o644) && uid === 0 && gid === 0 && digest === '') return '';
  return `${letter}:${uid}:${gid}:${mode.toString(8)}${digest}\n`;
}

/** Returns the SHA-1 of the attributes, sorted by name, each name and value preceded by its length (32 bits, big-endian). */
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
