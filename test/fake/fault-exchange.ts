import {
  type Agent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { countBytes, cutAfter, FLUSH_MS, invertByte, keepFirst, throttle } from './body-stages.ts';

/** What happens to one request; several may be said together. */
export interface ProxyFault {
  /** Before anything else */
  readonly delayMs?: number;
  /** Answered instead of what the server says; it is not asked */
  readonly status?: number;
  /** With `status` */
  readonly body?: string;
  /** With `status`: answered when so many bytes of the request's body have come, not all. The rest is read and counted. */
  readonly afterRequestBytes?: number;
  /** With `status`: answered when the server has done what was asked, as a gateway that lost patience does */
  readonly afterServer?: boolean;
  /** Set in the reply, whoever made it; undefined: left out */
  readonly replyHeaders?: Readonly<Record<string, string | undefined>>;
  /** The server gets the request without its Authorization, so its own 401 and challenge come back */
  readonly dropsAuthorization?: boolean;
  /** Both connections are cut when so many bytes of the request's body have been passed on; 0: before the request is */
  readonly cutRequestAfterBytes?: number;
  /** Both are cut after so many bytes of the reply's body; 0: after its headers */
  readonly cutReplyAfterBytes?: number;
  /** The server does it all, and the client's connection is cut before a byte of the reply */
  readonly losesReply?: boolean;
  /** The reply's body ends properly after so many bytes */
  readonly truncateReplyTo?: number;
  /** With `truncateReplyTo`: what Content-Length says: the bytes that come (at first), those that should, or nothing */
  readonly contentLength?: 'truncated' | 'original' | 'none';
  /** The byte at this offset of the request's body arrives inverted */
  readonly corruptRequestByte?: number;
  readonly corruptReplyByte?: number;
  /** Of either body, about */
  readonly bytesPerSecond?: number;
}

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query as sent */
  readonly url: string;
  /** Of a credential the scheme and a hash, by which two can be told apart */
  readonly headers: IncomingHttpHeaders;
  /** Of the client's connection, counted from 1 */
  readonly connection: number;
  /** What the client was told; 0: nothing */
  status: number;
  /** What the server said; 0: nothing, or it was not asked */
  serverStatus: number;
  /** Of the body, as the client sent them */
  requestBytes: number;
  /** Of the body, as the client was sent them */
  replyBytes: number;
  fault: ProxyFault | undefined;
  /** Nothing more comes in either direction */
  done: boolean;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: ProxiedRequest;
  readonly fault: ProxyFault;
}

/** Rejects when the server is not there or gives up half way; the client is then to be cut off. */
export async function passOn(exchange: Exchange, target: URL, agent: Agent): Promise<void> {
  const { request, response, entry, fault } = exchange;
  if (fault.delayMs !== undefined) await sleep(fault.delayMs, undefined, { ref: false });
  if (fault.cutRequestAfterBytes === 0 || request.socket.destroyed) return void request.socket.destroy();
  if (fault.status !== undefined && !fault.afterServer) {
    await receive(exchange);
    return answer(exchange, fault.status);
  }
  const onward = httpRequest({
    host: target.hostname,
    port: target.port,
    method: entry.method,
    path: entry.url,
    headers: requestHeaders(request, fault),
    agent,
  });
  response.once('close', () => {
    if (!response.writableFinished) onward.destroy();
  });
  const replied = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once('response', resolve);
    onward.on('error', reject);
  });
  // Not `pipeline`: a server that replies early and closes must not take the client's connection with it.
  const last = requestStages(exchange).reduce<Readable>((from, stage) => from.pipe(stage), request);
  last.pipe(onward);
  response.once('finish', () => last.unpipe().resume());
  const reply = await replied;
  entry.serverStatus = reply.statusCode ?? 0;
  await sendReply(exchange, reply);
}

function requestHeaders(request: IncomingMessage, fault: ProxyFault): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ...request.headers };
  // These are said between two neighbours only.
  for (const name of ['connection', 'keep-alive', 'expect']) delete headers[name];
  if (fault.dropsAuthorization) delete headers.authorization;
  return headers;
}

function requestStages({ request, entry, fault }: Exchange): Transform[] {
  const stages = [countBytes((bytes) => (entry.requestBytes += bytes))];
  if (fault.corruptRequestByte !== undefined) stages.push(invertByte(fault.corruptRequestByte));
  if (fault.bytesPerSecond !== undefined) stages.push(throttle(fault.bytesPerSecond));
  if (fault.cutRequestAfterBytes !== undefined) {
    stages.push(cutAfter(fault.cutRequestAfterBytes, () => request.socket.destroy()));
  }
  return stages;
}

/** Resolves when as much of the request has come as the fault says; the rest goes on being counted. */
function receive({ request, entry, fault }: Exchange): Promise<void> {
  const limit = fault.afterRequestBytes ?? Number.POSITIVE_INFINITY;
  return new Promise((resolve) => {
    request.on('data', (chunk: Buffer) => {
      entry.requestBytes += chunk.length;
      if (entry.requestBytes >= limit) resolve();
    });
    request.once('close', resolve);
    request.once('end', resolve);
    if (limit === 0) resolve();
  });
}

function answer({ response, entry, fault }: Exchange, status: number): void {
  const body = Buffer.from(fault.body ?? `fault ${status}\n`);
  entry.status = status;
  const headers = { 'content-type': 'text/plain', 'content-length': String(body.length) };
  response.writeHead(status, withChanges(headers, fault));
  if (entry.method !== 'HEAD') entry.replyBytes = body.length;
  response.end(entry.method === 'HEAD' ? undefined : body);
}

async function sendReply(exchange: Exchange, reply: IncomingMessage): Promise<void> {
  const { request, response, entry, fault } = exchange;
  if (fault.losesReply || fault.afterServer) {
    for await (const _chunk of reply);
    if (fault.losesReply || fault.status === undefined) return void request.socket.destroy();
    return answer(exchange, fault.status);
  }
  entry.status = entry.serverStatus;
  response.writeHead(entry.status, reply.statusMessage, replyHeaders(reply, fault));
  if (fault.cutReplyAfterBytes === 0) {
    response.flushHeaders();
    await sleep(FLUSH_MS);
    return void request.socket.destroy();
  }
  const stages = replyStages(exchange);
  await pipeline([reply, ...stages, response] as unknown as [IncomingMessage, ServerResponse], {
    end: false,
  });
  // A body shorter than was said can only be ended by the connection.
  if (fault.truncateReplyTo !== undefined && fault.contentLength === 'original') response.socket?.end();
  else response.end();
}

function replyHeaders(reply: IncomingMessage, fault: ProxyFault): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ...reply.headersDistinct };
  for (const name of ['connection', 'keep-alive', 'transfer-encoding']) delete headers[name];
  const length = reply.headers['content-length'];
  if (fault.truncateReplyTo !== undefined && length !== undefined) {
    const kept = String(Math.min(Number(length), fault.truncateReplyTo));
    const said = { truncated: kept, original: length, none: undefined };
    headers['content-length'] = said[fault.contentLength ?? 'truncated'];
  }
  return withChanges(headers, fault);
}

function replyStages({ request, entry, fault }: Exchange): Transform[] {
  const stages: Transform[] = [];
  if (fault.corruptReplyByte !== undefined) stages.push(invertByte(fault.corruptReplyByte));
  if (fault.bytesPerSecond !== undefined) stages.push(throttle(fault.bytesPerSecond));
  if (fault.truncateReplyTo !== undefined) stages.push(keepFirst(fault.truncateReplyTo));
  if (fault.cutReplyAfterBytes !== undefined) {
    stages.push(cutAfter(fault.cutReplyAfterBytes, () => request.socket.destroy()));
  }
  return [...stages, countBytes((bytes) => (entry.replyBytes += bytes))];
}

function withChanges(headers: OutgoingHttpHeaders, { replyHeaders }: ProxyFault): OutgoingHttpHeaders {
  const all = { ...headers, ...lowerCaseNames(replyHeaders ?? {}) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function lowerCaseNames<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
