import { withFileLock } from '../lock/file-lock.ts';
import type { Progress } from '../model/progress.ts';
import type { ConditionalResult, Validators } from './conditional.ts';
import { type Download, downloadFile } from './download.ts';
import { contentLength, type HttpResponse } from './exchange.ts';
import { asRefusal, cancelled, FetchFailure } from './failure.ts';
import { httpGet } from './http-get.ts';
import { readLocal } from './local.ts';
import { type MirrorOptions, tryMirrors } from './mirrors.ts';
import type { RemoteFiles } from './remote.ts';
import { checkComplete, checkReceived, checkSize, type SizeLimits } from './sizes.ts';
import { fileNameOf, isLocal } from './url.ts';

/** Slow mirrors pause for seconds; none that is alive stays silent this long. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Options of a fetch. `timeoutMs` is the longest silence, until the headers or between pieces of the body; default 30,000. */
export interface FetchOptions extends MirrorOptions {
  readonly timeoutMs?: number;
  /** Serves URLs of other schemes, such as `oci:` */
  readonly remote?: RemoteFiles | undefined;
}

/** Options of a fetch into memory. */
export interface BytesOptions extends FetchOptions, SizeLimits {
  readonly validators?: Validators;
}

/**
 * Fetches the whole content from the first of `urls` (http, https, file, plain paths) that answers. With validators, the result
 * may be "not modified".
 * @throws AppError NOT_FOUND (on every source), LIMIT (over maxBytes on every source), INTEGRITY (every source has another size),
 * NETWORK, CANCELLED
 */
export function fetchBytes(urls: readonly string[], options: BytesOptions): Promise<ConditionalResult> {
  return fetchAccepted(urls, options, async (result) => result);
}

/**
 * Returns what `accept` makes of the first of `urls` that answers with acceptable content. If `accept` throws an AppError, the
 * next URL is tried, as if this one had not answered.
 * @throws AppError as fetchBytes; if one source was refused, the error of `accept` itself; if several were, the first one's code
 * with all reasons
 */
export function fetchAccepted<T>(
  urls: readonly string[],
  options: BytesOptions,
  accept: (result: ConditionalResult) => Promise<T>,
): Promise<T> {
  return tryMirrors(urls, options, async (url) => {
    const result = await bytesOf(url, options);
    try {
      return await accept(result);
    } catch (error) {
      throw asRefusal(error);
    }
  });
}

async function bytesOf(url: string, options: BytesOptions): Promise<ConditionalResult> {
  if (options.signal?.aborted) throw cancelled(url);
  if (isLocal(url)) return readLocal(url, options);
  if (options.remote?.serves(url)) return readRemote(options.remote, url, options);
  const headers = conditions(options.validators ?? {});
  const response = await httpGet(url, {
    headers,
    signal: options.signal,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  });
  if (response.status === 304 && Object.keys(headers).length > 0) {
    await response.discard();
    return { modified: false, url };
  }
  if (response.status !== 200) {
    await response.discard();
    throw new FetchFailure('NETWORK', `unexpected HTTP ${response.status}`, { retry: 'no' });
  }
  return {
    modified: true,
    url,
    bytes: await collect(response, url, options),
    etag: response.header('etag'),
    lastModified: response.header('last-modified'),
  };
}

/**
 * Downloads to `path` and checks the size. A partial file is resumed (Range with If-Range, by the validators in `path +
 * '.json'`). The caller checks the digest, then moves or removes `path`, all under the lock of `path` (`whileDownloading`), so
 * that no other process writes to a file that is being checked.
 *
 * `file:` URLs and plain paths are copied. A source that serves a wrong size or is cut off is tried again, then the next one.
 * @throws AppError NOT_FOUND, INTEGRITY (every source has another size), LIMIT, NETWORK, STORAGE, CANCELLED
 */
export function download(
  urls: readonly string[],
  path: string,
  options: FetchOptions & SizeLimits,
): Promise<Download> {
  return downloadFile(urls, path, { ...options, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS });
}

/** Runs `work` while no other call, in this process or another, downloads to `path`. @throws AppError STORAGE, CANCELLED */
export function whileDownloading<T>(
  path: string,
  {
    signal,
    progress,
  }: { readonly signal?: AbortSignal | undefined; readonly progress?: Progress | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const onWait = () => progress?.note(`waiting for another process that downloads ${path}`);
  return withFileLock(`${path}.lock`, { signal, onWait }, work);
}

function conditions(validators: Validators): Record<string, string> {
  const headers: Record<string, string> = {};
  if (validators.etag) headers['if-none-match'] = validators.etag;
  if (validators.lastModified) headers['if-modified-since'] = validators.lastModified;
  return headers;
}

async function readRemote(
  remote: RemoteFiles,
  url: string,
  options: BytesOptions,
): Promise<ConditionalResult> {
  const { sizeBytes, etag, read } = await remote.find(url);
  if (options.validators?.etag === etag) return { modified: false, url };
  checkSize(sizeBytes, options, 'no');
  const bytes = await gather(read(), { announced: sizeBytes, url, options });
  return { modified: true, url, bytes, etag, lastModified: '' };
}

async function collect(response: HttpResponse, url: string, options: BytesOptions): Promise<Buffer> {
  const announced = contentLength(response);
  try {
    if (announced !== undefined) checkSize(announced, options, 'later');
  } catch (error) {
    await response.discard();
    throw error;
  }
  return gather(response.body, { announced, url, options });
}

interface Gathering {
  readonly announced: number | undefined;
  readonly url: string;
  readonly options: BytesOptions;
}

async function gather(body: AsyncIterable<Buffer>, { announced, url, options }: Gathering): Promise<Buffer> {
  const task = options.progress?.task(options.label ?? fileNameOf(url), announced, 'bytes');
  try {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      checkReceived(sizeBytes, options);
      chunks.push(chunk);
      task?.advance(chunk.length);
    }
    checkComplete(sizeBytes, announced, options);
    return Buffer.concat(chunks, sizeBytes);
  } finally {
    task?.done();
  }
}
