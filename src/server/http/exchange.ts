import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Action } from '../../model/action.ts';

/** Who sends a request, once access/ has looked at it. */
export interface Identity {
  /** User or subject of the token; empty: anonymous */
  readonly name: string;
  /** @param resource name of a repository, or a path with its slash, as in the rules of the configuration */
  may(action: Action, resource: string): boolean;
}

/** A request that is being answered, and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /**
   * Path as the client sent it, without the query. It has no `.` or `..` segment, no backslash and no control character, also
   * none that is percent-encoded, and no encoded slash: its segments can be decoded (`segments`) without being checked again.
   */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Of the request, in the access log and in `X-Request-Id` */
  readonly id: string;
  /** Address of the client, once operations/ has looked past the proxies */
  address: string;
  identity: Identity;
  /** Of the content that the answer is about, for the log */
  digest?: string | undefined;
  /** Aborted when the client leaves, or when the server ends */
  readonly signal: AbortSignal;
}

/** A part of the server that answers the requests below a path. */
export interface Service {
  /** Answers the request, or throws HttpError or AppError before anything of the answer has been sent. */
  handle(exchange: Exchange): Promise<void> | void;
}
