import type { Exchange, Service } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { type ChallengeSite, challenge } from './challenge.ts';
import { type Client, Clients } from './clients.ts';
import { readPasswordFile } from './htpasswd.ts';
import type { AccessOptions } from './options.ts';
import { Passwords } from './passwords.ts';
import { SessionTokens } from './session-tokens.ts';
import { type Checks, clientOf, Recent } from './sign-in.ts';
import { type Demand, type Target, targetOf } from './target.ts';
import { giveToken } from './token-service.ts';
import { Tokens } from './tokens.ts';
import { type Report, Watched } from './watched.ts';

/** Lets requests through to a service, or refuses them. */
export interface Access {
  /**
   * Answers /token, and hands on what is allowed, with `identity` set; without a promise if nothing has to be found out that is
   * not remembered.
   * @throws HttpError 401, 403, 429
   */
  through(service: Service, exchange: Exchange): Promise<void> | void;
  /** Reads the files again that it was made from. */
  reload(): Promise<void>;
  close(): void;
}

/** What access needs of the rest of the server. */
export interface Surroundings {
  readonly site: ChallengeSite;
  /** Counts a request, also one that is refused. @throws HttpError 429 */
  admit(exchange: Exchange): void;
  readonly report: Report;
}

/** Reads the files that the options name. @throws AppError USAGE if one cannot be read */
export async function openAccess(options: AccessOptions, around: Surroundings): Promise<Access> {
  const { htpasswd, tokens: tokenOptions, tokenKey } = options;
  const { report } = around;
  const file =
    htpasswd === undefined
      ? undefined
      : await Watched.open([htpasswd], () => readPasswordFile(htpasswd), report);
  const tokens = tokenOptions === undefined ? undefined : await Tokens.open(tokenOptions, report);
  const recent = new Recent();
  file?.onChange(() => recent.forget());
  tokens?.onChange(() => recent.forget());
  const guard = new Guard(options, around, {
    clients: new Clients(options),
    passwords: file === undefined ? undefined : new Passwords(() => file.value),
    tokens,
    sessions: await SessionTokens.open(tokenKey),
    recent,
  });
  return {
    through: (service, exchange) => guard.handle(exchange, service),
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
  readonly #around: Surroundings;
  readonly #checks: Checks;

  constructor(options: AccessOptions, around: Surroundings, checks: Checks) {
    this.#options = options;
    this.#around = around;
    this.#checks = checks;
  }

  handle(exchange: Exchange, service: Service): Promise<void> | void {
    if (exchange.path === '/token') {
      this.#around.admit(exchange);
      return giveToken(exchange, this.#checks);
    }
    const target = targetOf(exchange.method, exchange.path);
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
    if (client !== undefined) exchange.identity = client;
    this.#around.admit(exchange);
    if (client === undefined) throw this.#unauthorized(exchange, target, 'invalid_token');
    if (target === 'login') this.#demandLogin(exchange, client);
    else this.#demand(exchange, client, target);
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

  #demand(exchange: Exchange, client: Client, demand: Demand): void {
    const { action, resource } = demand;
    if (client.may(action, resource)) return;
    if (client.lacksScope(demand)) throw this.#unauthorized(exchange, demand, 'insufficient_scope');
    if (client.name === '' && this.#canSignIn()) throw this.#unauthorized(exchange, demand, 'none');
    const who = client.name === '' ? 'clients without a certificate' : client.name;
    throw new HttpError(403, 'DENIED', `${who} may not ${action} ${resource}`);
  }

  #canSignIn(): boolean {
    return this.#checks.passwords !== undefined || this.#checks.tokens !== undefined;
  }

  #unauthorized(exchange: Exchange, target: Target, error: keyof typeof MESSAGES): HttpError {
    const { passwords, tokens, clients } = this.#checks;
    const header = challenge(exchange, this.#around.site, {
      isBasic: passwords !== undefined && tokens === undefined && !clients.isOpen,
      realm: this.#options.tokens?.realm,
      service: this.#options.tokens?.service,
      demand: typeof target === 'string' ? undefined : target,
      error: error === 'none' ? undefined : error,
    });
    const more = this.#canSignIn() ? { headers: { 'www-authenticate': header } } : {};
    return new HttpError(401, 'UNAUTHORIZED', MESSAGES[error], more);
  }
}
