import type { PackageSource } from '../../model/package.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Context } from '../context.ts';
import type { IndexedRepository } from '../sources/indexed-repository.ts';
import { resolveSources } from '../sources/sources.ts';
import { ensureIndexed } from './ensure-indexed.ts';
import { type Lookup, Unresolved } from './lookup.ts';
import { systemOf } from './system-facts.ts';

/**
 * Indexes the request's repositories if needed, and opens them.
 * @param asked as of ensureIndexed; default: `'always'` if the user named repositories or mirrors, unless `context.fetching` limits
 * it
 * @throws AppError as ensureIndexed
 */
export async function openLookup(
  context: Context,
  options: SourceOptions,
  asked?: 'always' | 'if-missing',
): Promise<Lookup> {
  const sources = await resolveSources(context, options);
  const repositories = await ensureIndexed(
    context,
    sources,
    asked ?? (sources.named && context.fetching === undefined ? 'always' : 'if-missing'),
  );
  const source = sourceOf(context, repositories);
  const { distro } = sources;
  const system = systemOf({ sources, repositories, source });
  const resolver = distro.resolver.forSystem?.(system, options.solver) ?? distro.resolver;
  return { options, sources: { ...sources, distro: { ...distro, resolver } }, repositories, source };
}

/**
 * Opens the packages of the repositories, by the repositories' ranks. The source remembers every package that it has read.
 * @param options as of PackageTable.source
 */
export function sourceOf(
  { catalog }: Context,
  repositories: readonly IndexedRepository[],
  options?: { readonly brief: boolean },
): PackageSource {
  return catalog.packages.source(
    repositories.map(({ spec, row }) => ({ id: row.id, tag: spec.tag })),
    options,
  );
}

/**
 * Opens the request's repositories and runs `work` over one state of them.
 * @throws ResolutionError if `work` throws Unresolved; AppError as openLookup
 */
export async function withLookup<T>(
  context: Context,
  options: SourceOptions,
  work: (lookup: Lookup) => T,
): Promise<T> {
  return withSnapshot(context, await openLookup(context, options), work);
}

/** Runs `work` over one state of repositories that are open. @throws ResolutionError if `work` throws Unresolved */
export async function withSnapshot<T>(
  context: Context,
  lookup: Lookup,
  work: (lookup: Lookup) => T,
): Promise<T> {
  try {
    return context.catalog.snapshot(() => work(lookup));
  } catch (error) {
    if (!(error instanceof Unresolved)) throw error;
    const { resolutionError } = await import('./suggest-alternatives.ts');
    throw await resolutionError(context, lookup, error);
  }
}
