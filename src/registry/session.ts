import type { Domain } from '../model/reference.ts';
import { systemCredentials } from './credentials.ts';
import { type Host, openHost } from './hosts.ts';
import { Secrets } from './redact.ts';
import type { Retries } from './retry.ts';
import { sendRequest } from './send.ts';
import type { Credentials, RegistrySession, SessionOptions } from './types.ts';

/** Slow registries pause for seconds; none that is alive stays silent this long. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** About 16 s of pauses in all: a registry that restarts is back by then. */
const DEFAULT_RETRIES = 6;
const DEFAULT_BACKOFF_MS = 250;

/** Returns a session, which opens connections with its first request. Close it, or the process waits for its idle connections. */
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

/** Hosts, credentials and tokens that all requests of a session share. */
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
