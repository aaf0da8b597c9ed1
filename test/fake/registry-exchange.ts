import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FakeRegistry, FakeRequest } from './registry.ts';

export interface State extends Omit<FakeRegistry, 'asked' | 'close' | 'host'> {
  /** Token → what it allows */
  readonly tokens: Map<string, { scopes: string; left: number; until: number }>;
  url: string;
}

export interface Exchange {
  readonly state: State;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: FakeRequest;
}

/** Cut where the switches say so: then it never returns. */
export async function readBody(
  { state, request, entry }: Exchange,
  keep?: (part: Buffer) => void,
): Promise<Buffer> {
  const cut = keep === undefined ? undefined : state.switches.cutUploads.shift();
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk);
    entry.bytes += chunk.length;
    if (cut !== undefined && entry.bytes >= cut) {
      keep?.(Buffer.concat(chunks).subarray(0, cut));
      request.socket.destroy();
    }
  }
  const body = Buffer.concat(chunks);
  keep?.(body);
  return body;
}

export function reply(
  exchange: Exchange,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer = '',
): void {
  const { request, response } = exchange;
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

export function refuse(
  exchange: Exchange,
  status: number,
  code: string,
  headers: Record<string, string> = {},
  ...details: readonly string[]
): void {
  const error = { code, message: code.toLowerCase().replaceAll('_', ' ') };
  const errors = details.length === 0 ? [error] : details.map((detail) => ({ ...error, detail }));
  reply(exchange, status, { 'content-type': 'application/json', ...headers }, JSON.stringify({ errors }));
}
