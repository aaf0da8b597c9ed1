import { createReadStream, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Distro } from '../../distros/distro.ts';
import type { UnverifiedInput } from '../../distros/inputs.ts';
import { AppError } from '../../model/app-error.ts';
import type { ArchiveFacts, ReadFacts } from '../../model/archive.ts';
import { freeBytes } from '../../model/free-bytes.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { TrustPolicy } from '../../trust/policy.ts';
import type { Context } from '../context.ts';
import type { Trust } from '../sources/trust.ts';
import type { ArchiveReader } from './reader-thread.ts';

/** Files up to this size are read in one piece, larger ones in pieces of it. */
const READ_BYTES = 4 * 1024 * 1024;

/** An archive, and what its bytes are verified against. */
export interface ArchiveFile {
  /** Path of its file, or its bytes */
  readonly content: string | Uint8Array;
  /** Name in messages: the URL of a download, else the path */
  readonly where: string;
  readonly distro: Distro;
  readonly trust: Trust;
  readonly expected?: IndexPackage | undefined;
  readonly signature?: Uint8Array | undefined;
}

/** An archive to be ingested. */
export interface IngestFile extends ArchiveFile {
  /** Reads the archive instead of this thread if it can */
  readonly reader?: ArchiveReader | undefined;
  /** True: the file is ours and is moved into the store; otherwise its bytes are copied. */
  readonly adopt?: boolean;
}

/**
 * Verifies an archive and adds it to store and catalog, in one pass over its bytes. A refused archive leaves nothing behind.
 * @throws AppError as Archives.read; STORAGE
 */
export async function ingestFile(
  context: Context,
  file: IngestFile,
): Promise<{ facts: ArchiveFacts; added: boolean }> {
  const facts = await store(context, file);
  const { archives } = context.catalog;
  const added = !archives.digestsOf(facts.distro, facts.identity).includes(facts.digest);
  archives.put(facts, file.trust.label);
  return { facts, added };
}

async function store(context: Context, file: IngestFile): Promise<ArchiveFacts> {
  const { content, reader, adopt = false } = file;
  if (typeof content === 'string' && adopt) {
    const facts = (await reader?.read(file)) ?? (await readTrusted(context, file));
    await context.store.adopt(content, facts.digest, facts.sizeBytes);
    return facts;
  }
  const writer = await context.store.begin();
  try {
    const write = (chunk: Uint8Array): void => writer.write(chunk);
    const facts = await (typeof content === 'string'
      ? readTrusted(context, file, write)
      : readBeside(context, file, () => write(content)));
    await writer.commit(facts.digest, facts.sizeBytes);
    return facts;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Writes the bytes while the reader reads them. */
async function readBeside(context: Context, file: IngestFile, write: () => void): Promise<ArchiveFacts> {
  const reading = file.reader?.read(file);
  write();
  return (await reading) ?? readTrusted(context, file);
}

/**
 * Reads and verifies an archive, and passes each piece of its bytes to `tee` as well.
 * @throws AppError as Archives.read; NOT_FOUND
 */
export async function readTrusted(context: Context, file: ArchiveFile, tee?: Tee): Promise<ArchiveFacts> {
  return readArchiveFile(context, { ...file, policy: await file.trust.policy() }, tee);
}

/** Does the same with a given policy. @throws as readTrusted */
export async function readArchiveFile(
  context: Pick<Context, 'signal'>,
  { policy, signature, ...file }: Omit<ArchiveFile, 'trust'> & { readonly policy: TrustPolicy },
  tee?: Tee,
): Promise<ArchiveFacts> {
  const content = await opened(file.content, context.signal);
  try {
    return await file.distro.archives.read({
      ...unverifiedInput(context, { ...file, content }, tee),
      policy,
      ...(signature === undefined ? {} : { signature }),
    });
  } finally {
    if (content !== file.content && typeof content !== 'string') freeBytes(content);
  }
}

/**
 * Reads an archive without verifying its signature, for callers that judge it by themselves.
 * @throws AppError as Archives.readUnverified; NOT_FOUND
 */
export async function readUnverifiedFile(
  context: Context,
  file: Pick<ArchiveFile, 'content' | 'where' | 'distro' | 'expected'>,
): Promise<ReadFacts> {
  const content = await opened(file.content, context.signal);
  return file.distro.archives.readUnverified(unverifiedInput(context, { ...file, content }, undefined));
}

type Tee = (chunk: Uint8Array) => void | Promise<void>;

function unverifiedInput(
  { signal }: Pick<Context, 'signal'>,
  { content, where, expected }: Pick<ArchiveFile, 'content' | 'where' | 'expected'>,
  tee: Tee | undefined,
): UnverifiedInput {
  return { chunks: pieces(content, signal, tee), where, ...(expected === undefined ? {} : { expected }) };
}

async function* pieces(
  content: ArchiveFile['content'],
  signal: AbortSignal,
  tee: Tee | undefined,
): AsyncGenerator<Uint8Array> {
  const chunks =
    typeof content === 'string'
      ? createReadStream(content, { highWaterMark: READ_BYTES, signal })
      : [content];
  for await (const chunk of chunks) {
    await tee?.(chunk);
    yield chunk;
  }
}

/** Returns the bytes of a small file; the path of a large one. */
async function opened(content: ArchiveFile['content'], signal: AbortSignal): Promise<ArchiveFile['content']> {
  if (typeof content !== 'string') return content;
  try {
    const found = statSync(content);
    // Opening a FIFO without a writer must not block.
    if (!found.isFile()) throw new Error('not a file');
    return found.size <= READ_BYTES ? await readFile(content, { signal }) : content;
  } catch (error) {
    signal.throwIfAborted();
    throw new AppError('NOT_FOUND', `${content}: cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
