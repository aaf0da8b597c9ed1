import { createReadStream, type Dirent, readdirSync, statSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import type { TarEntry } from '../archive/tar-entry.ts';
import { TarScanner } from '../archive/tar-reader.ts';
import { reasonOf } from '../files/errno.ts';
import { AppError, isAppError } from '../model/app-error.ts';
import type { EntryType } from '../model/file-entry.ts';
import { MAX_READ_BYTES, readBytes } from './read-bytes.ts';

/** Read access to the files of an image layout, in a tar or a folder. Never writes. */
export interface LayoutReader {
  readonly kind: 'tar' | 'oci-dir';
  /** Returns the size of a file in bytes, by its path in the layout; undefined if it does not exist. */
  size(name: string): number | undefined;
  /** Streams a file from `offset`, by default its start, to its end. */
  stream(name: string, offset?: number): AsyncIterable<Buffer>;
  /** Lists the paths of everything but folders, sorted; links and pipes of a folder with a word that says so. */
  names(): readonly string[];
}

/**
 * Opens a single tar or a folder that holds an image layout.
 * @throws AppError NOT_FOUND, STORAGE, BAD_ARCHIVE (not a tar, truncated, hostile names)
 */
export async function readImageTar(path: string): Promise<LayoutReader> {
  const found = statOf(path);
  if (found === undefined) {
    throw new AppError('NOT_FOUND', `${path}: no such file or folder`, { details: { path } });
  }
  if (found.isDirectory()) return folderReader(path);
  if (found.isFile()) return tarReader(path, found.size);
  throw new AppError('BAD_ARCHIVE', `${path}: expected a file or a folder, got a pipe or device`, {
    hint: 'An image is not read from beginning to end: save it to a file first.',
    details: { path },
  });
}

/** Reads a file of the layout as a whole. @throws AppError LIMIT if it is larger than `maxBytes`, BAD_ARCHIVE if it is missing */
export async function readWhole(layout: LayoutReader, name: string, maxBytes: number): Promise<Buffer> {
  const sizeBytes = layout.size(name);
  if (sizeBytes === undefined)
    throw new AppError('BAD_ARCHIVE', `no ${name} in the image`, { details: { name } });
  if (sizeBytes > maxBytes) {
    throw new AppError('LIMIT', `${name}: expected at most ${maxBytes} bytes, got ${sizeBytes}`);
  }
  const parts: Buffer[] = [];
  for await (const part of layout.stream(name)) parts.push(part);
  return Buffer.concat(parts);
}

/** File that writers of a layout folder lock (oci-dir.ts) */
const LOCK_NAME = '.compose.lock';

function folderReader(path: string): LayoutReader {
  return {
    kind: 'oci-dir',
    size(name) {
      const found = statOf(join(path, name));
      return found?.isFile() === true ? found.size : undefined;
    },
    stream(name, start = 0) {
      const sizeBytes = statOf(join(path, name))?.size ?? MAX_READ_BYTES;
      return createReadStream(join(path, name), { start, highWaterMark: readBytes(sizeBytes) });
    },
    names() {
      return entriesOf(path)
        .filter((entry) => !entry.isDirectory() && entry.name !== LOCK_NAME)
        .map((entry) => {
          const name = relative(path, join(entry.parentPath, entry.name));
          return entry.isFile() ? name : `${name} (${entry.isSymbolicLink() ? 'a symlink' : 'not a file'})`;
        })
        .sort();
    },
  };
}

/** Before version 25, `docker save` writes a repeated layer as a symlink to the first one. */
const REPEATED_LAYER = /(?:^|\/)layer\.tar$/;

/**
 * Entries of an image's tar. If a name occurs twice, some clients take the first entry, others the last; some follow links,
 * others do not. Everything that they could read differently is refused.
 */
class ImageTarEntries {
  readonly files = new Map<string, { readonly offset: number; readonly sizeBytes: number }>();
  readonly links = new Map<string, string>();
  /** Types by names in lower case, as file systems that ignore case compare them. */
  readonly #types = new Map<string, EntryType>();

  add({ path, type, offset, sizeBytes, linkTarget }: TarEntry): void {
    if (this.#types.has(path.toLowerCase())) {
      throw refused(path, `expected one ${JSON.stringify(path)}, got a second one`);
    }
    this.#types.set(path.toLowerCase(), type);
    if (type === 'file') this.files.set(path, { offset, sizeBytes });
    else if (type === 'symlink' && REPEATED_LAYER.test(path)) {
      this.links.set(path, posix.join(posix.dirname(path), linkTarget));
    } else if (type !== 'directory') {
      throw refused(path, `expected only files and folders, got ${JSON.stringify(path)}, a ${type}`);
    }
  }

  /** Checks the links, after all entries are known. */
  check(): void {
    for (const [name, target] of this.links) {
      if (this.files.has(target)) continue;
      throw refused(name, `${JSON.stringify(name)}: expected a symlink to a file of the archive`);
    }
    for (const name of this.#types.keys()) {
      for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
        const type = this.#types.get(name.slice(0, slash)) ?? 'directory';
        if (type !== 'directory') throw refused(name, `${JSON.stringify(name)} lies below a ${type}`);
      }
    }
  }
}

function refused(path: string, message: string): AppError {
  return new AppError('BAD_ARCHIVE', message, { details: { path } });
}

async function tarReader(path: string, tarBytes: number): Promise<LayoutReader> {
  const entries = new ImageTarEntries();
  const { files, links } = entries;
  const scanner = new TarScanner({ entry: (entry) => entries.add(entry) });
  const find = (name: string) => files.get(links.get(name) ?? name);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: MAX_READ_BYTES })) scanner.write(chunk);
    scanner.finish();
    entries.check();
  } catch (error) {
    throw located(error, path);
  }
  if (scanner.endOfArchiveAt < 0 || scanner.dataAfterEndAt >= 0 || scanner.strayZeroBlockAt >= 0) {
    const got =
      scanner.endOfArchiveAt < 0 ? `none in ${tarBytes} bytes` : `one at byte ${scanner.endOfArchiveAt}`;
    throw new AppError(
      'BAD_ARCHIVE',
      `${path}: expected one end of archive after the last entry, got ${got}`,
      {
        hint: 'Write the file again: it was truncated or appended to.',
        details: { path },
      },
    );
  }
  return {
    kind: 'tar',
    size: (name) => find(name)?.sizeBytes,
    async *stream(name, offset = 0) {
      const file = find(name);
      if (file === undefined || file.sizeBytes <= offset) return;
      const [start, end] = [file.offset + offset, file.offset + file.sizeBytes - 1];
      yield* createReadStream(path, { start, end, highWaterMark: MAX_READ_BYTES });
    },
    names: () => [...files.keys()].sort(),
  };
}

/** Adds the place to an error's message; returns an error of a subclass, which callers recognise by its type, unchanged. */
export function located(error: unknown, where: string): unknown {
  if (!isAppError(error) || error.constructor !== AppError || error.message.startsWith(where)) return error;
  const { code, message, hint, details, cause } = error;
  return new AppError(code, `${where}: ${message}`, {
    cause,
    details,
    ...(hint === undefined ? {} : { hint }),
  });
}

function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true });
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): AppError {
  const text = `cannot read ${path}: ${reasonOf(error)}`;
  return new AppError('STORAGE', text, { cause: error, details: { path } });
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(path, error);
  }
}
