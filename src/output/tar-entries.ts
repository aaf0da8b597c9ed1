import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { MAX_TARGET_BYTES } from '../archive/tar-header.ts';
import { normalisePath } from '../archive/tar-paths.ts';
import { MAX_ENTRIES } from '../archive/tar-reader.ts';
import { AppError } from '../model/app-error.ts';
import type { EntryType } from '../model/file-entry.ts';
import { decodePath, encodePath } from '../model/path-bytes.ts';

/** An entry of an archive, with what the unpacked file keeps of it. */
export interface UnpackedEntry {
  /** Path below the archive's root, without leading and trailing slashes */
  readonly path: string;
  readonly type: EntryType;
  /** 0o000–0o777, and set-uid, set-gid and sticky bits */
  readonly mode: number;
  /** Seconds since the epoch */
  readonly mtime: number;
  /** Text of a symlink; normalised path of a hard link's target; empty for everything else */
  readonly linkTarget: string;
}

/** Receives the entries of a tar in order. */
export interface EntryVisitor {
  /** Called for each entry, before its content. */
  entry(entry: UnpackedEntry): void;
  /** Called for each piece of a file's content. */
  content(chunk: Uint8Array): void;
  /** Called after the whole content of a file. */
  end(entry: UnpackedEntry): void;
}

const TYPES: Readonly<Record<Header['type'], EntryType>> = {
  file: 'file',
  'contiguous-file': 'file',
  link: 'hardlink',
  symlink: 'symlink',
  directory: 'directory',
  'character-device': 'character',
  'block-device': 'block',
  fifo: 'fifo',
};

/** Character that a UTF-8 decoder puts in place of bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd';

/**
 * Options of tar-stream: names have one character for each byte, since they need not be UTF-8; headers from before ustar are read
 * too. (Its types leave its options out.)
 */
const EXTRACT = { filenameEncoding: 'latin1', allowUnknownFormat: true } as Parameters<typeof extract>[0];

/**
 * Reads a tar with tar-stream and passes its entries to `visitor`, except for the archive's root (`./`). Every path is checked:
 * none is absolute or has `..`, NUL or a name too long for a file system.
 * @param where names the archive in messages
 * @throws AppError BAD_ARCHIVE, UNSUPPORTED (sparse files, names in pax records that are not UTF-8), LIMIT, and what `chunks` and
 * `visitor` throw
 */
export async function readEntries(
  chunks: AsyncIterable<Buffer>,
  visitor: EntryVisitor,
  where: string,
): Promise<void> {
  let chunksFault: unknown;
  let tarFault: unknown;
  async function* noted(): AsyncGenerator<Buffer> {
    try {
      yield* chunks;
    } catch (error) {
      chunksFault = error;
      throw error;
    }
  }
  const entries = extract(EXTRACT);
  entries.on('error', (error) => {
    tarFault = error;
  });
  const fed = pipeline(noted(), entries as unknown as NodeJS.WritableStream);
  // Whatever stops it is thrown below as well, or follows from that.
  fed.catch(() => {});
  try {
    let count = 0;
    for await (const content of entries) {
      count += 1;
      if (count > MAX_ENTRIES) {
        throw new AppError('LIMIT', `${where}: expected at most ${MAX_ENTRIES} entries, got more`);
      }
      const entry = entryOf(content.header, where);
      if (entry.path === '' && entry.type === 'directory') continue;
      visitor.entry(entry);
      if (entry.type !== 'file') continue;
      for await (const chunk of content) visitor.content(chunk as Buffer);
      visitor.end(entry);
    }
    await fed;
  } catch (error) {
    if (error !== tarFault || error === chunksFault) throw error;
    throw new AppError('BAD_ARCHIVE', `${where}: cannot read the tar: ${(error as Error).message}`, {
      cause: error,
      hint: 'Fetch the archive again: it is truncated or damaged, or not a tar.',
    });
  } finally {
    entries.destroy();
  }
}

function entryOf(header: Header, where: string): UnpackedEntry {
  const pax = (header.pax ?? {}) as Readonly<Record<string, string>>;
  const name = textOf(header.name, pax.path, where);
  const context = `${where}: ${JSON.stringify(name.slice(0, 200))}`;
  const type = TYPES[header.type];
  if (type === undefined || Object.keys(pax).some((key) => key.startsWith('GNU.sparse.'))) {
    throw unsupported(`${context} is of a type that cannot be read, such as a sparse file`);
  }
  const path = normalisePath(name, 'path', where);
  if (path === '' && type !== 'directory') {
    throw new AppError('BAD_ARCHIVE', `${context} is the archive's root as a ${type}`);
  }
  if (type !== 'file' && type !== 'directory' && header.size > 0) {
    throw new AppError('BAD_ARCHIVE', `${context} is a ${type} with ${header.size} bytes of content`);
  }
  const mtime = pax.mtime ? Number(pax.mtime) : header.mtime.getTime() / 1000;
  if (!Number.isFinite(mtime))
    throw new AppError('BAD_ARCHIVE', `${context} has a time that is not a number`);
  return { path, type, mode: header.mode & 0o7777, mtime, linkTarget: linkTarget(header, type, where) };
}

function linkTarget(header: Header, type: EntryType, where: string): string {
  if (type !== 'symlink' && type !== 'hardlink') return '';
  const { linkpath } = (header.pax ?? {}) as Readonly<Record<string, string>>;
  const target = textOf(header.linkname ?? '', linkpath, where);
  if (type === 'hardlink') return normalisePath(target, 'hard link target', where);
  if (target !== '' && !target.includes('\0') && encodePath(target).length <= MAX_TARGET_BYTES) return target;
  throw new AppError(
    'BAD_ARCHIVE',
    `${where}: symlink target ${JSON.stringify(target.slice(0, 200))} is not a file name`,
  );
}

/** @param raw a character for each byte, unless it comes from a pax record, which tar-stream takes for UTF-8 */
function textOf(raw: string, record: string | undefined, where: string): string {
  if (!record) return decodePath(Buffer.from(raw, 'latin1'));
  if (!record.includes(REPLACEMENT)) return record;
  throw unsupported(`${where}: ${JSON.stringify(record.slice(0, 200))} is not UTF-8`);
}

function unsupported(message: string): AppError {
  return new AppError('UNSUPPORTED', message, { hint: 'Use --no-unpack to save the archive as it is.' });
}
