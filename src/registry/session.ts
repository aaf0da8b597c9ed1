import type { Progress } from '../model/progress.ts';
import type { Domain, Repository } from '../model/reference.ts';
import type { Credentials } from './credentials.ts';

/** What a token must allow (distribution token scope documentation). */
export type Action = 'pull' | 'push' | 'delete';

export interface SessionOptions {
  /** Ends every request under way. */
  readonly signal?: AbortSignal;
  /** Who we are to which registry; default: the files and programs that docker and podman use (credentials.ts). */
  readonly credentials?: Credentials;
  /** Plain HTTP where a registry has no TLS, and certificates unchecked where it has. Loopback registries may be plain without. */
  readonly insecure?: boolean;
  /** PEM files: authorities to trust beside the system's; our own certificate and its key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The longest silence: until the headers, and between pieces of a body; default 30,000. */
  readonly timeoutMs?: number;
  /** Tries after the first one; default 4. */
  readonly retries?: number;
  /** First pause between tries, doubled each time; default 250. */
  readonly backoffMs?: number;
  /** Is told of tries that failed. */
  readonly progress?: Progress;
}

/** What a request may carry: bytes, or a way to open them again for another try. */
export interface RequestBody {
  readonly sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Whose token is used; for `/v2/` itself, a domain alone */
  readonly repository: Repository | { readonly domain: Domain };
  /** Below `/v2/<path>/` (`manifests/latest`), or a whole URL that the registry gave (Location, Link) */
  readonly target: string | URL;
  /** Default: pull for GET and HEAD, else pull and push */
  readonly actions?: readonly Action[];
  /** Repositories of the same registry that are read too: the source of a mount */
  readonly reads?: readonly Repository[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** May be sent again after a failure that leaves open whether it was done; default: all but POST and PATCH */
  readonly repeatable?: boolean;
  /** Replies of these statuses are returned rather than thrown, beside 2xx; 416 for a Range */
  readonly accept?: readonly number[];
}

export interface RegistryReply {
  readonly status: number;
  /** Of the last redirect */
  readonly url: URL;
  /** Empty when there is none */
  header(name: string): string;
  /** The bytes as sent. Ends with AppError NETWORK when they are cut. Read it, or call discard. */
  readonly body: AsyncIterable<Buffer>;
  discard(): Promise<void>;
}

/** Connections, credentials and tokens of one command, for any number of registries. */
export interface RegistrySession {
  readonly signal: AbortSignal | undefined;
  /**
   * Sends with authorization, redirects and retries.
   * @throws AppError NOT_FOUND, AUTH (401, 403), NETWORK, LIMIT, UNSUPPORTED, CANCELLED; with the registry's own message in it
   */
  send(request: RegistryRequest): Promise<RegistryReply>;
  /** The same session under another signal, for a part of the work that ends by itself. */
  under(signal: AbortSignal): RegistrySession;
  close(): Promise<void>;
}

/** Opens nothing yet: the first request does. Close it, or the process waits for its idle connections. */
export function openSession(_options: SessionOptions = {}): RegistrySession {
  throw new Error('being written');
}
