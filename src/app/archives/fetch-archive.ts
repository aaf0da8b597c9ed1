import { existsSync, rmSync } from 'node:fs';
import { download, fetchAccepted, whileDownloading } from '../../fetch/http.ts';
import { isLocal, localPath, redactUrl } from '../../fetch/url.ts';
import { type AppError, isAppError } from '../../model/app-error.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import { digestOf, hexOf } from '../../model/digest.ts';
import { freeBytes } from '../../model/free-bytes.ts';
import type { CatalogPackage } from '../../model/package.ts';
import { required } from '../../model/required.ts';
import type { Context } from '../context.ts';
import { archiveUrl } from '../sources/archive-url.ts';
import { combinedError } from '../sources/combined-error.ts';
import { readDetachedSignature } from '../sources/detached-signature.ts';
import { basesOf, type IndexedRepository } from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';
import { type IngestFile, ingestFile } from './ingest-file.ts';
import type { ArchiveReader } from './reader-thread.ts';
import type { RetryWithKeys } from './retry-with-keys.ts';

/** The largest package of both distributions is below 2 GiB; the size in the index is the effective limit. */
const MAX_ARCHIVE_BYTES = 16 * 1024 ** 3;
/** Archives up to this size are fetched into memory: a file to resume from would cost more than it could save. */
const IN_MEMORY_BYTES = 256 * 1024;

/** Request for one archive. */
export interface ArchiveRequest {
  readonly entry: CatalogPackage;
  readonly repository: IndexedRepository;
  /** Returns the facts if another process has ingested the archive in the meantime */
  readonly fromCache: () => ArchiveFacts | undefined;
  readonly withKeys: RetryWithKeys;
  /** Reads downloads where it can */
  readonly reader: ArchiveReader;
}

/**
 * Downloads, verifies and ingests one package's archive. The mirror that served the index is asked first; if its copy is refused
 * (wrong digest, damaged, badly signed), the next mirror is asked.
 * @throws AppError with the code of the first refusal and every mirror's reason; NETWORK, NOT_FOUND, STORAGE, CANCELLED
 */
export async function fetchArchive(
  context: Context,
  sources: Sources,
  request: ArchiveRequest,
): Promise<ArchiveFacts> {
  const { entry, repository } = request;
  const path = context.store.partialPath(hexOf(digestOf(`${entry.checksum} ${entry.fileName}`)));
  const urls = placesOf(basesOf(repository).map((mirror) => archiveUrl(mirror, sources.distro.id, entry)));
  if (urls.every(isLocal)) return fetchFirst(context, sources, { ...request, path, urls });
  const isSmall = entry.sizeBytes > 0 && entry.sizeBytes <= IN_MEMORY_BYTES;
  const fetch = () => (isSmall ? fetchSmall : fetchFirst)(context, sources, { ...request, path, urls });
  // Another process may have finished the same download in the meantime.
  return whileDownloading(path, context, async () => request.fromCache() ?? fetch());
}

async function fetchSmall(
  context: Context,
  sources: Sources,
  { entry, urls, withKeys, reader }: ArchiveRequest & { readonly urls: readonly string[] },
): Promise<ArchiveFacts> {
  const { sizeBytes } = entry;
  const limits = { expectedSizeBytes: sizeBytes, maxBytes: sizeBytes };
  const { signal, progress } = context;
  return fetchAccepted(urls, { remote: sources.files, signal, progress, ...limits }, async (result) => {
    if (!result.modified) throw new Error(`${result.url}: "not modified" without a condition`);
    const { url, bytes: content } = result;
    return withKeys(() => ingestCopy(context, sources, { entry, reader, url, content })).finally(() =>
      freeBytes(content),
    );
  });
}

async function fetchFirst(
  context: Context,
  sources: Sources,
  request: ArchiveRequest & { readonly path: string; readonly urls: readonly string[] },
): Promise<ArchiveFacts> {
  const { entry, path } = request;
  const refusals: AppError[] = [];
  let remaining = request.urls;
  while (remaining.length > 0) {
    // Bytes of an earlier run may not be a mirror's copy, so that refusing them says nothing about a mirror.
    const resumed = !isLocal(required(remaining, 0)) && existsSync(path);
    const found = await downloadCopy(context, remaining, {
      path,
      sizeBytes: entry.sizeBytes,
      remote: sources.files,
    });
    if (isAppError(found)) {
      refusals.push(found);
      break;
    }
    try {
      return await request.withKeys(() =>
        ingestCopy(context, sources, { entry, reader: request.reader, ...found }),
      );
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // A refused download would only be resumed and refused again.
      if (found.adopt === true) rmSync(path, { force: true });
      if (resumed) continue;
      refusals.push(error);
      remaining = remaining.slice(remaining.indexOf(found.url) + 1);
      if (remaining.length > 0) context.progress.note(`${error.message}; trying the next mirror`);
    }
  }
  throw combinedError(refusals);
}

/** Skips folders that lack the file, except for the first one if all lack it. */
function placesOf(urls: readonly string[]): readonly string[] {
  const found = urls.filter((url) => !isLocal(url) || existsSync(localPath(url)));
  return found.length > 0 ? found : urls.slice(0, 1);
}

interface ArchiveCopy extends Pick<IngestFile, 'content' | 'adopt'> {
  /** URL of the mirror that the copy is from */
  readonly url: string;
}

interface CopyRequest {
  readonly path: string;
  readonly sizeBytes: number;
  readonly remote: Sources['files'];
}

/** Reads an archive of a folder in place; downloads any other from the first mirror that has it. */
async function downloadCopy(
  context: Context,
  urls: readonly string[],
  { path, sizeBytes, remote }: CopyRequest,
): Promise<ArchiveCopy | AppError> {
  const first = required(urls, 0);
  if (isLocal(first) && (urls.length === 1 || existsSync(localPath(first)))) {
    return { url: first, content: localPath(first) };
  }
  try {
    const { url } = await download(urls, path, {
      remote,
      signal: context.signal,
      progress: context.progress,
      expectedSizeBytes: sizeBytes,
      maxBytes: MAX_ARCHIVE_BYTES,
    });
    return { url, content: path, adopt: true };
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

function isRefusal(error: unknown): error is AppError {
  return isAppError(error) && error.code !== 'STORAGE' && error.code !== 'CANCELLED';
}

async function ingestCopy(
  context: Context,
  sources: Sources,
  { entry, url, ...copy }: ArchiveCopy & Pick<ArchiveRequest, 'entry' | 'reader'>,
): Promise<ArchiveFacts> {
  const { distro, trust } = sources;
  const signature = await detachedSignature(context, sources, { entry, url });
  const where = isLocal(url) ? localPath(url) : redactUrl(url);
  const file = { ...copy, where, distro, trust, expected: entry, ...signature };
  return (await ingestFile(context, file)).facts;
}

/** Fetches the `.sig` beside an archive whose index entry has no signature, if the trust requires one. */
async function detachedSignature(
  context: Context,
  sources: Sources,
  { entry, url }: { entry: CatalogPackage; url: string },
): Promise<{ signature?: Uint8Array }> {
  if (!sources.distro.keys.detached || entry.signature !== '') return {};
  if (sources.trust.allowUntrusted) return {};
  const signature = await readDetachedSignature(context, sources, url);
  return signature === undefined ? {} : { signature };
}
