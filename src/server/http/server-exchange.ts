import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestId } from '../operations/request-id.ts';
import type { Exchange, Identity } from './exchange.ts';
import { requestTarget } from './request-path.ts';

const ANONYMOUS: Identity = { name: '', may: () => true };

/** An Exchange of Node.js' server. What only some requests need is made when it is asked for. */
export class ServerExchange implements Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly id: string;
  identity = ANONYMOUS;
  digest: string | undefined = undefined;
  #target: { readonly path: string; readonly query: string } | undefined;
  #query: URLSearchParams | undefined;
  #address: string | undefined;
  #leaving: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    this.id = requestId(request);
    this.method = request.method ?? 'GET';
  }

  /** @throws HttpError 400 for a malformed target */
  get path(): string {
    this.#target ??= requestTarget(this.request.url ?? '/');
    return this.#target.path;
  }

  get query(): URLSearchParams {
    this.#target ??= requestTarget(this.request.url ?? '/');
    this.#query ??= new URLSearchParams(this.#target.query);
    return this.#query;
  }

  get address(): string {
    return this.#address ?? this.request.socket.remoteAddress ?? '';
  }

  set address(address: string) {
    this.#address = address;
  }

  get signal(): AbortSignal {
    if (this.#leaving === undefined) {
      const leaving = new AbortController();
      this.#leaving = leaving;
      if (this.response.closed) leaving.abort();
      else
        this.response.once('close', () => {
          if (!this.response.writableFinished) leaving.abort();
        });
    }
    return this.#leaving.signal;
  }
}
