import type { ExchangeRequest } from '../fetch/exchange.ts';
import type { Progress } from '../model/progress.ts';
import type { Domain, Repository, RepositoryPath } from '../model/reference.ts';
import type { Retries } from './retry.ts';
import type { Scopes } from './scopes.ts';

/*
 * Types that the files of the registry client share.
 */

/** A login to a registry. */
export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** An OAuth 2 refresh token, sent to the token server only */
  | { readonly kind: 'identity'; readonly token: string }
  /** A token that is sent to the registry unchanged */
  | { readonly kind: 'bearer'; readonly token: string };

/** Target of a login or token: a repository, or a registry as a whole. */
export type AuthTarget = Repository | { readonly domain: Domain };

/** Source of logins. */
export interface Credentials {
  /**
   * Returns the login; undefined: anonymous.
   * @throws AppError AUTH if a credential helper fails, USAGE or STORAGE for an unreadable file
   */
  find(target: AuthTarget): Promise<Credential | undefined>;
}

/** Permissions that a request needs. */
export interface AccessScope {
  readonly repository: AuthTarget;
  readonly scopes: Scopes;
}

/** Action of a token scope: https://distribution.github.io/distribution/spec/auth/scope/ */
export type Action = 'pull' | 'push' | 'delete';

/** Options of a session. */
export interface SessionOptions {
  /** Ends every request in flight. */
  readonly signal?: AbortSignal;
  /** Default: the files and helpers that docker and podman use (credentials.ts). */
  readonly credentials?: Credentials;
  /** Allows plain HTTP and unverified certificates. Registries on loopback addresses may always use plain HTTP. */
  readonly insecure?: boolean;
  /** PEM file of authorities to trust in addition to the system's */
  readonly ca?: string;
  /** PEM file of the client certificate; needs `key` */
  readonly cert?: string;
  /** PEM file of the client certificate's private key */
  readonly key?: string;
  /** The longest silence in milliseconds, until the headers or between pieces of a body; default 30,000. */
  readonly timeoutMs?: number;
  /** Tries after the first one; default 6. */
  readonly retries?: number;
  /** First pause between tries in milliseconds, doubled each time; default 250. */
  readonly backoffMs?: number;
  /** Receives a note for every failed try that is repeated. */
  readonly progress?: Progress;
}

/** A request body that can be opened again for another try. */
export interface RequestBody {
  readonly sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
}

/** A request to a registry. */
export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Target of the token; for `/v2/` itself, a domain alone */
  readonly repository: AuthTarget;
  /** Path below `/v2/<path>/` (`manifests/latest`), or a whole URL from the registry (Location, Link) */
  readonly target: string | URL;
  /** Default: pull for GET and HEAD, delete for DELETE, else pull and push */
  readonly actions?: readonly Action[];
  /** Repositories of the same registry that are read as well: the sources of mounts */
  readonly reads?: readonly RepositoryPath[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** True: may be sent again after a failure that leaves open whether it took effect; default: all but POST and PATCH */
  readonly repeatable?: boolean;
  /** Statuses that are returned rather than thrown, in addition to 2xx */
  readonly accept?: readonly number[];
  /** Reads the body as part of each try, up to this many bytes. By default the caller reads it, once. */
  readonly wholeBytes?: number;
  /** Returns a redirect instead of following it; `accept` has its status */
  readonly stays?: boolean;
  /** Sends no login, as if there were none; `accept` has 401 */
  readonly anonymous?: boolean;
}

/** A response of a registry. */
export interface RegistryResponse {
  readonly status: number;
  /** After redirects */
  readonly url: URL;
  /** First header with the name; empty if there is none */
  header(name: string): string;
  /** All headers with the name */
  headers(name: string): readonly string[];
  /** The bytes as sent. Read them, or call discard. @throws AppError NETWORK if they are cut or too slow, CANCELLED */
  readonly body: AsyncIterable<Buffer>;
  discard(): Promise<void>;
  /** Resolves a Location or Link of this response. @throws AppError NETWORK for a URL that must not be followed */
  follow(location: string): URL;
}

/** Connections, credentials and tokens of one command, for any number of registries. */
export interface RegistrySession {
  readonly signal: AbortSignal | undefined;
  /** Tries after the first one, and the pause before each, for work that resumes after a cut */
  readonly retries: Retries;
  /**
   * Sends with authorization, redirects and retries.
   * @throws RegistryError NOT_FOUND, AUTH (401, 403), NETWORK, LIMIT, UNSUPPORTED, with the registry's own message;
   * AppError CANCELLED
   */
  send(request: RegistryRequest): Promise<RegistryResponse>;
  /** Returns the same session under a second signal, for a part of the work that can end by itself. */
  under(signal: AbortSignal): RegistrySession;
  /** Returns the same session with another number of tries after the first, for requests that may fail. */
  withRetries(count: number): RegistrySession;
  /** Removes passwords and tokens from a text for messages. */
  redact(text: string): string;
  close(): Promise<void>;
}

/** A request to one host, redirects included. */
export interface HostRequest extends Omit<ExchangeRequest, 'body' | 'signal' | 'timeoutMs'> {
  /** Opened again after a redirect */
  readonly content?: RequestBody | undefined;
  /** A redirect is returned rather than followed: the body is a secret, or the caller wants the address */
  readonly stays?: boolean | undefined;
  readonly signal: AbortSignal | undefined;
}
