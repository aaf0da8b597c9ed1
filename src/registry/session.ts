import type { Progress } from '../model/progress.ts';
import type { Domain, Repository, RepositoryPath } from '../model/reference.ts';
import { type Credentials, systemCredentials } from './credentials.ts';
import { type Host, openHost } from './hosts.ts';
import { Secrets } from './redact.ts';
import type { Retries } from './retry.ts';
import { sendRequest } from './send.ts';

/** Slow registries pause for seconds; none that is alive stays silent this long. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** About 16 s of pauses in all: a registry that restarts is back by then. */
const DEFAULT_RETRIES = 6;
const DEFAULT_BACKOFF_MS = 250;

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
  /** Tries after the first one; default 6. */
  readonly retries?: number;
  /** First pause between tries, doubled each time; default 250. */
  readonly backoffMs?: number;
  /** Is told of tries that failed. */
  readonly progress?: Progress;
}

/** What a request may carry: opened again for another try. */
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
  /** Default: pull for GET and HEAD, delete for DELETE, else pull and push */
  readonly actions?: readonly Action[];
  /** Repositories of the same registry that are read too: the sources of mounts */
  readonly reads?: readonly RepositoryPath[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** May be sent again after a failure that leaves open whether it was done; default: all but POST and PATCH */
  readonly repeatable?: boolean;
  /** Statuses that are returned rather than thrown, beside 2xx */
  readonly accept?: readonly number[];
  /** The response's body is read within the tries, up to so many bytes; by default it is read by the caller, once. */
  readonly wholeBytes?: number;
}

export interface RegistryResponse {
  readonly status: number;
  /** After redirects */
  readonly url: URL;
  /** The first of the name; empty when there is none */
  header(name: string): string;
  /** All of the name */
  headers(name: string): readonly string[];
  /**
   * The bytes as sent. Read it, or call discard.
   * @throws AppError NETWORK when they are cut or too slow, CANCELLED
   */
  readonly body: AsyncIterable<Buffer>;
  discard(): Promise<void>;
  /** Where a Location or Link of this response leads. @throws AppError NETWORK when that is nowhere to go */
  follow(location: string): URL;
}

/** Connections, credentials and tokens of one command, for any number of registries. */
export interface RegistrySession {
  readonly signal: AbortSignal | undefined;
  /** Tries after the first one, and the pause before each: for work that goes on after a cut */
  readonly retries: Retries;
  /**
   * Sends with authorization, redirects and retries.
   * @throws AppError NOT_FOUND, AUTH (401, 403), NETWORK, LIMIT, UNSUPPORTED, CANCELLED; with the registry's own message in it
   */
  send(request: RegistryRequest): Promise<RegistryResponse>;
  /** The same session under another signal as well, for a part of the work that ends by itself. */
  under(signal: AbortSignal): RegistrySession;
  /** The same session with so many tries after the first, for what can be done without. */
  withRetries(count: number): RegistrySession;
  /** A text without passwords and tokens, for messages. */
  redact(text: string): string;
  close(): Promise<void>;
}

/** Opens nothing yet: the first request does. Close it, or the process waits for its idle connections. */
export function openSession(options: SessionOptions = {}): RegistrySession {
  const hosts = new Hosts(options);
  return sessionOver(hosts, options.signal, hosts.retries);
}

function sessionOver(hosts: Hosts, signal: AbortSignal | undefined, retries: Retries): RegistrySession {
  const { secrets, options } = hosts;
  return {
    signal,
    retries,
    send(request) {
      const { domain } = request.repository;
      const host = () => hosts.get(domain);
      return sendRequest(request, { host, signal, retries, secrets, progress: options.progress });
    },
    under: (inner) =>
      sessionOver(hosts, signal === undefined ? inner : AbortSignal.any([signal, inner]), retries),
    withRetries: (count) => sessionOver(hosts, signal, { ...retries, count }),
    redact: (text) => secrets.redact(text),
    close: () => hosts.close(),
  };
}

/** What all of a session's requests share. */
class Hosts {
  readonly options: SessionOptions;
  readonly secrets = new Secrets();
  readonly timeoutMs: number;
  readonly retries: Retries;
  readonly #credentials: Credentials;
  readonly #opened = new Map<Domain, Promise<Host>>();

  constructor(options: SessionOptions) {
    this.options = options;
    this.timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.retries = {
      count: options.retries ?? DEFAULT_RETRIES,
      backoffMs: options.backoffMs ?? DEFAULT_BACKOFF_MS,
    };
    this.#credentials = options.credentials ?? systemCredentials();
  }

  get(domain: Domain): Promise<Host> {
    const found = this.#opened.get(domain);
    if (found !== undefined) return found;
    const { options, secrets, timeoutMs } = this;
    const opening = openHost(domain, {
      session: options,
      credentials: this.#credentials,
      secrets,
      timeoutMs,
    });
    this.#opened.set(domain, opening);
    // The next try opens it anew.
    opening.catch(() => this.#opened.delete(domain));
    return opening;
  }

  async close(): Promise<void> {
    const all = [...this.#opened.values()];
    this.#opened.clear();
    for (const opened of await Promise.allSettled(all)) {
      if (opened.status === 'fulfilled') await opened.value.close();
    }
  }
}
