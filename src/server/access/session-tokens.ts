import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readLimitedInput } from '../../files/limited-file.ts';
import { AppError } from '../../model/app-error.ts';
import { parseJsonOr } from '../../model/json.ts';

/** Clients fetch another one when it is refused. */
export const SESSION_SECONDS = 300;
const PREFIX = 'compose1.';
const MIN_KEY_BYTES = 32;
const MAX_KEY_BYTES = 4096;

/** Makes and checks the tokens that clients get from /token for a password, or for none. */
export class SessionTokens {
  readonly #key: Buffer;

  private constructor(key: Buffer) {
    this.#key = key;
  }

  /**
   * @param keyFile secret that all servers behind one address share; undefined: a random one, which ends with this process
   * @throws AppError USAGE
   */
  static async open(keyFile: string | undefined): Promise<SessionTokens> {
    if (keyFile === undefined) return new SessionTokens(randomBytes(MIN_KEY_BYTES));
    let key: Buffer;
    try {
      key = await readLimitedInput(keyFile, MAX_KEY_BYTES);
    } catch (error) {
      throw new AppError('USAGE', `cannot read the token key ${keyFile}: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (key.length >= MIN_KEY_BYTES) return new SessionTokens(key);
    throw new AppError('USAGE', `${keyFile}: expected at least ${MIN_KEY_BYTES} bytes, got ${key.length}`, {
      hint: `Make it with: head -c 32 /dev/urandom >${keyFile}`,
    });
  }

  /** @param hash of the user's password: when it changes, the token ends; empty: anonymous */
  make(user: string, hash: string): string {
    const expires = Math.floor(Date.now() / 1000) + SESSION_SECONDS;
    const body = Buffer.from(JSON.stringify([user, expires])).toString('base64url');
    return `${PREFIX}${body}.${this.#sign(body, hash).toString('base64url')}`;
  }

  /** Tells whether a text claims to be such a token. */
  static is(text: string): boolean {
    return text.startsWith(PREFIX);
  }

  /** Returns the user of a valid token, empty if that is anonymous; undefined: not valid. @param hashOf undefined: no such user */
  check(text: string, hashOf: (user: string) => string | undefined): string | undefined {
    const [body = '', signature = ''] = text.slice(PREFIX.length).split('.');
    const read = parseJsonOr(Buffer.from(body, 'base64url'), 'the token');
    const [user, expires] = Array.isArray(read) ? (read as unknown[]) : [];
    if (typeof user !== 'string' || typeof expires !== 'number') return undefined;
    const hash = user === '' ? '' : hashOf(user);
    if (hash === undefined) return undefined;
    const got = Buffer.from(signature, 'base64url');
    const expected = this.#sign(body, hash);
    if (got.length !== expected.length || !timingSafeEqual(got, expected)) return undefined;
    return expires * 1000 > Date.now() ? user : undefined;
  }

  #sign(body: string, hash: string): Buffer {
    return createHmac('sha256', this.#key).update(`${body}\0${hash}`).digest();
  }
}
