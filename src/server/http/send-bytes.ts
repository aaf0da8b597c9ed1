import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { errnoOf } from '../../files/errno.ts';
import type { ServedBlob } from '../content.ts';
import { isUnchanged, rangeApplies } from './conditional.ts';
import { ContentGone } from './content-gone.ts';
import type { Exchange } from './exchange.ts';
import { HttpError } from './http-error.ts';
import { type ByteRange, byteRange } from './range.ts';
import { respond, respondEmpty, writeHead } from './respond.ts';

/** Headers of the bytes that are sent. */
export interface BytesHeaders {
  readonly contentType: string;
  /** With its quotes; undefined: the bytes may change under one name */
  readonly etag?: string;
  /** Further ones */
  readonly headers?: Readonly<Record<string, string>>;
  /** Time in which the client has to take each 128 KiB, in milliseconds; default: a minute */
  readonly timeoutMs?: number;
}

/** Of one read and one write. Larger ones cost memory, of which every client that pulls has two, and save nothing. */
const CHUNK_BYTES = 128 * 1024;
/** A client that takes less than a chunk in this time (2 KiB/s) has left, or wants to keep the server busy. */
const CHUNK_TIMEOUT_MS = 60_000;

/**
 * Sends a file, a stream or a redirect, or the part that the client asks for; answers HEAD and conditional requests.
 * @throws ContentGone if the file is gone, HttpError 416; what the stream rejects with, if nothing has been sent
 */
export async function sendBlob(exchange: Exchange, blob: ServedBlob, headers: BytesHeaders): Promise<void> {
  if (blob.kind === 'redirect') {
    const { sizeBytes } = blob;
    if (exchange.method === 'HEAD' && sizeBytes !== undefined) {
      const { contentType, etag } = headers;
      const shown = {
        ...headers.headers,
        'content-type': contentType,
        ...(etag === undefined ? {} : { etag }),
      };
      exchange.response.writeHead(200, { ...shown, 'content-length': sizeBytes }).end();
    } else respond(exchange, 307, { ...headers.headers, location: blob.url });
    return;
  }
  const { request, response, method } = exchange;
  const { etag, timeoutMs = CHUNK_TIMEOUT_MS } = headers;
  if (etag !== undefined && isUnchanged(request.headers, etag)) {
    respondEmpty(exchange, 304, { ...headers.headers, etag });
    return;
  }
  const range = rangeOf(exchange, blob.sizeBytes, etag);
  const file = blob.kind === 'file' ? await openFile(blob.path) : undefined;
  try {
    const { start, end } = range ?? { start: 0, end: blob.sizeBytes };
    if (blob.kind === 'stream' && method !== 'HEAD' && start < end) {
      const sendHead = () => head(exchange, headers, blob.sizeBytes, range);
      await sendStream(exchange, blob, { start, end, sendHead, timeoutMs });
      return;
    }
    head(exchange, headers, blob.sizeBytes, range);
    if (method === 'HEAD' || file === undefined) response.end();
    else await sendFile(response, file, { start, end, timeoutMs });
  } finally {
    await file?.close();
  }
}

/** HEAD has no ranges (RFC 9110 section 14.2). */
function rangeOf(
  { request, method }: Exchange,
  sizeBytes: number,
  etag: string | undefined,
): ByteRange | undefined {
  if (method === 'HEAD' || (etag !== undefined && !rangeApplies(request.headers, etag))) return undefined;
  const range = byteRange(request.headers.range, sizeBytes);
  if (range !== 'unsatisfiable') return range;
  throw new HttpError(416, 'RANGE_INVALID', `the range is outside of ${sizeBytes} bytes`, {
    headers: { 'content-range': `bytes */${sizeBytes}` },
  });
}

function head(
  exchange: Exchange,
  { contentType, etag, headers }: BytesHeaders,
  sizeBytes: number,
  range: ByteRange | undefined,
): void {
  const { start, end } = range ?? { start: 0, end: sizeBytes };
  writeHead(exchange, range === undefined ? 200 : 206, {
    ...headers,
    'content-type': contentType,
    'content-length': end - start,
    'accept-ranges': 'bytes',
    ...(etag === undefined ? {} : { etag }),
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${sizeBytes}` }),
  });
}

type OpenFile = Awaited<ReturnType<typeof open>>;

async function openFile(path: string): Promise<OpenFile> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new ContentGone(error);
  }
}

/** Reads the next chunk while the one before is being sent, unless so many clients pull that buffers for that would cost too much. */
async function sendFile(
  response: ServerResponse,
  file: OpenFile,
  { start, end, timeoutMs }: ByteRange & { readonly timeoutMs: number },
): Promise<void> {
  const outlet = new Outlet(response, timeoutMs);
  const first = takeBuffer();
  const second = end - start > CHUNK_BYTES && taken < MAX_POOLED / 2 ? takeBuffer() : undefined;
  let areFree = false;
  try {
    let sending: Promise<void> | undefined;
    for (let at = start, into = first; at < end; into = into === first ? (second ?? first) : first) {
      if (second === undefined) await sending;
      const { bytesRead } = await file.read(into, 0, Math.min(CHUNK_BYTES, end - at), at);
      await sending;
      if (bytesRead === 0) throw new Error('the file has become shorter');
      at += bytesRead;
      sending = outlet.write(into.subarray(0, bytesRead));
      sending.catch(() => {});
    }
    await sending;
    response.end();
    // Not after an error: the system may still be sending from them.
    areFree = true;
  } finally {
    outlet.close();
    for (const buffer of second === undefined ? [first] : [first, second]) giveBack(buffer, areFree);
  }
}

/** 32 MiB */
const MAX_POOLED = 256;
/** Buffers that no response uses */
const pool: Buffer[] = [];
/** Number of those that responses use */
let taken = 0;

function takeBuffer(): Buffer {
  taken += 1;
  return pool.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
}

function giveBack(buffer: Buffer, isFree: boolean): void {
  taken -= 1;
  if (isFree && pool.length < MAX_POOLED) pool.push(buffer);
}

/** The head is sent together with the first bytes, so that a source that fails at once still gets an error answer. */
async function sendStream(
  { response, signal }: Exchange,
  blob: Extract<ServedBlob, { kind: 'stream' }>,
  {
    start,
    end,
    sendHead,
    timeoutMs,
  }: ByteRange & { readonly sendHead: () => void; readonly timeoutMs: number },
): Promise<void> {
  const outlet = new Outlet(response, timeoutMs);
  try {
    let left = end - start;
    for await (const chunk of blob.open(start, signal)) {
      if (!response.headersSent) sendHead();
      await outlet.write(chunk.length <= left ? chunk : chunk.subarray(0, left));
      left -= Math.min(chunk.length, left);
      if (left === 0) break;
    }
    if (left > 0) throw new Error('the content ended early');
    response.end();
  } finally {
    outlet.close();
  }
}

/** Writes to a client, and gives it up when it does not take what is written. */
class Outlet {
  readonly #response: ServerResponse;
  readonly #timer: NodeJS.Timeout;
  /** Of the write under way: what was not sent when a connection ends is not always reported to it. */
  #reject = (_: Error): void => {};
  readonly #onClose = (): void => this.#reject(new Error('the client has left'));

  constructor(response: ServerResponse, timeoutMs: number) {
    this.#response = response;
    this.#timer = setTimeout(() => response.destroy(), timeoutMs);
    response.once('close', this.#onClose);
  }

  /** Resolves when the client (or its system) has taken the bytes. @throws if the client has left */
  async write(bytes: Uint8Array): Promise<void> {
    this.#timer.refresh();
    await new Promise<void>((resolve, reject) => {
      this.#reject = reject;
      this.#response.write(bytes, (error) => (error == null ? resolve() : reject(error)));
      if (this.#response.closed) this.#onClose();
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#response.off('close', this.#onClose);
  }
}
