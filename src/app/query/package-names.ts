import type { DistroId } from '../../model/package.ts';
import type { Context } from '../context.ts';

/** Shells show no more, and ask first from a hundred on. */
const MAX_NAMES = 500;

/** Lists names of packages in the catalog that start with `prefix`, sorted; none without a prefix. */
export function packageNames(
  context: Context,
  query: { distro: DistroId; prefix: string },
): readonly string[] {
  if (query.prefix === '') return [];
  const repositories = context.catalog.repositories.all().filter(({ distro }) => distro === query.distro);
  return context.catalog.packages
    .names(repositories)
    .filter((name) => name.startsWith(query.prefix))
    .sort()
    .slice(0, MAX_NAMES);
}
