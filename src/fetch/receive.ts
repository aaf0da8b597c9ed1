import { AppError } from '../model/app-error.ts';
import { FetchFailure } from './failure.ts';
import type { Meter } from './meter.ts';
import { discardPartial, type Origin, PartialWriter, partialSize, readOrigin } from './partial.ts';
import type { RemoteFile } from './remote.ts';
import { checkReceived, type SizeLimits } from './sizes.ts';

/** Options of receiving a file. */
export interface ReceiveOptions {
  /**
   * Recorded beside the partial file, which is resumed only if it has the same etag. Undefined: its name identifies the content.
   */
  readonly origin?: Origin;
  readonly meter: Meter;
}

/**
 * Receives a file of known content into the partial file at `path`, resuming it if possible. On return, the whole file is there
 * and verified. An INTEGRITY error leaves no partial file, since a resumed one would only fail again.
 * @returns how many bytes of an earlier, interrupted transfer were used
 * @throws whatever `file.read` throws; errors of the file system unchanged
 */
export async function receiveFile(
  file: RemoteFile,
  path: string,
  { origin, meter }: ReceiveOptions,
): Promise<number> {
  const sizeBytes = await partialSize(path);
  const isSame = origin === undefined || (await readOrigin(path))?.etag === origin.etag;
  const offset = sizeBytes <= file.sizeBytes && isSame ? sizeBytes : 0;
  const writer = await PartialWriter.open(path, offset, origin);
  meter.restart(offset, file.sizeBytes);
  try {
    const limits = { expectedSizeBytes: file.sizeBytes, maxBytes: file.sizeBytes };
    await writeBody(writer, rest(file, writer), { path, meter, limits });
  } catch (error) {
    if (isIntegrityError(error)) await discardPartial(path);
    throw error;
  }
  return offset;
}

async function* rest(file: RemoteFile, writer: PartialWriter): AsyncGenerator<Buffer> {
  yield* file.read(writer.sizeBytes === 0 ? undefined : await writer.prefix());
}

function isIntegrityError(error: unknown): boolean {
  return (error instanceof FetchFailure || error instanceof AppError) && error.code === 'INTEGRITY';
}

/** Options of writing a body to a file. */
export interface BodyOptions {
  readonly path: string;
  readonly meter: Meter;
  /** Of the whole file */
  readonly limits: SizeLimits;
  /** True: a chunk is valid only until the next one is requested */
  readonly copiesChunks?: boolean;
}

/**
 * Appends the body and closes the writer. Bytes that have been received are on disk even after an error, except for a body beyond
 * the limit, which leaves nothing.
 * @throws FetchFailure INTEGRITY or LIMIT for a longer body; what `body` throws; the system's errors
 */
export async function writeBody(
  writer: PartialWriter,
  body: AsyncIterable<Buffer>,
  { path, meter, limits, copiesChunks = false }: BodyOptions,
): Promise<void> {
  let isTooLong = false;
  try {
    for await (const chunk of body) {
      try {
        checkReceived(writer.sizeBytes + chunk.length, limits);
      } catch (error) {
        isTooLong = true;
        throw error;
      }
      await writer.write(chunk, copiesChunks);
      meter.advance(chunk.length);
    }
  } finally {
    await writer.close();
    if (isTooLong) await discardPartial(path);
  }
}
