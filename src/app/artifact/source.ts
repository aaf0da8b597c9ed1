import { createHash } from 'node:crypto';
import { createReadStream, type Stats, statSync } from 'node:fs';
import { basename, normalize, resolve } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { encoder } from '../../archive/compress.ts';
import { errnoOf, reasonOf } from '../../files/errno.ts';
import { AppError } from '../../model/app-error.ts';
import type { PushedFile } from '../../model/artifact-report.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { type Digest, parseDigest } from '../../model/digest.ts';
import { packFolder } from '../../output/pack-folder.ts';
import { FILE_TYPE, FOLDER_TYPE, fileAnnotations, isMediaType } from './manifest.ts';

const READ_BYTES = 1024 * 1024;

/** A file or folder as a blob. */
export interface ArtifactSource {
  readonly descriptor: Descriptor;
  readonly file: PushedFile;
  /** Seconds since the epoch */
  readonly mtime: number;
  /** Streams its bytes from `offset` on; a folder is packed anew each time. @throws AppError STORAGE if it has changed */
  open(offset: number): AsyncIterable<Uint8Array>;
  /** Makes the error for bytes that have changed since they were read first. */
  changed(): AppError;
}

/**
 * Reads a file or folder that an argument names, to be pushed as a blob.
 * @param argument `FILE` or `FILE:MEDIATYPE`, as the ORAS command line takes it: the part after the last colon is a media type,
 * or empty. A file that has the whole argument as its name takes precedence, so that names with colons need no escaping.
 * @param newest SOURCE_DATE_EPOCH, in seconds
 * @throws AppError NOT_FOUND, STORAGE, USAGE, UNSUPPORTED
 */
export async function readSource(argument: string, newest: number | undefined): Promise<ArtifactSource> {
  const { path, mediaType, stats } = parseFileArgument(argument);
  const isFolder = stats.isDirectory();
  if (!isFolder && !stats.isFile()) {
    throw new AppError('UNSUPPORTED', `${path}: expected a file or a folder`, { details: { path } });
  }
  const title = titleOf(path);
  const tar = createHash('sha256');
  const bytes = (start: number, onTar?: (chunk: Uint8Array) => void): AsyncIterable<Uint8Array> =>
    isFolder
      ? after(packed(path, { prefix: title === '.' ? '' : title, newest, onTar }), start)
      : fileBytes(path, start);
  const { digest, sizeBytes } = await measure(bytes(0, (chunk) => tar.update(chunk)));
  const annotations = fileAnnotations(title, isFolder ? `sha256:${tar.digest('hex')}` : undefined);
  const type = mediaType || (isFolder ? FOLDER_TYPE : FILE_TYPE);
  const descriptor: Descriptor = { mediaType: type, digest, size: sizeBytes, annotations };
  return {
    descriptor,
    file: { title, digest, mediaType: type, sizeBytes, isFolder },
    mtime: Math.floor(stats.mtimeMs / 1000),
    open: (offset) => sameSize(bytes(offset), { path, expectedBytes: sizeBytes - offset }),
    changed: () => changed(path),
  };
}

interface FileArgument {
  readonly path: string;
  /** Empty if none is given */
  readonly mediaType: string;
  readonly stats: Stats;
}

function parseFileArgument(argument: string): FileArgument {
  const whole = statOf(argument);
  if (whole !== undefined) return { path: argument, mediaType: '', stats: whole };
  const colon = argument.lastIndexOf(':');
  const [path, mediaType] =
    colon < 0 ? [argument, ''] : [argument.slice(0, colon), argument.slice(colon + 1)];
  const stats = statOf(path);
  if (stats === undefined) {
    throw new AppError('NOT_FOUND', `${argument}: no such file or folder`, { details: { path: argument } });
  }
  if (mediaType === '' || isMediaType(mediaType)) return { path, mediaType, stats };
  throw new AppError(
    'USAGE',
    `${argument}: expected a media type such as text/plain, got ${JSON.stringify(mediaType)}`,
    { details: { path, got: mediaType } },
  );
}

function statOf(path: string): Stats | undefined {
  try {
    return path === '' ? undefined : statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw unreadable(error, path);
  }
}

function unreadable(error: unknown, path: string): AppError {
  return new AppError('STORAGE', `cannot read ${path}: ${reasonOf(error)}`, {
    cause: error,
    details: { path },
  });
}

/** Returns the path as it was given if it is below the working directory; the last segment of any other path. */
function titleOf(path: string): string {
  const clean = normalize(path).replace(/\/+$/, '');
  const below = clean !== '' && !clean.startsWith('/') && clean !== '..' && !clean.startsWith('../');
  const title = below ? clean : basename(resolve(path));
  if (title !== '') return title;
  throw new AppError('USAGE', `${path}: expected a file or folder with a name`);
}

interface Packing {
  readonly prefix: string;
  readonly newest: number | undefined;
  readonly onTar?: ((chunk: Uint8Array) => void) | undefined;
}

function packed(folder: string, { prefix, newest, onTar }: Packing): AsyncIterable<Uint8Array> {
  async function* tar(): AsyncGenerator<Uint8Array> {
    for await (const chunk of packFolder(folder, { prefix, newest })) {
      onTar?.(chunk);
      yield chunk;
    }
  }
  // The reader of the pipeline meets the errors of both sides.
  return pipeline(Readable.from(tar()), encoder('gzip'), () => {});
}

async function measure(bytes: AsyncIterable<Uint8Array>): Promise<{ digest: Digest; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { digest: parseDigest(`sha256:${hash.digest('hex')}`), sizeBytes };
}

async function* fileBytes(path: string, start: number): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { start, highWaterMark: READ_BYTES });
  } catch (error) {
    throw unreadable(error, path);
  }
}

async function* after(bytes: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array> {
  let skip = offset;
  for await (const chunk of bytes) {
    if (skip < chunk.length) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}

function changed(path: string): AppError {
  return new AppError('STORAGE', `${path}: changed during the push`, { details: { path } });
}

/** Checks that there are as many bytes as before; the push checks that they are the same. */
async function* sameSize(
  bytes: AsyncIterable<Uint8Array>,
  { path, expectedBytes }: { readonly path: string; readonly expectedBytes: number },
): AsyncGenerator<Uint8Array> {
  let remainingBytes = expectedBytes;
  for await (const chunk of bytes) {
    remainingBytes -= chunk.length;
    if (remainingBytes < 0) break;
    yield chunk;
  }
  if (remainingBytes !== 0) throw changed(path);
}
