import type { HttpResponse } from '../fetch/exchange.ts';
import { FetchFailure } from '../fetch/failure.ts';
import { AppError } from '../model/app-error.ts';
import { parseJsonOr } from '../model/json.ts';
import { bytesBody, readUpTo } from './bodies.ts';
import { errorOfResponse, errorResponseText, readErrorResponse, transientFailure } from './error-response.ts';
import type { Secrets } from './redact.ts';
import { sentenceOf } from './remedies.ts';
import { covers, type Scopes, scopeTexts } from './scopes.ts';
import type { Credential, HostRequest } from './types.ts';

/** Tokens are a few kB; those with long lists of groups are tens of kB. */
const MAX_TOKEN_REPLY_BYTES = 1024 * 1024;
/** https://distribution.github.io/distribution/spec/auth/token/: the lifetime of a token if the server does not give one. */
const DEFAULT_LIFE_S = 60;
/** A token is not used for the last part of its life: the request still has to get there. */
const LIFE_LEFT = 0.9;
const CLIENT_ID = 'pkgcompose';
/** Answers to a POST from token servers that do not support OAuth 2. */
const NO_OAUTH: ReadonlySet<number> = new Set([404, 405, 501]);

/** Token server, as a Bearer challenge names it. */
export interface TokenServer {
  readonly realm: URL;
  readonly service: string;
}

/** Scopes and credential of a token. */
export interface TokenRequest {
  readonly server: TokenServer;
  readonly scopes: Scopes;
  readonly credential: Credential | undefined;
}

/** Access to the token servers of a registry. */
export interface TokenAccess {
  /** Follows redirects; the authorization goes to the realm's own origin only */
  exchange(url: URL, request: Omit<HostRequest, 'signal'>): Promise<HttpResponse>;
  readonly secrets: Secrets;
  /** The registry, for messages */
  readonly domain: string;
}

interface Token {
  readonly text: string;
  readonly scopes: Scopes;
  /** Time of performance.now */
  readonly expiresAtMs: number;
}

/** Bearer tokens of one registry: each is requested once and reused until it expires. */
export class Tokens {
  readonly #access: TokenAccess;
  /** Tokens by server and credential */
  readonly #tokens = new Map<string, Token[]>();
  readonly #underWay = new Map<string, Promise<Token>>();

  constructor(access: TokenAccess) {
    this.#access = access;
  }

  /** Returns a token that allows at least the requested scopes. @throws AppError AUTH, FetchFailure */
  async get(ask: TokenRequest): Promise<string> {
    const key = keyOf(ask);
    this.#forgetExpired();
    const token = this.#tokens.get(key)?.find(({ scopes }) => covers(scopes, ask.scopes));
    if (token !== undefined) return token.text;
    const purpose = [key, ...scopeTexts(ask.scopes)].join(' ');
    const fetched = this.#underWay.get(purpose) ?? this.#fetch(ask, key);
    this.#underWay.set(purpose, fetched);
    try {
      return (await fetched).text;
    } finally {
      this.#underWay.delete(purpose);
    }
  }

  /** Forgets a token that the registry rejected. */
  drop(text: string): void {
    for (const [key, tokens] of this.#tokens) {
      const kept = tokens.filter((token) => token.text !== text);
      this.#tokens.set(key, kept);
    }
  }

  #forgetExpired(): void {
    const now = performance.now();
    for (const [key, tokens] of this.#tokens) {
      const expired = tokens.filter(({ expiresAtMs }) => expiresAtMs <= now);
      for (const { text } of expired) this.#access.secrets.forget(text);
      if (expired.length > 0)
        this.#tokens.set(
          key,
          tokens.filter(({ expiresAtMs }) => expiresAtMs > now),
        );
    }
  }

  async #fetch(ask: TokenRequest, key: string): Promise<Token> {
    const { secrets } = this.#access;
    const sentAtMs = performance.now();
    const { text, lifeSeconds } = await this.#ask(ask);
    secrets.add(text);
    const token = { text, scopes: ask.scopes, expiresAtMs: sentAtMs + lifeSeconds * 1000 * LIFE_LEFT };
    this.#tokens.set(key, [...(this.#tokens.get(key) ?? []), token]);
    return token;
  }

  async #ask(ask: TokenRequest): Promise<{ text: string; lifeSeconds: number }> {
    const { credential, server } = ask;
    const response =
      credential?.kind === 'identity' ? await this.#post(ask, credential.token) : await this.#query(ask);
    if (response.status !== 200) {
      const refusal = await readErrorResponse(response, this.#access.secrets);
      const passing = transientFailure(refusal);
      if (passing !== undefined) throw passing;
      const name = { where: this.#access.domain, request: `token server ${server.realm.origin}` };
      if (credential?.kind === 'identity' && NO_OAUTH.has(refusal.status)) {
        throw new AppError(
          'AUTH',
          sentenceOf(name, 'its token server does not support identity tokens', errorResponseText(refusal)),
          {
            hint: `Log in with a password: compose login ${this.#access.domain}`,
          },
        );
      }
      if (refusal.status === 400 || refusal.status === 401 || refusal.status === 403) {
        throw new AppError(
          'AUTH',
          sentenceOf(
            name,
            credential === undefined ? 'authentication required' : 'the login was rejected',
            errorResponseText(refusal),
          ),
          {
            hint: `${credential === undefined ? 'Log in' : 'Check the user name and password, or log in again'}: compose login ${this.#access.domain}`,
            details: { ...refusal },
          },
        );
      }
      throw errorOfResponse(name, refusal);
    }
    return parseToken(await readUpTo(response, MAX_TOKEN_REPLY_BYTES), server.realm);
  }

  /** https://distribution.github.io/distribution/spec/auth/token/ */
  #query({ server, scopes, credential }: TokenRequest): Promise<HttpResponse> {
    const url = new URL(server.realm);
    if (server.service !== '') url.searchParams.set('service', server.service);
    for (const scope of scopeTexts(scopes)) url.searchParams.append('scope', scope);
    const headers: Record<string, string> = {};
    if (credential?.kind === 'basic') {
      url.searchParams.set('account', credential.username);
      headers.authorization = basicHeader(credential);
    }
    return this.#access.exchange(url, { method: 'GET', headers });
  }

  /** https://distribution.github.io/distribution/spec/auth/oauth/ */
  #post({ server, scopes }: TokenRequest, refreshToken: string): Promise<HttpResponse> {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      service: server.service,
      client_id: CLIENT_ID,
    });
    if (scopes.size > 0) form.set('scope', scopeTexts(scopes).join(' '));
    const bytes = Buffer.from(form.toString());
    return this.#access.exchange(server.realm, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(bytes.length),
      },
      content: bytesBody(bytes),
      stays: true,
    });
  }
}

function keyOf({ server, credential }: TokenRequest): string {
  return JSON.stringify([server.realm.href, server.service, credential ?? null]);
}

/** Makes the value of an Authorization header for Basic (RFC 7617). */
export function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function parseToken(bytes: Buffer, realm: URL): { text: string; lifeSeconds: number } {
  // The bytes may hold a token, so they are in no message.
  const value = (parseJsonOr(bytes, `token server ${realm.origin}`) ?? {}) as Record<string, unknown>;
  const text = [value.token, value.access_token].find((token) => typeof token === 'string' && token !== '');
  // RFC 6750 section 2.1: what may stand in the header; also keeps line ends out of it.
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text)) {
    throw new FetchFailure('NETWORK', `token server ${realm.origin}: HTTP 200 without a usable token`, {
      retry: 'no',
    });
  }
  const life = value.expires_in;
  return { text, lifeSeconds: typeof life === 'number' && life > 0 ? life : DEFAULT_LIFE_S };
}
