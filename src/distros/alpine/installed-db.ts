import { createHash } from 'node:crypto';
import type { ArchiveFacts } from '../../model/archive.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import type { DirectoryOwnership, InstalledPackage } from '../install.ts';
import { infoList } from '../shared/pkginfo.ts';
import type { ApkLayout } from './apk-layout.ts';
import { entryOf, infoDigits } from './describe.ts';
import { checksumsOf, linkedChecksums, NO_CHECKSUMS } from './file-checksums.ts';
import { relationsText } from './relation.ts';
import { compareDisplay } from './solver/names.ts';
import { isMetadata, isUnpacked } from './unpacked.ts';

/** Input for the installed database. */
export interface InstalledDatabase {
  /** Sorted by displayName */
  readonly packages: readonly InstalledPackage[];
  readonly layout: ApkLayout;
  /** Returns a package's entries in archive order, without those that another package's file has replaced. */
  owned(installed: InstalledPackage): readonly FileEntry[];
  /** Returns the numeric owner that apk resolved when it unpacked the entry. */
  owner(entry: FileEntry): Pick<DirectoryOwnership, 'uid' | 'gid'>;
}

/**
 * Returns the text of `lib/apk/db/installed`: for each package the letters of the index, then directories (`F:`) and files (`R:`)
 * with checksums and with owner and mode if they differ from root and 0755 or 0644 (apk-tools `database.c` apk_db_fdb_write;
 * checked against 2.14). Lone surrogates stand for bytes, as in paths (model/path-bytes.ts).
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
  readonly text: string;
  /** Whether a file has no checksum in the archive: apk 2.14 installs such a package and marks it as broken. */
  readonly unchecked: boolean;
  /** Whether Linux refuses an extended attribute of a file. */
  readonly brokenXattrs: boolean;
}

const NO_FILES: FilesText = { text: '', unchecked: false, brokenXattrs: false };

function brokenText({ unchecked, brokenXattrs }: FilesText, layout: ApkLayout): string {
  return (layout.needsChecksums && unchecked ? 'f' : '') + (brokenXattrs ? 'x' : '');
}

/** Names that can be set, by xattr(7): of the namespace `system` only ACLs. */
const SETTABLE_XATTR = /^(?:user|trusted|security)\.|^system\.posix_acl_(?:access|default)$/;

function hasBrokenXattrs(entry: FileEntry): boolean {
  if (entry.type !== 'file') return false;
  for (const name in shippedXattrs(entry))
    if (!SETTABLE_XATTR.test(name) || !Object.hasOwn(entry.xattrs, name)) return true;
  return false;
}

const XATTR_PREFIX = 'SCHILY.xattr.';

/** Returns all attributes of an entry, including those that Linux refuses, which only the pax records have. */
function shippedXattrs({ xattrs, pax }: FileEntry): FileEntry['xattrs'] {
  if (!pax.some(([key]) => key.startsWith(XATTR_PREFIX))) return xattrs;
  const written = pax.filter(([key]) => key.startsWith(XATTR_PREFIX));
  return {
    ...Object.fromEntries(written.map(([key, value]) => [key.slice(XATTR_PREFIX.length), value])),
    ...xattrs,
  };
}

/** Lines of directories in the order in which the archive first needs them, each with its files in archive order. */
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
    ? linkedChecksums([...installed.facts.files])
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
    // apk 2 writes no checksum for a file with an attribute that it cannot set.
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
 * Finds the place in `entries` of the first file of the root folder that another package's file has replaced: the root, which has
 * no entry of its own, is listed for such a file too. -1: there is none, or an earlier file lists the root anyway.
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

/** Returns the line `M:` of a directory or `a:` of a file; empty if owner and mode are apk's defaults. */
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
