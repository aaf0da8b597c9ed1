import type { HttpResponse } from '../fetch/exchange.ts';
import { AppError } from '../model/app-error.ts';
import { fullName } from '../model/reference.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Remedy } from './remedies.ts';
import { joined, parseScopes } from './scopes.ts';
import { basicHeader, type TokenAccess, type TokenServer, Tokens } from './tokens.ts';
import type { AccessScope, AuthTarget, Credential, Credentials } from './types.ts';

/** Options of authorization at one registry. */
export interface AuthOptions extends TokenAccess {
  readonly base: URL;
  readonly insecure: boolean;
  readonly credentials: Credentials;
}

/** How the registry is authorized: by the credential itself, or by a token that its token server issues. */
type AuthScheme = { readonly kind: 'direct' } | { readonly kind: 'token'; readonly server: TokenServer };

/** Authorization at one registry: its challenge, and the tokens that answer it. */
export class Auth {
  readonly #options: AuthOptions;
  readonly #tokens: Tokens;
  readonly #credentials = new Map<string, Promise<Credential | undefined>>();
  #scheme: AuthScheme | undefined;
  #preparation: Promise<void> | undefined;
  #worked: string | undefined;

  constructor(options: AuthOptions) {
    this.#options = options;
    this.#tokens = new Tokens(options);
  }

  /**
   * Learns the registry's challenge before the first request, if there is a login. Nothing then has to be sent twice, and
   * registries that answer 404 to anonymous requests show what they have.
   */
  async prepare(repository: AuthTarget, ask: () => Promise<HttpResponse>): Promise<void> {
    if (this.#scheme !== undefined || (await this.#credential(repository)) === undefined) return;
    this.#preparation ??= ask().then(async (response) => {
      if (response.status === 401) this.#learn(response, await this.#credential(repository));
      await response.discard();
    });
    try {
      await this.#preparation;
    } catch (error) {
      this.#preparation = undefined;
      throw error;
    }
  }

  /** Returns the value of the Authorization header; undefined if none is needed. @throws AppError AUTH, FetchFailure */
  async header({ repository, scopes }: AccessScope): Promise<string | undefined> {
    const scheme = this.#scheme;
    if (scheme === undefined) return undefined;
    const credential = await this.#credential(repository);
    if (credential?.kind === 'bearer') return `Bearer ${credential.token}`;
    if (scheme.kind === 'token') {
      return `Bearer ${await this.#tokens.get({ server: scheme.server, scopes, credential })}`;
    }
    return credential?.kind === 'basic' ? this.#hidden(basicHeader(credential)) : undefined;
  }

  /** Records a header that the registry accepted: a later 401 to it is worth another try. */
  worked(header: string | undefined): void {
    this.#worked = header;
  }

  /**
   * Learns from a 401 to a request that was sent with `header`.
   * @returns the scope for the next try; undefined if another try would send the same again
   * @throws AppError AUTH, FetchFailure
   */
  async challenged(
    response: HttpResponse,
    access: AccessScope,
    header: string | undefined,
  ): Promise<AccessScope | undefined> {
    const credential = await this.#credential(access.repository);
    const scope = this.#learn(response, credential);
    const worked = header !== undefined && header === this.#worked;
    if (scope === undefined && !worked) return undefined;
    const wider = { ...access, scopes: joined([access.scopes, parseScopes(scope ?? '')]) };
    if (header?.startsWith('Bearer ')) this.#tokens.drop(header.slice('Bearer '.length));
    const next = await this.header(wider);
    return next === undefined || (next === header && !worked) ? undefined : wider;
  }

  /** Explains a 401 or 403, and says what to do about it. */
  async remedy({ repository }: AccessScope, status: number): Promise<Remedy> {
    const login = `compose login ${this.#options.domain}`;
    const credential = await this.#credential(repository);
    if (credential === undefined) {
      const meaning = status === 403 ? 'access denied without a login' : 'authentication required';
      return { meaning, hint: `Log in: ${login}` };
    }
    if (this.#scheme === undefined && status === 401) {
      const kind = credential.kind === 'identity' ? 'an identity token' : 'a user name and password';
      return {
        meaning: `the registry offers no way to log in with ${kind}`,
        hint: `Log in with what it takes: ${login}`,
      };
    }
    return status === 403
      ? {
          meaning: 'this account has no permission for that',
          hint: `Ask for the permission, or log in with another account: ${login}`,
        }
      : {
          meaning: 'wrong user name or password',
          hint: `Check them, or log in with another account: ${login}`,
        };
  }

  /** The challenge's scope; undefined when it offers no scheme that fits the credential. */
  #learn(response: HttpResponse, credential: Credential | undefined): string | undefined {
    const challenges = parseChallenges(response.headers('www-authenticate'));
    const tokens = challenges.find(
      ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
    );
    // A registry that also offers Basic means it for old clients.
    if (tokens !== undefined) this.#scheme = { kind: 'token', server: this.#tokenServer(tokens) };
    else if (challenges.some(({ scheme }) => acceptsCredential(scheme, credential)))
      this.#scheme = { kind: 'direct' };
    else return undefined;
    return tokens?.parameters.get('scope') ?? '';
  }

  #tokenServer({ parameters }: Challenge): TokenServer {
    const realm = URL.parse(parameters.get('realm') ?? '');
    if (realm === null || (realm.protocol !== 'https:' && realm.protocol !== 'http:')) {
      throw new AppError(
        'AUTH',
        `${this.#options.domain}: token server: expected an http or https URL, got ${JSON.stringify(parameters.get('realm') ?? '')}`,
      );
    }
    if (realm.protocol === 'http:' && this.#options.base.protocol === 'https:' && !this.#options.insecure) {
      throw new AppError(
        'AUTH',
        `${this.#options.domain}: token server ${realm.origin}: no TLS, so the credentials would be sent unencrypted`,
        { hint: 'Pass --insecure to allow that.' },
      );
    }
    realm.username = '';
    realm.password = '';
    return { realm, service: parameters.get('service') ?? '' };
  }

  #credential(repository: AuthTarget): Promise<Credential | undefined> {
    const key = 'path' in repository ? fullName(repository) : repository.domain;
    const found = this.#credentials.get(key) ?? this.#find(repository);
    this.#credentials.set(key, found);
    return found;
  }

  async #find(repository: AuthTarget): Promise<Credential | undefined> {
    const credential = await this.#options.credentials.find(repository);
    if (credential?.kind === 'basic') {
      this.#hidden(basicHeader(credential));
      this.#hidden(credential.password);
    } else if (credential !== undefined) this.#hidden(credential.token);
    return credential;
  }

  #hidden(secret: string): string {
    this.#options.secrets.add(secret.replace(/^Basic /, ''));
    return secret;
  }
}

/** Tells whether the credential itself may be sent: a password only for Basic; a registry token under any scheme. */
function acceptsCredential(scheme: string, credential: Credential | undefined): boolean {
  return credential?.kind === 'bearer' || (credential?.kind === 'basic' && scheme === 'basic');
}
