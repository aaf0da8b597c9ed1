import { normalisePath } from '../../archive/tar-paths.ts';
import { isAppError } from '../../model/app-error.ts';
import type { ArchiveFacts, ArchiveSegment, LinkerFacts, SharedLibrary } from '../../model/archive.ts';
import { FileEntries } from '../../model/file-entries.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import type { Reader } from '../../model/json-readers.ts';
import { distro, MAX_LIST, texts, version, word } from './record-fields.ts';
import {
  base64,
  count,
  diffId,
  digest,
  integer,
  list,
  malformed,
  mapOf,
  matching,
  oneOf,
  type Readers,
  record,
  row,
  text,
  toRow,
} from './strict-json.ts';

const device = integer({ from: 0, to: 2 ** 32 });
const finiteNumber: Reader<number> = (value, where) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw malformed(where, 'a number', value);
};
const hex = (digits: number) => matching(new RegExp(`^[0-9a-f]{${digits}}$`), `${digits} hex digits`);
/** The largest packages have about 100,000 files. */
const MAX_FILES = 5_000_000;

const path: Reader<string> = (value, where) => {
  const got = text(value, where);
  if (normalised(got, where) === got) return got;
  throw malformed(where, 'a relative path without "." and ".." parts', got);
};

function normalised(got: string, where: string): string | undefined {
  try {
    return normalisePath(got, 'path', where);
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

const FILE: Readers<FileEntry> = {
  path,
  type: oneOf('file', 'directory', 'symlink', 'hardlink', 'character', 'block', 'fifo'),
  mode: integer({ from: 0, to: 0o7777 }),
  uid: count,
  gid: count,
  uname: text,
  gname: text,
  sizeBytes: count,
  mtime: finiteNumber,
  linkTarget: text,
  sha256: matching(/^(?:[0-9a-f]{64})?$/, '64 hex digits or an empty string'),
  offset: count,
  deviceMajor: device,
  deviceMinor: device,
  xattrs: mapOf(base64, MAX_LIST),
  pax: list((value, where) => {
    if (!Array.isArray(value) || value.length !== 2) throw malformed(where, 'a key and a value', value);
    return [text(value[0], where), base64(value[1], where)] as const;
  }, MAX_LIST),
};

const readFileRow = row(FILE);

const file: Reader<FileEntry> = (value, where) => {
  const entry = readFileRow(value, where);
  if (entry.type === 'hardlink') path(entry.linkTarget, `${where}.linkTarget`);
  if (entry.linkTarget.includes('\0'))
    throw malformed(`${where}.linkTarget`, 'text without NUL', entry.linkTarget);
  if ((entry.type === 'file') !== (entry.sha256 !== '')) {
    throw malformed(`${where}.sha256`, 'a hash of files, and none of other entries', entry.sha256);
  }
  return entry;
};

const SEGMENT: Readers<ArchiveSegment> = {
  offset: count,
  sizeBytes: count,
  uncompressedOffset: count,
  uncompressedSizeBytes: count,
};

const LIBRARY: Readers<SharedLibrary> = {
  bits: (value, where) => {
    if (value === 32 || value === 64) return value;
    throw malformed(where, '32 or 64', value);
  },
  machine: count,
  soname: (value, where) => (value === null ? null : text(value, where)),
  libc6: boolean,
  osVersion: count,
  isaLevel: count,
};

function boolean(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  throw malformed(where, 'true or false', value);
}

const library = record(LIBRARY);

const LINKER: Readers<LinkerFacts> = {
  libraries: mapOf((value, where) => (value === null ? null : library(value, where)), MAX_LIST),
  generators: mapOf(text, MAX_LIST),
};

/** Facts in their published form: `layerProblem` is called `unstackable`, and empty if there is none. */
type PublishedFacts = Omit<ArchiveFacts, 'layerProblem'> & { readonly unstackable: string };

const ARCHIVE: Readers<PublishedFacts> = {
  distro,
  digest,
  sizeBytes: count,
  diffId,
  uncompressedSizeBytes: count,
  compression: oneOf('gzip', 'zstd', 'xz', 'bzip2', 'none'),
  segments: list(record(SEGMENT), MAX_LIST),
  unstackable: text,
  identity: text,
  name: word,
  version,
  architecture: word,
  info: mapOf(texts, MAX_LIST),
  scripts: list(record({ name: word, content: base64 }), MAX_LIST),
  rootMembers: (value, where) => {
    const members = mapOf(base64, MAX_LIST)(value, where);
    for (const name of Object.keys(members)) {
      if (normalised(name, where) === undefined) throw malformed(where, 'relative paths', name);
    }
    return members;
  },
  files: (value, where) => FileEntries.of(list(file, MAX_FILES)(value, where)),
  backupMd5: mapOf(hex(32), MAX_LIST),
  linker: record(LINKER),
  signedBy: text,
};

/** An archive's facts, and the fingerprint of the trust under which they were accepted. */
export interface ArchiveRecord {
  readonly trust: string;
  readonly facts: ArchiveFacts;
}

const publishedArchive = record<{ trust: string; facts: PublishedFacts }>({
  trust: text,
  facts: record(ARCHIVE, ['linker']),
});

/** Reads the record of an archive. @throws AppError BAD_INDEX for anything but what `archiveLine` writes */
export const archiveRecord: Reader<ArchiveRecord> = (value, where) => {
  const { trust, facts } = publishedArchive(value, where);
  const { unstackable, ...rest } = facts;
  return { trust, facts: { ...rest, layerProblem: unstackable === '' ? undefined : unstackable } };
};

/** Returns the JSON line of an archive's record. */
export function archiveLine({ facts, trust }: ArchiveRecord): string {
  const files = facts.files.map((entry) => toRow(FILE, entry));
  const members = Object.entries({ ...facts, files }).map(([name, value]) =>
    name === 'layerProblem' ? ['unstackable', value ?? ''] : [name, value],
  );
  return JSON.stringify({ trust, facts: Object.fromEntries(members) });
}
