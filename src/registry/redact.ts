import { redactUrl } from '../fetch/url.ts';

/** A shorter secret would be found in unrelated words, and the gaps would reveal it. Its header is hidden all the same. */
const LEAST_CHARS = 6;

/**
 * Secrets that must never be shown: passwords, tokens, and the headers made of them. Each session has one set, and every text
 * from a registry passes through it. Only whole words are hidden: a secret cannot be recognised as a part of another word.
 */
export class Secrets {
  readonly #texts = new Map<string, readonly string[]>();

  /** Hides a secret from now on: as it is, URL-encoded and in base64. */
  add(secret: string): void {
    if (secret.length < LEAST_CHARS || this.#texts.has(secret)) return;
    const spellings = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
    this.#texts.set(secret, [...new Set(spellings)]);
  }

  /** Stops hiding a secret that has expired. */
  forget(secret: string): void {
    this.#texts.delete(secret);
  }

  /** Removes secrets from a text, and user names, passwords and query strings from its URLs. */
  redact(text: string): string {
    // The longest first: a secret may be a part of another.
    const spellings = [...this.#texts.values()].flat().sort((a, b) => b.length - a.length);
    let out = text;
    for (const spelling of spellings) {
      if (!out.includes(spelling)) continue;
      const whole = new RegExp(
        `(?<![\\p{L}\\p{N}])${spelling.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}(?![\\p{L}\\p{N}])`,
        'gu',
      );
      out = out.replace(whole, '***');
    }
    return redactUrl(out);
  }

  /** Redacts every string of a JSON value, keys included. */
  redactJson(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value);
    if (Array.isArray(value)) return value.map((item) => this.redactJson(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.redact(key), this.redactJson(item)]),
    );
  }
}
