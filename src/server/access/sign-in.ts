import type { IncomingMessage } from 'node:http';
import type { Exchange } from '../http/exchange.ts';
import type { Client, Clients } from './clients.ts';
import { certificateSubject, credentialsOf, looksLikeToken } from './credentials.ts';
import type { Passwords } from './passwords.ts';
import { SessionTokens } from './session-tokens.ts';
import type { Tokens } from './tokens.ts';

/** What credentials are checked with. */
export interface Checks {
  readonly clients: Clients;
  readonly passwords: Passwords | undefined;
  readonly tokens: Tokens | undefined;
  readonly sessions: SessionTokens;
  /** Clients of connections */
  readonly recent: Recent;
}

/**
 * Clients that connections were seen with a moment ago: they send the same credentials with every request, and hashing these takes
 * longer than the answer. Forgotten when a file changes.
 */
export class Recent {
  #clients = new WeakMap<
    object,
    { readonly header: string; readonly client: Client; readonly untilMs: number }
  >();

  find({ socket, headers }: IncomingMessage): Client | undefined {
    const found = this.#clients.get(socket);
    const isSame = found !== undefined && found.header === headers.authorization;
    return isSame && found.untilMs > Date.now() ? found.client : undefined;
  }

  keep({ socket, headers }: IncomingMessage, client: Client): void {
    const { authorization: header } = headers;
    if (header !== undefined) this.#clients.set(socket, { header, client, untilMs: Date.now() + RECENT_MS });
  }

  forget(): void {
    this.#clients = new WeakMap();
  }
}

/** By so much a token may outlive its end. */
const RECENT_MS = 1000;

type Found = Client | undefined;

/**
 * Finds the client of a request, without a promise if it is remembered. Undefined: its credentials are wrong.
 * @throws HttpError 429
 */
export function clientOf({ request, address }: Exchange, checks: Checks): Found | Promise<Found> {
  const recent = checks.recent.find(request);
  if (recent !== undefined) return recent;
  const found = checked(request, address, checks);
  const kept = (client: Found): Found => {
    if (client !== undefined) checks.recent.keep(request, client);
    return client;
  };
  return found instanceof Promise ? found.then(kept) : kept(found);
}

function checked(request: IncomingMessage, address: string, checks: Checks): Found | Promise<Found> {
  const { clients, tokens } = checks;
  const credentials = credentialsOf(request);
  switch (credentials.kind) {
    case 'none': {
      const subject = certificateSubject(request);
      return subject === undefined ? clients.anonymous : clients.ofSubject(subject);
    }
    case 'password': {
      const { user, password } = credentials;
      if (tokens !== undefined && looksLikeToken(password)) return byToken(password, checks);
      return byPassword(user, password, address, checks);
    }
    case 'bearer': {
      const { token } = credentials;
      return SessionTokens.is(token) ? bySession(token, checks) : byToken(token, checks);
    }
    default:
      return undefined;
  }
}

function byPassword(
  user: string,
  password: string,
  address: string,
  { clients, passwords }: Checks,
): Found | Promise<Found> {
  const isRight = passwords?.check(user, password, address);
  if (isRight instanceof Promise) return isRight.then((right) => (right ? clients.named(user) : undefined));
  return isRight === true ? clients.named(user) : undefined;
}

function bySession(token: string, { clients, passwords, sessions }: Checks): Found {
  const user = sessions.check(token, (name) => passwords?.hashOf(name));
  if (user === undefined) return undefined;
  return user === '' ? clients.nobody : clients.named(user);
}

function byToken(text: string, { clients, tokens }: Checks): Found | Promise<Found> {
  const remembered = tokens?.remembered(text);
  if (remembered !== undefined) return clients.ofToken(remembered);
  return tokens?.verify(text).then((token) => (token === undefined ? undefined : clients.ofToken(token)));
}
