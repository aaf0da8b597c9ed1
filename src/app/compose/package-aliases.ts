import type { Context } from '../context.ts';
import type { Lookup } from '../repositories/lookup.ts';

/**
 * Returns the package that a word means which is no package's name, but like one's but for `x` in place of `+` and small letters in
 * place of capital ones: `libstdcxx`, `r`. Returns any other word unchanged, and one that several packages are like.
 */
export function realName(context: Context, { repositories, source }: Lookup, word: string): string {
  if (!/^[a-z0-9._-]+$/.test(word)) return word;
  const isKnown = [source.byName, source.providers, source.group].some((find) => find(word).length > 0);
  if (isKnown) return word;
  const rows = repositories.map(({ row }) => row);
  const like = context.catalog.packages.names(rows).filter((name) => name !== word && aliasOf(name) === word);
  return like.length === 1 ? (like[0] as string) : word;
}

function aliasOf(name: string): string {
  return name.toLowerCase().replaceAll('+', 'x');
}
