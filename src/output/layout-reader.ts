import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { TarScanner } from '../archive/tar-reader.ts';
import { AppError, isAppError } from '../model/app-error.ts';
import { MAX_READ_BYTES, readBytes } from './read-bytes.ts';
import { errnoOf } from './storage-error.ts';

/** Read access to the files of an image layout, whatever holds it. Never writes. */
export interface LayoutReader {
  readonly kind: 'tar' | 'oci-dir';
  /** Bytes of a file by its path in the layout; undefined when it is not there. */
  size(name: string): number | undefined;
  /** Content from `offset`, by default its start, to its end. */
  stream(name: string, offset?: number): AsyncIterable<Buffer>;
  /** Paths of the files that are there; of a folder those below `blobs/` alone. */
  names(): readonly string[];
}

/**
 * Opens a single tar or a folder that holds an image layout.
 * @throws AppError NOT_FOUND, BAD_ARCHIVE (not a tar, truncated, hostile names)
 */
export async function readImageTar(path: string): Promise<LayoutReader> {
  const found = statOf(path);
  if (found === undefined) {
    throw new AppError('NOT_FOUND', `${path}: no such file or folder`, { details: { path } });
  }
  return found.isDirectory() ? folderReader(path) : tarReader(path, found.size);
}

/** @throws AppError LIMIT when it is larger than `maxBytes`, BAD_ARCHIVE when it is not there */
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
      if (statOf(join(path, 'blobs'))?.isDirectory() !== true) return [];
      return readdirSync(join(path, 'blobs'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(path.length).replace(/^\/+/, ''))
        .sort();
    },
  };
}

/** Of several files of one name readers take the first or the last. */
function refuseTwins(names: { has(name: string): boolean }, name: string): void {
  if (!names.has(name)) return;
  throw new AppError('BAD_ARCHIVE', `expected one ${JSON.stringify(name)}, got a second one`, {
    details: { path: name },
  });
}

async function tarReader(path: string, tarBytes: number): Promise<LayoutReader> {
  const files = new Map<string, { readonly offset: number; readonly sizeBytes: number }>();
  /** `docker save` before 25 writes a layer that it repeats as a symlink to the first. */
  const links = new Map<string, string>();
  const scanner = new TarScanner({
    entry({ path: name, type, offset, sizeBytes, linkTarget }) {
      if (type !== 'file' && type !== 'symlink') return;
      refuseTwins(files, name);
      refuseTwins(links, name);
      if (type === 'file') files.set(name, { offset, sizeBytes });
      else links.set(name, posix.join(posix.dirname(name), linkTarget));
    },
  });
  const find = (name: string) => files.get(links.get(name) ?? name);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: MAX_READ_BYTES })) scanner.write(chunk);
    scanner.finish();
  } catch (error) {
    throw located(error, path);
  }
  if (scanner.endOfArchiveAt < 0 || scanner.dataAfterEndAt >= 0 || scanner.strayZeroBlockAt >= 0) {
    const got =
      scanner.endOfArchiveAt < 0 ? `none within ${tarBytes} bytes` : `one at byte ${scanner.endOfArchiveAt}`;
    throw new AppError(
      'BAD_ARCHIVE',
      `${path}: expected one end of archive behind the last entry, got ${got}`,
      {
        hint: 'The file is cut short or was appended to; write it again.',
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

/** The same error with where it happened. */
export function located(error: unknown, where: string): unknown {
  if (!isAppError(error) || error.message.startsWith(where)) return error;
  const { code, message, hint, details, cause } = error;
  return new AppError(code, `${where}: ${message}`, {
    cause,
    details,
    ...(hint === undefined ? {} : { hint }),
  });
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new AppError('STORAGE', `cannot read ${path}: ${errnoOf(error)}`, {
      cause: error,
      details: { path },
    });
  }
}
