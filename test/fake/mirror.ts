import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What goes wrong for one path (decoded, `/main/x86_64/a.apk`) or for all (`*`). */
export interface Fault {
  /** Only so many requests are hit; undefined: every one */
  times?: number;
  /** Answered instead of the file: 404, 403, 500, 429 (with `headers: { 'retry-after': '1' }`) */
  status?: number;
  /** Added to the reply, over its own */
  headers?: Record<string, string>;
  /** Location of a 302 (or `status`) */
  redirect?: string;
  /** The connection is closed after so many bytes of the body; 0: before the headers */
  cutAfterBytes?: number;
  /** Nothing more is sent after so many bytes of the body; 0: not even headers */
  stallAfterBytes?: number;
  /** Every byte of the body is inverted */
  wrongBytes?: boolean;
  /** Announced instead of the true Content-Length */
  contentLength?: number;
  /** No Content-Length */
  chunked?: boolean;
  /** A Range is answered with 200 and everything */
  ignoresRange?: boolean;
  /** No ETag and no Last-Modified */
  noValidators?: boolean;
  /** Body bytes per second, about */
  bytesPerSecond?: number;
}

export interface MirrorRequest {
  readonly method: string;
  /** As sent, percent-encoded */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** 0 while none was sent */
  status: number;
  /** Of the body, handed to the socket */
  bytes: number;
}

export interface MirrorFile {
  readonly bytes: Uint8Array;
  readonly mtimeMs?: number;
}

/** Content for a decoded path; undefined: 404. */
export type MirrorHandler = (
  path: string,
  request: IncomingMessage,
) => MirrorFile | undefined | Promise<MirrorFile | undefined>;

export interface Mirror {
  /** `http://127.0.0.1:PORT`, no trailing slash */
  readonly url: string;
  readonly requests: MirrorRequest[];
  readonly faults: Map<string, Fault>;
  close(): Promise<void>;
}

interface Content {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly etag: string;
  open(start: number, end: number): Readable;
}

/** A loopback HTTP mirror over a folder or a handler: GET, HEAD, ETag, Last-Modified, conditional requests, one Range. */
export async function startMirror(
  source: string | MirrorHandler,
  faults: Readonly<Record<string, Fault>> = {},
): Promise<Mirror> {
  const requests: MirrorRequest[] = [];
  const faultMap = new Map(Object.entries(faults));
  const server = createServer((request, response) => {
    const entry: MirrorRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      status: 0,
      bytes: 0,
    };
    requests.push(entry);
    answer({ source, faults: faultMap, request, response, entry }).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    faults: faultMap,
    close() {
      return new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      });
    },
  };
}

interface Exchange {
  readonly source: string | MirrorHandler;
  readonly faults: Map<string, Fault>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: MirrorRequest;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, entry } = exchange;
  const path = decodeURIComponent((request.url ?? '/').replace(/\?.*$/s, ''));
  const fault = takeFault(exchange.faults, path);
  if (fault.cutAfterBytes === 0) {
    request.socket.destroy();
    return;
  }
  if (fault.stallAfterBytes === 0) return;
  if (fault.redirect !== undefined) {
    send(exchange, fault.status ?? 302, { location: fault.redirect, ...fault.headers });
    return;
  }
  if (fault.status !== undefined) {
    send(
      exchange,
      fault.status,
      { 'content-type': 'text/plain', ...fault.headers },
      `fault ${fault.status}\n`,
    );
    return;
  }
  if (entry.method !== 'GET' && entry.method !== 'HEAD') return send(exchange, 405, { allow: 'GET, HEAD' });
  const content = await find(exchange.source, path, request);
  if (content === undefined) return send(exchange, 404, { 'content-type': 'text/plain' }, 'not here\n');
  await serve(exchange, content, fault);
}

async function serve(exchange: Exchange, content: Content, fault: Fault): Promise<void> {
  const { request, response, entry } = exchange;
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
  };
  const lastModified = new Date(content.mtimeMs).toUTCString();
  if (!fault.noValidators) Object.assign(headers, { etag: content.etag, 'last-modified': lastModified });
  Object.assign(headers, fault.headers);
  const known = request.headers['if-none-match'];
  const unchanged =
    known === undefined ? request.headers['if-modified-since'] === lastModified : known === content.etag;
  if (unchanged && !fault.noValidators) return send(exchange, 304, headers);

  const range = fault.ignoresRange ? undefined : wantedRange(request, content, lastModified);
  if (range === 'unsatisfiable') {
    return send(exchange, 416, { 'content-range': `bytes */${content.sizeBytes}` });
  }
  const start = range?.start ?? 0;
  const end = range?.end ?? content.sizeBytes - 1;
  if (range !== undefined) headers['content-range'] = `bytes ${start}-${end}/${content.sizeBytes}`;
  if (!fault.chunked) headers['content-length'] = String(fault.contentLength ?? end - start + 1);
  entry.status = range === undefined ? 200 : 206;
  response.strictContentLength = false;
  response.writeHead(entry.status, headers);
  if (entry.method === 'HEAD' || content.sizeBytes === 0) {
    response.end();
    return;
  }
  const body = content.open(start, end);
  const stages = [body, ...shapers(fault), counter(entry)];
  try {
    await pipeline([...stages, response] as unknown as [Readable, ServerResponse], { end: false });
  } catch {
    // The client went away, or the fault cut the line.
    response.destroy();
    return;
  }
  if (fault.stallAfterBytes !== undefined && entry.bytes >= fault.stallAfterBytes) return;
  // A body unlike its announced length can only be ended by the connection.
  if (fault.contentLength !== undefined) response.socket?.end();
  else response.end();
}

function takeFault(faults: Map<string, Fault>, path: string): Fault {
  const key = faults.has(path) ? path : '*';
  const fault = faults.get(key);
  if (fault === undefined) return {};
  if (fault.times !== undefined) {
    if (fault.times <= 0) return {};
    fault.times -= 1;
  }
  return fault;
}

function send(exchange: Exchange, status: number, headers: Record<string, string>, body = ''): void {
  const { response, entry } = exchange;
  entry.status = status;
  entry.bytes = entry.method === 'HEAD' ? 0 : body.length;
  if (status !== 304) headers['content-length'] ??= String(body.length);
  response.writeHead(status, headers);
  response.end(entry.method === 'HEAD' ? '' : body);
}

function wantedRange(
  request: IncomingMessage,
  content: Content,
  lastModified: string,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const condition = request.headers['if-range'];
  if (condition !== undefined && condition !== content.etag && condition !== lastModified) return undefined;
  const found = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  if (found === null || (found[1] === '' && found[2] === '')) return undefined;
  const last = content.sizeBytes - 1;
  const start = found[1] === '' ? Math.max(0, content.sizeBytes - Number(found[2])) : Number(found[1]);
  const end = found[1] === '' || found[2] === '' ? last : Math.min(Number(found[2]), last);
  return start > end ? 'unsatisfiable' : { start, end };
}

function shapers(fault: Fault): Transform[] {
  const stages: Transform[] = [];
  if (fault.wrongBytes) stages.push(map((chunk) => Buffer.from(chunk.map((byte) => byte ^ 0xff))));
  if (fault.bytesPerSecond !== undefined) stages.push(throttle(fault.bytesPerSecond));
  const limit = fault.cutAfterBytes ?? fault.stallAfterBytes;
  if (limit !== undefined) stages.push(stopAfter(limit, fault.cutAfterBytes !== undefined));
  return stages;
}

function map(change: (chunk: Buffer) => Buffer): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, change(chunk));
    },
  });
}

function counter(entry: MirrorRequest): Transform {
  return map((chunk) => {
    entry.bytes += chunk.length;
    return chunk;
  });
}

function stopAfter(limit: number, cut: boolean): Transform {
  let left = limit;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (left > 0 || !cut) return done(null, part);
      this.push(part);
      // Give the last bytes time to leave before the line is cut.
      setTimeout(() => done(new Error('cut')), 100);
    },
  });
}

function throttle(bytesPerSecond: number): Transform {
  return new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      const step = Math.max(1, Math.ceil(bytesPerSecond / 50));
      for (let at = 0; at < chunk.length; at += step) {
        this.push(chunk.subarray(at, at + step));
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (this.destroyed) return;
      }
      done();
    },
  });
}

async function find(
  source: string | MirrorHandler,
  path: string,
  request: IncomingMessage,
): Promise<Content | undefined> {
  if (typeof source !== 'string') {
    const file = await source(path, request);
    if (file === undefined) return undefined;
    const { bytes } = file;
    return {
      sizeBytes: bytes.length,
      mtimeMs: file.mtimeMs ?? 1_700_000_000_000,
      etag: `"${createHash('sha1').update(bytes).digest('hex')}"`,
      open: (start, end) => Readable.from([Buffer.from(bytes.subarray(start, end + 1))]),
    };
  }
  const full = join(source, normalize(`/${path}`));
  const found = await stat(full).catch(() => undefined);
  if (found === undefined || !found.isFile()) return undefined;
  return {
    sizeBytes: found.size,
    mtimeMs: found.mtimeMs,
    etag: `"${found.size.toString(16)}-${Math.round(found.mtimeMs * 1000).toString(16)}"`,
    open: (start, end) => createReadStream(full, { start, end, highWaterMark: 512 * 1024 }),
  };
}
