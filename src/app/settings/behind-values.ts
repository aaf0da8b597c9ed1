import { parseReference, parseRepository } from '../../model/reference.ts';
import { integer, refuse, word } from './setting-values.ts';

/*
 * What the command line and the configuration of a server say about the registry behind it. Each reader gets texts and the place for
 * messages, and throws AppError USAGE.
 */

/** Reads a repository's name: `registry.example/packages`. */
export function readRepository(texts: readonly string[], where: string): string {
  const text = word(texts, where);
  parseRepository(text);
  return text;
}

/** Reads the reference of a published catalog. */
export function readCatalog(texts: readonly string[], where: string): string {
  const text = word(texts, where);
  parseReference(text);
  return text;
}

/** Reads whole seconds; returns milliseconds. */
export function readRefresh(texts: readonly string[], where: string): number {
  return integer({ from: 1, to: 86_400 }, texts, where) * 1000;
}

/** Reads `on`, `off`, or the address by which clients reach the registry. */
export function readRedirect(texts: readonly string[], where: string): boolean | URL {
  const text = word(texts, where);
  if (text === 'on' || text === 'off') return text === 'on';
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') return url;
  return refuse({ where, expected: 'on, off, or an http:// or https:// URL', got: text });
}
