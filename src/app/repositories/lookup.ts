import type { Candidate } from '../../distros/distro.ts';
import type { CatalogPackage, PackageSource, SolveProblem } from '../../model/package.ts';
import { requestName } from '../../model/relation.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Context } from '../context.ts';
import type { IndexedRepository } from '../sources/indexed-repository.ts';
import { resolveSources, type Sources } from '../sources/sources.ts';
import { ensureIndexed } from './ensure-indexed.ts';
import { systemOf } from './system-facts.ts';

/** The repositories of a request, indexed, with what is in them. */
export interface Lookup {
  readonly options: SourceOptions;
  readonly sources: Sources;
  /** By rank */
  readonly repositories: readonly IndexedRepository[];
  readonly source: PackageSource;
}

/** @param asked as of ensureIndexed; by default what the user named is asked always. @throws AppError as ensureIndexed */
export async function openLookup(
  context: Context,
  options: SourceOptions,
  asked?: 'always' | 'if-missing',
): Promise<Lookup> {
  const sources = await resolveSources(context, options);
  const repositories = await ensureIndexed(
    context,
    sources,
    asked ?? (sources.named ? 'always' : 'if-missing'),
  );
  const source = sourceOf(context, repositories);
  const { distro } = sources;
  const system = systemOf({ sources, repositories, source });
  const own = distro.forSystem?.(system, options.solver) ?? distro;
  return { options, sources: { ...sources, distro: own }, repositories, source };
}

/** What is in the repositories, by their ranks; it remembers every package that it has read. */
export function sourceOf({ catalog }: Context, repositories: readonly IndexedRepository[]): PackageSource {
  return catalog.packages.source(repositories.map(({ spec, row }) => ({ id: row.id, tag: spec.tag })));
}

/** Work over one state of the repositories. @throws ResolutionError for what `work` refuses; AppError as openLookup */
export async function withLookup<T>(
  context: Context,
  options: SourceOptions,
  work: (lookup: Lookup) => T,
): Promise<T> {
  return workWith(context, await openLookup(context, options), work);
}

/** The same for repositories that are looked into already. */
export async function workWith<T>(context: Context, lookup: Lookup, work: (lookup: Lookup) => T): Promise<T> {
  try {
    return context.catalog.snapshot(() => work(lookup));
  } catch (error) {
    if (!(error instanceof Unresolved)) throw error;
    const { resolutionError } = await import('./suggest-alternatives.ts');
    throw await resolutionError(context, lookup, error);
  }
}

/** What cannot be had, before it is known what there is in its place. */
export class Unresolved extends Error {
  readonly problems: readonly SolveProblem[];
  /** The real tool's own words */
  readonly report: readonly string[];
  /** As of ResolutionFailure */
  readonly hint: string | undefined;

  constructor(problems: readonly SolveProblem[], report: readonly string[], hint?: string) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
    this.report = report;
    this.hint = hint;
  }
}

export interface FoundPackages {
  readonly by: 'name' | 'provides';
  /** The solver's first choice first */
  readonly packages: readonly CatalogPackage[];
}

/**
 * The packages that a target means, `name`, `repository/name` or a relation: those of that name, else those that
 * provide it. Never none.
 * @throws Refusal
 */
export function findPackages({ repositories, source, sources }: Lookup, target: string): FoundPackages {
  const slash = target.indexOf('/');
  const rank = repositories.findIndex(({ spec }) => slash > 0 && spec.name === target.slice(0, slash));
  const word = rank < 0 ? target : target.slice(slash + 1);
  const name = requestName(word, sources.distro.id);
  const candidates = sources.distro
    .providersOf(word, source)
    .filter((candidate) => rank < 0 || candidate.package.repositoryRank === rank);
  const named = candidates.filter(({ package: entry }) => entry.name === name);
  if (candidates.length === 0) {
    throw new Unresolved([absent(target, name, [...source.byName(name), ...source.providers(name)])], []);
  }
  return named.length > 0
    ? { by: 'name', packages: packagesOf(named) }
    : { by: 'provides', packages: packagesOf(candidates) };
}

function packagesOf(candidates: readonly Candidate[]): readonly CatalogPackage[] {
  return [...new Set(candidates.map((candidate) => candidate.package))];
}

const MAX_CANDIDATES = 5;

/** `others`: packages of that name which the target does not mean. */
function absent(target: string, name: string, others: readonly CatalogPackage[]): SolveProblem {
  const labels = [...new Set(others.map((entry) => `${entry.name}-${entry.version}`))];
  const candidates = labels.slice(0, MAX_CANDIDATES);
  const chain = ['world'];
  const message = `no such package: ${target}${candidates.length === 0 ? '' : `; available: ${candidates.join(', ')}`}`;
  return {
    kind: 'unknown',
    subject: name,
    requirement: target,
    chain,
    terms: [{ verdict: 'requires', requirement: target, chain }],
    message,
    candidates,
  };
}
