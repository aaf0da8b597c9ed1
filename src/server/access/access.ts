import type { Exchange, Service } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { type ChallengeSite, challenge } from './challenge.ts';
import { type Client, Clients } from './clients.ts';
import { readPasswordFile } from './htpasswd.ts';
import type { AccessOptions } from './options.ts';
import { Passwords } from './passwords.ts';
import { SessionTokens } from './session-tokens.ts';
import { type Checks, clientOf } from './sign-in.ts';
import { type Demand, type Target, targetOf } from './target.ts';
import { giveToken } from './token-service.ts';
import { Tokens } from './tokens.ts';
import { type Report, Watched } from './watched.ts';

/** Lets requests through to a service, or refuses them. */
export interface Access {
  /** Answers /token, and hands on what is allowed, with `identity` set */
  guard(service: Service): Service;
  /** Reads the files again that it was made from. */
  reload(): Promise<void>;
  close(): void;
}

/** Reads the files that the options name. @throws AppError USAGE if one cannot be read */
export async function openAccess(
  options: AccessOptions,
  site: ChallengeSite,
  report: Report,
): Promise<Access> {
  const { htpasswd, tokens: tokenOptions, tokenKey } = options;
  const file =
    htpasswd === undefined
      ? undefined
      : await Watched.open([htpasswd], () => readPasswordFile(htpasswd), report);
  const tokens = tokenOptions === undefined ? undefined : await Tokens.open(tokenOptions, report);
  const guard = new Guard(options, site, {
    clients: new Clients(options),
    passwords: file === undefined ? undefined : new Passwords(() => file.value),
    tokens,
    sessions: await SessionTokens.open(tokenKey),
  });
  return {
    guard: (service) => ({ handle: (exchange) => guard.handle(exchange, service) }),
    reload: async () => void (await Promise.all([file?.reload(), tokens?.reload()])),
    close: () => {
      file?.close();
      tokens?.close();
    },
  };
}

const MESSAGES = {
  none: 'sign in first',
  invalid_token: 'the user, the password or the token is wrong',
  insufficient_scope: 'the token is not for this',
};

class Guard {
  readonly #options: AccessOptions;
  readonly #site: ChallengeSite;
  readonly #checks: Checks;

  constructor(options: AccessOptions, site: ChallengeSite, checks: Checks) {
    this.#options = options;
    this.#site = site;
    this.#checks = checks;
  }

  /** Returns a promise only if something has to be found out that is not remembered. */
  handle(exchange: Exchange, service: Service): Promise<void> | void {
    if (exchange.path === '/token') return giveToken(exchange, this.#checks);
    const target = targetOf(exchange.method, exchange.path, () => exchange.query);
    if (target === 'open') return service.handle(exchange);
    const found = clientOf(exchange, this.#checks);
    if (!(found instanceof Promise)) return this.#proceed(exchange, target, found, service);
    return found.then((client) => this.#proceed(exchange, target, client, service));
  }

  #proceed(
    exchange: Exchange,
    target: Exclude<Target, 'open'>,
    client: Client | undefined,
    service: Service,
  ): Promise<void> | void {
    if (client === undefined) throw this.#unauthorized(exchange, target, 'invalid_token');
    exchange.identity = client;
    if (target === 'login') this.#demandLogin(exchange, client);
    else for (const demand of target) this.#demand(exchange, target, client, demand);
    return service.handle(exchange);
  }

  /**
   * Clients learn from /v2/ how to sign in, and never do if they are let in without: those that have no login get a token for
   * nobody.
   */
  #demandLogin(exchange: Exchange, client: Client): void {
    const isLetIn = this.#checks.clients.isOpen && (exchange.path === '/v2/_catalog' || !this.#canSignIn());
    if (!client.isKnown && !isLetIn) throw this.#unauthorized(exchange, 'login', 'none');
  }

  #demand(exchange: Exchange, target: Target, client: Client, demand: Demand): void {
    const { action, resource } = demand;
    if (client.may(action, resource)) return;
    if (client.lacksScope(demand)) throw this.#unauthorized(exchange, target, 'insufficient_scope');
    if (client.name === '' && this.#canSignIn()) throw this.#unauthorized(exchange, target, 'none');
    const who = client.name === '' ? 'clients without a certificate' : client.name;
    throw new HttpError(403, 'DENIED', `${who} may not ${action} ${resource}`);
  }

  #canSignIn(): boolean {
    return this.#checks.passwords !== undefined || this.#checks.tokens !== undefined;
  }

  #unauthorized(exchange: Exchange, target: Target, error: keyof typeof MESSAGES): HttpError {
    const { passwords, tokens, clients } = this.#checks;
    const header = challenge(exchange, this.#site, {
      isBasic: passwords !== undefined && tokens === undefined && !clients.isOpen,
      realm: this.#options.tokens?.realm,
      service: this.#options.tokens?.service,
      demands: Array.isArray(target) ? target : [],
      error: error === 'none' ? undefined : error,
    });
    const more = this.#canSignIn() ? { headers: { 'www-authenticate': header } } : {};
    return new HttpError(401, 'UNAUTHORIZED', MESSAGES[error], more);
  }
}
