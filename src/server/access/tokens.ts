import { createHash } from 'node:crypto';
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { reasonOf } from '../../files/errno.ts';
import { readLimitedInput } from '../../files/limited-file.ts';
import type { Action } from '../../model/action.ts';
import { AppError } from '../../model/app-error.ts';
import { parseJson } from '../../model/json.ts';
import { HttpError } from '../http/http-error.ts';
import { type Subject, textsOf } from './rules.ts';
import { type Report, Watched } from './watched.ts';

/** Bearer tokens of an issuer that the server trusts. */
export interface TokenOptions {
  readonly issuer: readonly string[];
  readonly audience: readonly string[];
  /** File with the issuer's public keys (JWKS, RFC 7517) */
  readonly jwks?: string;
  /** Address of them */
  readonly jwksUrl?: string;
  /** Seconds by which clocks may differ */
  readonly leeway?: number;
  readonly userClaim?: string;
  readonly groupsClaim?: string;
}

/** A token that has been verified. */
export interface Token {
  readonly subject: Subject;
  /** What the token itself is limited to (`access`, `scope`); undefined: it says nothing about that */
  readonly scopes: readonly Scope[] | undefined;
  /** Seconds since the epoch */
  readonly expires: number;
}

/** A part of a token's `access` claim (distribution's "Token Authentication Implementation"). */
export interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Signatures by private keys alone: with one of HMAC, the public key would be the secret. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const MAX_JWKS_BYTES = 1 << 20;
const DEFAULT_LEEWAY_SECONDS = 30;
/** Tokens are verified again after a minute, by which time a key may have been withdrawn. */
const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 5_000;

/** Verifies Bearer tokens by an issuer's keys. */
export class Tokens {
  readonly #options: TokenOptions;
  readonly #keys: Watched<JWTVerifyGetKey>;
  readonly #report: Report;
  readonly #verified = new Map<string, { readonly token: Token; readonly untilMs: number }>();

  private constructor(options: TokenOptions, keys: Watched<JWTVerifyGetKey>, report: Report) {
    this.#options = options;
    this.#report = rarely(report);
    this.#keys = keys;
    keys.onChange(() => this.#verified.clear());
  }

  /** @throws AppError USAGE if the file of keys cannot be read; keys of an address are fetched when a token comes */
  static async open(options: TokenOptions, report: Report): Promise<Tokens> {
    const { jwks, jwksUrl } = options;
    const { createRemoteJWKSet } = await import('jose');
    const load = async () =>
      jwks === undefined ? createRemoteJWKSet(new URL(jwksUrl ?? '')) : await keysOf(jwks);
    const keys = await Watched.open(jwks === undefined ? [] : [jwks], load, report);
    return new Tokens(options, keys, report);
  }

  /** Returns what a token that has been verified a moment ago says. */
  remembered(text: string): Token | undefined {
    const found = this.#verified.get(idOf(text));
    const now = Date.now();
    return found !== undefined && found.untilMs > now && found.token.expires * 1000 > now
      ? found.token
      : undefined;
  }

  /**
   * Verifies a token: signature, issuer, audience, times. Undefined: it is not valid.
   * @throws HttpError 503 if the issuer's keys cannot be fetched, so that nobody can tell
   */
  async verify(text: string): Promise<Token | undefined> {
    const { issuer, audience, leeway = DEFAULT_LEEWAY_SECONDS } = this.#options;
    const { jwtVerify } = await import('jose');
    const checks: JWTVerifyOptions = {
      algorithms: ALGORITHMS,
      issuer: [...issuer],
      audience: [...audience],
      clockTolerance: leeway,
      requiredClaims: ['exp'],
    };
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(text, this.#keys.value, checks));
    } catch (error) {
      if (this.#options.jwksUrl === undefined || !isAboutKeys(error)) return undefined;
      this.#report(
        `${this.#options.jwksUrl}: the keys of the issuer cannot be fetched: ${reasonOfFetch(error)}`,
      );
      throw new HttpError(503, 'UNAVAILABLE', 'tokens cannot be checked at the moment; try again', {
        headers: { 'retry-after': '30' },
      });
    }
    const token = this.#tokenOf(payload);
    if (this.#verified.size >= MAX_REMEMBERED) this.#verified.clear();
    this.#verified.set(idOf(text), { token, untilMs: Date.now() + REMEMBERED_MS });
    return token;
  }

  onChange(listener: () => void): void {
    this.#keys.onChange(listener);
  }

  reload(): Promise<void> {
    return this.#keys.reload();
  }

  close(): void {
    this.#keys.close();
  }

  #tokenOf(payload: JWTPayload): Token {
    const { userClaim = 'sub', groupsClaim = 'groups' } = this.#options;
    const [name = ''] = textsOf(payload[userClaim]);
    return {
      subject: { name, groups: textsOf(payload[groupsClaim]), claims: payload },
      scopes: scopesOf(payload),
      expires: payload.exp ?? 0,
    };
  }
}

/** Errors of jose that say nothing about the token. */
const KEY_ERRORS = ['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'];
const REPORT_MS = 60_000;

function isAboutKeys(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  // What fetch throws
  return error instanceof TypeError || KEY_ERRORS.includes(String(code));
}

function reasonOfFetch(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}

/** Passes on one message in a minute: every request may cause one. */
function rarely(report: Report): Report {
  let nextMs = 0;
  return (message) => {
    if (Date.now() < nextMs) return;
    nextMs = Date.now() + REPORT_MS;
    report(message);
  };
}

/** Tokens are secrets: only their hashes are kept. */
function idOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

async function keysOf(path: string): Promise<JWTVerifyGetKey> {
  const { createLocalJWKSet } = await import('jose');
  let keys: { readonly keys?: readonly { readonly kty?: unknown }[] };
  try {
    const text = (await readLimitedInput(path, MAX_JWKS_BYTES)).toString('utf8');
    keys = parseJson(text, path) as typeof keys;
  } catch (error) {
    const reason =
      error instanceof AppError || error instanceof SyntaxError ? error.message : reasonOf(error);
    throw new AppError('USAGE', `cannot read the keys ${path}: ${reason}`, { cause: error });
  }
  const list = keys?.keys;
  if (!Array.isArray(list) || !list.every((key) => ['RSA', 'EC', 'OKP'].includes(key?.kty))) {
    throw new AppError('USAGE', `${path}: expected a JWKS of public keys (RFC 7517), {"keys": […]}`);
  }
  return createLocalJWKSet(keys as Parameters<typeof createLocalJWKSet>[0]);
}

function scopesOf({ access, scope }: JWTPayload): readonly Scope[] | undefined {
  if (Array.isArray(access)) {
    return access.flatMap(({ type, name, actions } = {}) =>
      typeof type === 'string' && typeof name === 'string' ? [{ type, name, actions: textsOf(actions) }] : [],
    );
  }
  const words = textsOf(scope).flatMap((text) => text.split(' '));
  const scopes = words.flatMap((text) => {
    const [, type, name, actions] = /^(repository|registry)(?:\([^)]*\))?:(.+):([a-z,*]*)$/.exec(text) ?? [];
    return type === undefined || name === undefined
      ? []
      : [{ type, name, actions: actions?.split(',') ?? [] }];
  });
  return scopes.length === 0 ? undefined : scopes;
}

/** Tells whether a token's own limits let it be used for this. Whoever may pull an image may have it composed. */
export function scopesAllow(scopes: readonly Scope[], action: Action, resource: string): boolean {
  const type = resource.startsWith('/') ? 'path' : 'repository';
  const word = action === 'compose' ? 'pull' : action;
  return scopes.some(
    (scope) =>
      scope.type === type &&
      scope.name === resource &&
      (scope.actions.includes(word) || scope.actions.includes('*')),
  );
}
