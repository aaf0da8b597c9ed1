import { createReadStream, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Distro } from '../../distros/distro.ts';
import type { UnverifiedInput } from '../../distros/inputs.ts';
import { AppError } from '../../model/app-error.ts';
import type { ArchiveFacts, ReadFacts } from '../../model/archive.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { TrustPolicy } from '../../trust/policy.ts';
import type { Context } from '../context.ts';
import type { Trust } from '../sources/trust.ts';
import type { ReaderThread } from './reader-thread.ts';

/** Files up to this size are read in one piece, larger ones in pieces of it. */
const READ_BYTES = 4 * 1024 * 1024;

/** An archive's file, and what its bytes are verified against. */
export interface ArchiveFile {
  readonly path: string;
  /** Name in messages: the URL of a download, else the path */
  readonly where: string;
  readonly distro: Distro;
  readonly trust: Trust;
  readonly expected?: IndexPackage | undefined;
  readonly signature?: Uint8Array | undefined;
}

/** An archive's file to be ingested. */
export interface IngestFile extends ArchiveFile {
  /** Reads the file instead of this thread if it can */
  readonly thread?: ReaderThread | undefined;
  /** True: the file is ours and is moved into the store; false: its bytes are copied while they are read. */
  readonly adopt: boolean;
}

/**
 * Verifies an archive and adds it to store and catalog, in one pass over its bytes. A refused archive leaves nothing behind.
 * @throws AppError as Archives.read; STORAGE
 */
export async function ingestFile(
  context: Context,
  file: IngestFile,
): Promise<{ facts: ArchiveFacts; added: boolean }> {
  const facts = file.adopt ? await adopt(context, file) : await copy(context, file);
  const { archives } = context.catalog;
  const added = !archives.digestsOf(facts.distro, facts.identity).includes(facts.digest);
  archives.put(facts, file.trust.label);
  return { facts, added };
}

async function adopt(context: Context, file: IngestFile): Promise<ArchiveFacts> {
  const facts = (await file.thread?.read(file)) ?? (await readTrusted(context, file));
  await context.store.adopt(file.path, facts.digest, facts.sizeBytes);
  return facts;
}

async function copy(context: Context, file: IngestFile): Promise<ArchiveFacts> {
  const writer = await context.store.begin();
  try {
    const facts = await readTrusted(context, file, (chunk) => writer.write(chunk));
    await writer.commit(facts.digest, facts.sizeBytes);
    return facts;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/**
 * Reads and verifies an archive, and passes each piece of its bytes to `tee` as well.
 * @throws AppError as Archives.read; NOT_FOUND
 */
export async function readTrusted(context: Context, file: ArchiveFile, tee?: Tee): Promise<ArchiveFacts> {
  return readArchiveFile(context, { ...file, policy: await file.trust.policy() }, tee);
}

/** Does the same with a given policy. @throws as readTrusted */
export function readArchiveFile(
  context: Pick<Context, 'signal'>,
  { policy, signature, ...file }: Omit<ArchiveFile, 'trust'> & { readonly policy: TrustPolicy },
  tee?: Tee,
): Promise<ArchiveFacts> {
  return file.distro.archives.read({
    ...unverifiedInput(context, file, tee),
    policy,
    ...(signature === undefined ? {} : { signature }),
  });
}

/**
 * Reads an archive without verifying its signature, for callers that judge it by themselves.
 * @throws AppError as Archives.readUnverified; NOT_FOUND
 */
export function readUnverifiedFile(
  context: Context,
  file: Pick<IngestFile, 'path' | 'where' | 'distro' | 'expected'>,
): Promise<ReadFacts> {
  return file.distro.archives.readUnverified(unverifiedInput(context, file, undefined));
}

type Tee = (chunk: Buffer) => void | Promise<void>;

function unverifiedInput(
  { signal }: Pick<Context, 'signal'>,
  { path, where, expected }: Pick<ArchiveFile, 'path' | 'where' | 'expected'>,
  tee: Tee | undefined,
): UnverifiedInput {
  return { chunks: pieces(path, signal, tee), where, ...(expected === undefined ? {} : { expected }) };
}

async function* pieces(path: string, signal: AbortSignal, tee: Tee | undefined): AsyncGenerator<Buffer> {
  for await (const chunk of await openPieces(path, signal)) {
    await tee?.(chunk);
    yield chunk;
  }
}

async function openPieces(
  path: string,
  signal: AbortSignal,
): Promise<Iterable<Buffer> | AsyncIterable<Buffer>> {
  try {
    const found = statSync(path);
    // Opening a FIFO without a writer must not block.
    if (!found.isFile()) throw new Error('not a file');
    return found.size <= READ_BYTES
      ? [await readFile(path, { signal })]
      : createReadStream(path, { highWaterMark: READ_BYTES, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new AppError('NOT_FOUND', `${path}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
