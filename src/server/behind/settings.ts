import { integer, refuse, word } from '../../app/settings/setting-values.ts';
import { parseReference, parseRepository } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import type { Redirect } from './blob-places.ts';
import type { BehindOptions } from './open-behind.ts';

/*
 * What the command line and the configuration say about the registry behind. Each reader gets texts and the place for messages,
 * and throws AppError USAGE.
 */

/** Settings of the registry behind, from several places. */
export type BehindSettings = {
  readonly [Key in keyof Omit<BehindOptions, 'access'>]?: BehindOptions[Key] | undefined;
};

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
export function readRedirect(texts: readonly string[], where: string): Redirect {
  const text = word(texts, where);
  if (text === 'on' || text === 'off') return text === 'on';
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') return url;
  return refuse({ where, expected: 'on, off, or an http:// or https:// URL', got: text });
}

/**
 * Returns the options of the registry behind; undefined: there is none.
 * @throws AppError USAGE for a catalog without a store
 */
export function behindOptions(settings: BehindSettings, access: RegistryAccess): BehindOptions | undefined {
  const { store, ...more } = settings;
  if (store !== undefined) return { ...more, store, access };
  if (settings.catalog === undefined) return undefined;
  return refuse({
    where: '--store',
    expected: `the repository of packages that belongs to --catalog ${settings.catalog}`,
    got: undefined,
  });
}
