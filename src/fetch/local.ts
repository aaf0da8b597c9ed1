import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { ConditionalResult, Validators } from './conditional.ts';
import { cancelled, errorCode, FetchFailure } from './failure.ts';
import { localPath } from './url.ts';

/** Large enough to make few calls, small enough for many buffers at once. */
const COPY_BUFFER_BYTES = 1024 * 1024;

interface LocalFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  /** Identifies this content: changes with size, modification time or inode */
  readonly etag: string;
  readonly lastModified: string;
}

/**
 * Reads a local file as an HTTP GET would, conditional requests included.
 * @throws FetchFailure; AppError USAGE for a bad `file:` URL
 */
export async function readLocal(
  location: string,
  options: { readonly validators?: Validators; readonly maxBytes: number },
): Promise<ConditionalResult> {
  const file = await openLocal(location, options.maxBytes);
  try {
    if (options.validators?.etag === file.etag) return { modified: false, url: location };
    const bytes = Buffer.allocUnsafe(file.sizeBytes);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.handle.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) throw shrank(file.sizeBytes, filled);
      filled += bytesRead;
    }
    return { modified: true, url: location, bytes, etag: file.etag, lastModified: file.lastModified };
  } catch (error) {
    throw readFailure(error);
  } finally {
    await file.handle.close();
  }
}

/** Streams a file's bytes from its start. A chunk is valid until the next one is requested. @throws FetchFailure */
export async function* streamLocal(
  location: string,
  options: { readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Buffer, void, void> {
  const file = await openLocal(location, options.maxBytes);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(COPY_BUFFER_BYTES, Math.max(file.sizeBytes, 1)));
    let position = 0;
    while (position < file.sizeBytes) {
      if (options.signal?.aborted) throw cancelled(location);
      const { bytesRead } = await file.handle.read(
        buffer,
        0,
        Math.min(buffer.length, file.sizeBytes - position),
        position,
      );
      if (bytesRead === 0) throw shrank(file.sizeBytes, position);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw readFailure(error);
  } finally {
    await file.handle.close();
  }
}

/** Size in bytes of a local file. @throws FetchFailure */
export async function localSize(location: string, maxBytes: number): Promise<number> {
  const file = await openLocal(location, maxBytes);
  await file.handle.close();
  return file.sizeBytes;
}

async function openLocal(location: string, maxBytes: number): Promise<LocalFile> {
  let handle: FileHandle | undefined;
  try {
    // A FIFO without a writer must not be waited for.
    handle = await open(localPath(location), constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat({ bigint: true });
    if (!found.isFile()) throw new FetchFailure('NOT_FOUND', 'not a file', { retry: 'no' });
    const sizeBytes = Number(found.size);
    if (sizeBytes > maxBytes) {
      throw new FetchFailure('LIMIT', `larger than allowed: ${sizeBytes} bytes, limit ${maxBytes}`, {
        retry: 'no',
      });
    }
    const etag = `"file-${found.size.toString(36)}-${found.mtimeNs.toString(36)}-${found.ino.toString(36)}"`;
    return { handle, sizeBytes, etag, lastModified: new Date(Number(found.mtimeMs)).toUTCString() };
  } catch (error) {
    await handle?.close();
    throw readFailure(error);
  }
}

function shrank(expected: number, got: number): FetchFailure {
  return new FetchFailure('STORAGE', `changed while it was read: expected ${expected} bytes, got ${got}`, {
    retry: 'later',
  });
}

function readFailure(error: unknown): unknown {
  const code = errorCode(error);
  if (error instanceof FetchFailure) return error;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new FetchFailure('NOT_FOUND', 'no such file', { retry: 'no' });
  if (code === 'EACCES' || code === 'EPERM')
    return new FetchFailure('STORAGE', 'permission denied', { retry: 'no' });
  if (/^E[A-Z]+$/.test(code))
    return new FetchFailure('STORAGE', `cannot be read (${code})`, { retry: 'no', cause: error });
  return error;
}
