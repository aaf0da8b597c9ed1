import { createHash } from 'node:crypto';
import { decompress } from '../../archive/decompress.ts';
import { type Magic, sniff } from '../../archive/sniff.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import type { Compression } from '../../model/archive.ts';
import type { Progress, ProgressTask } from '../../model/progress.ts';
import { fullName, type Repository, withDigest } from '../../model/reference.ts';
import { type Unpacked, unpackFolder } from '../../output/unpack-folder.ts';
import { readBlob } from '../../registry/blobs.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { type ArtifactFile, titlePath } from './manifest.ts';

/** Number of bytes by which a plain tar is recognised. */
const HEAD_BYTES = 512;
const COMPRESSIONS: readonly Magic[] = ['gzip', 'zstd', 'none'];

/** Options of unpacking a blob. */
export interface UnpackBlobOptions {
  readonly file: ArtifactFile;
  /** Folder to unpack into */
  readonly path: string;
  readonly progress: Progress;
  readonly keepOldFiles: boolean;
}

/** Unpacks an archive of a folder while it downloads. @throws AppError as readBlob, decompress and unpackFolder */
export async function unpackBlob(
  session: RegistrySession,
  repository: Repository,
  options: UnpackBlobOptions,
): Promise<'unpacked'> {
  const { file, path, progress } = options;
  const { descriptor, title } = file;
  const where = `${fullName(withDigest(repository, descriptor.digest))} (${title})`;
  const prefix = titlePath(file);
  const once = async (): Promise<Unpacked> => {
    const task = progress.task(title, descriptor.size, 'bytes');
    const end = new AbortController();
    const bytes = counted(readBlob(session.under(end.signal), repository, descriptor), task);
    try {
      const tar = checked(await decoded(bytes, where), { where, expected: file.tarDigest });
      return await unpackFolder(tar, { target: path, prefix, where, keepOldFiles: options.keepOldFiles });
    } finally {
      // Unpacking may stop anywhere: this ends the response, and everything that still waits for it.
      end.abort();
      await bytes.return(undefined).catch(() => {});
      task.done();
    }
  };
  const { skipped } = await once().catch((error) => {
    // Bytes that were damaged on the way look like a bad archive before their digest shows that they are wrong.
    if (!isAppError(error, 'INTEGRITY') && !isAppError(error, 'BAD_ARCHIVE')) throw error;
    return once();
  });
  if (skipped > 0) progress.note(`${where}: ${skipped} devices and pipes skipped`);
  return 'unpacked';
}

async function* counted(bytes: AsyncIterable<Buffer>, task: ProgressTask): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    task.advance(chunk.length);
    yield chunk;
  }
}

/** Decompresses the tar, which may have any of the OCI layer encodings. */
async function decoded(bytes: AsyncGenerator<Buffer>, where: string): Promise<AsyncIterable<Buffer>> {
  const head: Buffer[] = [];
  let headBytes = 0;
  while (headBytes < HEAD_BYTES) {
    const { done, value } = await bytes.next();
    if (done) break;
    head.push(value);
    headBytes += value.length;
  }
  const magic = sniff(Buffer.concat(head));
  if (!COMPRESSIONS.includes(magic)) {
    throw new AppError('UNSUPPORTED', `${where}: expected a tar, plain or in gzip or zstd, got ${magic}`, {
      hint: 'Use --no-unpack to save it as it is.',
    });
  }
  async function* all(): AsyncGenerator<Buffer> {
    yield* head;
    yield* bytes;
  }
  const { chunks } = decompress(all(), magic as Compression, { where });
  async function* tar(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) yield chunk.bytes;
  }
  return tar();
}

/** Checks the tar's digest. @param expected sha256 digest of the tar; any other text is ignored */
async function* checked(
  tar: AsyncIterable<Buffer>,
  { where, expected }: { readonly where: string; readonly expected: string },
): AsyncGenerator<Buffer> {
  const hash = expected.startsWith('sha256:') ? createHash('sha256') : undefined;
  for await (const chunk of tar) {
    hash?.update(chunk);
    yield chunk;
  }
  const got = `sha256:${hash?.digest('hex')}`;
  if (hash === undefined || got === expected) return;
  throw new AppError('INTEGRITY', `${where}: expected the tar ${expected}, got ${got}`, {
    details: { expected, got },
  });
}
