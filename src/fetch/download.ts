import { storageError } from '../files/errno.ts';
import { contentLength, type HttpResponse } from './exchange.ts';
import { FetchFailure, SIGNIFICANT_BYTES } from './failure.ts';
import { httpGet } from './http-get.ts';
import { localSize, streamLocal } from './local.ts';
import { Meter } from './meter.ts';
import { type MirrorOptions, tryMirrors } from './mirrors.ts';
import {
  discardPartial,
  forgetOrigin,
  ifRange,
  type Origin,
  PartialWriter,
  partialSize,
  readOrigin,
} from './partial.ts';
import { receiveFile, writeBody } from './receive.ts';
import type { RemoteFiles } from './remote.ts';
import { checkComplete, checkSize, type SizeLimits } from './sizes.ts';
import { fileNameOf, isLocal, redactUrl } from './url.ts';

/** A finished download. */
export interface Download {
  /** The one of the given URLs that completed the file */
  readonly url: string;
  readonly sizeBytes: number;
}

/** Options of a download. */
export interface DownloadOptions extends MirrorOptions, SizeLimits {
  /** The longest silence: until the headers, and between pieces of the body */
  readonly timeoutMs: number;
  readonly remote?: RemoteFiles | undefined;
}

/** Implements `download` of http.ts, which has the contract. */
export async function downloadFile(
  urls: readonly string[],
  path: string,
  options: DownloadOptions,
): Promise<Download> {
  const meter = new Meter(options.progress, options.label ?? fileNameOf(urls[0] ?? path));
  try {
    const transfer: Transfer = { path, options, meter, furthestBytes: await startingSize(path, options) };
    const done =
      transfer.furthestBytes > 0 && transfer.furthestBytes === options.expectedSizeBytes
        ? { url: urls[0] ?? '', sizeBytes: transfer.furthestBytes }
        : await tryMirrors(urls, options, (url) => attempt(url, transfer));
    await forgetOrigin(path);
    return done;
  } catch (error) {
    throw storageError(error, 'write', path);
  } finally {
    meter.done();
  }
}

interface Transfer {
  readonly path: string;
  readonly options: DownloadOptions;
  readonly meter: Meter;
  /** The largest number of bytes that has been on disk */
  furthestBytes: number;
}

/** Size of the partial file that may be a prefix of the file; any other partial file is removed. */
async function startingSize(path: string, options: DownloadOptions): Promise<number> {
  const sizeBytes = await partialSize(path);
  if (sizeBytes === 0 || sizeBytes === options.expectedSizeBytes) return sizeBytes;
  const limit = options.expectedSizeBytes ?? options.maxBytes;
  if (sizeBytes < limit && (await readOrigin(path)) !== undefined) return sizeBytes;
  await discardPartial(path);
  return 0;
}

async function attempt(url: string, transfer: Transfer): Promise<Download> {
  const before = transfer.furthestBytes;
  try {
    if (isLocal(url)) return await copy(url, transfer);
    const { remote } = transfer.options;
    return await (remote?.serves(url) ? readRemote(remote, url, transfer) : fetchRest(url, transfer));
  } catch (error) {
    transfer.furthestBytes = Math.max(before, await partialSize(transfer.path));
    if (!(error instanceof FetchFailure) || error.retry !== 'later') throw error;
    if (error.waitMs !== undefined || transfer.furthestBytes - before < SIGNIFICANT_BYTES) throw error;
    throw new FetchFailure(error.code, error.message, { retry: 'at-once', cause: error });
  }
}

async function copy(url: string, transfer: Transfer): Promise<Download> {
  const { options, path } = transfer;
  const sizeBytes = await localSize(url, options.maxBytes);
  checkSize(sizeBytes, options, 'no');
  transfer.meter.restart(0, sizeBytes);
  const writer = await PartialWriter.open(path, 0, { url: redactUrl(url), etag: '', lastModified: '' });
  await writeBody(writer, streamLocal(url, options), {
    ...transfer,
    limits: { ...options, maxBytes: sizeBytes },
    copiesChunks: true,
  });
  return { url, sizeBytes: writer.sizeBytes };
}

async function readRemote(remote: RemoteFiles, url: string, transfer: Transfer): Promise<Download> {
  const { options, path, meter } = transfer;
  const file = await remote.find(url);
  checkSize(file.sizeBytes, options, 'no');
  const origin = { url: redactUrl(url), etag: file.etag, lastModified: '' };
  await receiveFile(file, path, { origin, meter });
  return { url, sizeBytes: file.sizeBytes };
}

async function fetchRest(url: string, transfer: Transfer): Promise<Download> {
  const { options, path } = transfer;
  const { start, validator } = await resumePoint(url, path);
  const response = await httpGet(url, {
    headers: start > 0 ? { range: `bytes=${start}-`, 'if-range': validator } : {},
    signal: options.signal,
    timeoutMs: options.timeoutMs,
  });
  const plan = planBody(response, start);
  if (typeof plan === 'string') {
    await response.discard();
    await discardPartial(path);
    // Unless we sent a Range, the same answer would come again.
    throw new FetchFailure('NETWORK', plan, { retry: start > 0 ? 'at-once' : 'no' });
  }
  const limit = options.expectedSizeBytes ?? options.maxBytes;
  if (plan.total !== undefined && (plan.total > limit || options.expectedSizeBytes !== undefined)) {
    try {
      checkSize(plan.total, options, 'later');
    } catch (error) {
      await response.discard();
      // A part of another file than the one asked for.
      if (plan.offset > 0) await discardPartial(path);
      throw error;
    }
  }
  const origin: Origin = {
    url: redactUrl(url),
    etag: response.header('etag'),
    lastModified: response.header('last-modified'),
  };
  transfer.meter.restart(plan.offset, options.expectedSizeBytes ?? plan.total);
  let writer: PartialWriter;
  try {
    writer = await PartialWriter.open(path, plan.offset, origin);
  } catch (error) {
    await response.discard();
    throw error;
  }
  await writeBody(writer, response.body, { ...transfer, limits: options });
  checkComplete(writer.sizeBytes, plan.total, options);
  return { url, sizeBytes: writer.sizeBytes };
}

/** Resumes a partial file only if a validator can tell the server which file it is a part of. */
async function resumePoint(url: string, path: string): Promise<{ start: number; validator: string }> {
  const sizeBytes = await partialSize(path);
  const origin = sizeBytes > 0 ? await readOrigin(path) : undefined;
  const validator = origin === undefined ? '' : ifRange(origin, redactUrl(url));
  return validator === '' ? { start: 0, validator } : { start: sizeBytes, validator };
}

/** Finds where the body belongs and the size of the whole file; or, as a sentence, why the response does not fit the request. */
function planBody(
  response: HttpResponse,
  start: number,
): { offset: number; total: number | undefined } | string {
  const length = contentLength(response);
  if (response.status === 200) return { offset: 0, total: length };
  if (response.status === 416)
    return `HTTP 416: the ${start} bytes here do not belong to the file on the server; starting over`;
  if (response.status !== 206 || start === 0) return `unexpected HTTP ${response.status}`;
  const range = /^bytes (\d{1,15})-(\d{1,15})\/(?:(\d{1,15})|\*)$/.exec(response.header('content-range'));
  if (range === null || Number(range[1]) !== start) {
    return `requested bytes from ${start}, got Content-Range "${response.header('content-range')}"; starting over`;
  }
  const total = range[3] === undefined ? undefined : Number(range[3]);
  return { offset: start, total: total ?? (length === undefined ? undefined : start + length) };
}
