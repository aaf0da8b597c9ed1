import { createHmac, randomBytes } from 'node:crypto';
import { HttpError } from '../http/http-error.ts';
import type { PasswordFile } from './htpasswd.ts';

/** Checks at a time. Node's thread pool has four threads, which files and compression need too. */
const MAX_CHECKS = 2;
/** Checks that wait; at a hundred milliseconds each, the last one waits for seconds. */
const MAX_WAITING = 64;
/** Of these from one address, so that one client's guesses do not keep out others. */
const MAX_WAITING_PER_ADDRESS = 8;
const RIGHT_MS = 300_000;
const WRONG_MS = 10_000;
const MAX_VERDICTS = 10_000;

interface Verdict {
  readonly isRight: boolean;
  readonly untilMs: number;
}

type Compare = (password: string, hash: string) => Promise<boolean>;

/**
 * Checks passwords on Node's thread pool, a few at a time. Verdicts are remembered for a short time under a keyed hash of user,
 * password and hash: passwords themselves are not kept, and a verdict ends with its line in the file.
 */
export class Passwords {
  readonly #key = randomBytes(32);
  readonly #verdicts = new Map<string, Verdict>();
  readonly #pending = new Map<string, Promise<boolean>>();
  readonly #waiting: (() => void)[] = [];
  readonly #waitingBy = new Map<string, number>();
  readonly #file: () => PasswordFile;
  #checks = 0;
  #compare: Compare | undefined;

  constructor(file: () => PasswordFile) {
    this.#file = file;
  }

  /** The hash of a user's password; undefined for unknown users. */
  hashOf(user: string): string | undefined {
    return this.#file().hashes.get(user);
  }

  /**
   * Tells whether a user has this password, without a promise if that is remembered. Unknown users take as long.
   * @throws HttpError 429 if too many checks wait
   */
  check(user: string, password: string, address: string): boolean | Promise<boolean> {
    const { hashes, nobody } = this.#file();
    const known = hashes.get(user);
    const hash = known ?? nobody;
    const id = createHmac('sha256', this.#key).update(`${user}\0${password}\0${hash}`).digest('base64');
    const verdict = this.#verdicts.get(id);
    if (verdict !== undefined && verdict.untilMs > Date.now()) return verdict.isRight;
    let pending = this.#pending.get(id);
    if (pending === undefined) {
      pending = this.#run({ password, hash, address }).then((isEqual) => {
        const isRight = isEqual && known !== undefined;
        this.#remember(id, isRight);
        return isRight;
      });
      this.#pending.set(id, pending);
      const forget = () => this.#pending.delete(id);
      pending.then(forget, forget);
    }
    return pending;
  }

  #remember(id: string, isRight: boolean): void {
    this.#verdicts.delete(id);
    this.#verdicts.set(id, { isRight, untilMs: Date.now() + (isRight ? RIGHT_MS : WRONG_MS) });
    const [oldest] = this.#verdicts.keys();
    if (this.#verdicts.size > MAX_VERDICTS && oldest !== undefined) this.#verdicts.delete(oldest);
  }

  async #run({ password, hash, address }: { password: string; hash: string; address: string }) {
    await this.#turn(address);
    try {
      this.#compare ??= (await import('bcrypt')).default.compare as Compare;
      // The three letters name bugs of old programs; the hashes are the same.
      return await this.#compare(password, hash.replace(/^\$2[ay]/, '$2b'));
    } finally {
      this.#checks -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(address: string): Promise<void> {
    if (this.#checks >= MAX_CHECKS) {
      const own = this.#waitingBy.get(address) ?? 0;
      if (this.#waiting.length >= MAX_WAITING || own >= MAX_WAITING_PER_ADDRESS) {
        throw new HttpError(429, 'TOOMANYREQUESTS', 'too many logins at once; try again', {
          headers: { 'retry-after': '1' },
        });
      }
      this.#waitingBy.set(address, own + 1);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      const left = (this.#waitingBy.get(address) ?? 1) - 1;
      if (left > 0) this.#waitingBy.set(address, left);
      else this.#waitingBy.delete(address);
    }
    this.#checks += 1;
  }
}
