import type { Candidate } from '../distros/distro.ts';
import { AppError } from '../model/app-error.ts';
import type { CatalogPackage, PackageSource } from '../model/package.ts';
import { requestName } from '../model/relation.ts';
import type { SourceOptions } from '../model/request.ts';
import type { Context } from './context.ts';
import type { IndexedRepository } from './indexed-repository.ts';
import { nearestNames } from './nearest.ts';
import { ensureIndexed } from './repositories.ts';
import { resolveSources, type Sources } from './sources.ts';

/** The repositories of a question, indexed, with what is in them. */
export interface Lookup {
  readonly sources: Sources;
  /** By rank */
  readonly repositories: readonly IndexedRepository[];
  readonly source: PackageSource;
}

const MAX_SUGGESTIONS = 5;

/** @throws AppError as ensureIndexed */
export async function openLookup(context: Context, options: SourceOptions): Promise<Lookup> {
  const sources = await resolveSources(context, options);
  const repositories = await ensureIndexed(context, sources, sources.named ? 'always' : 'if-missing');
  const ranked = repositories.map(({ spec, row }) => ({ id: row.id, tag: spec.tag }));
  return { sources, repositories, source: context.catalog.packages.source(ranked) };
}

export interface Found {
  readonly by: 'name' | 'provides';
  /** The solver's first choice first */
  readonly packages: readonly CatalogPackage[];
}

/**
 * The packages that a target means, `name`, `repository/name` or a relation: those of that name, else those that
 * provide it. Never none.
 * @throws AppError UNKNOWN_PACKAGE
 */
export function find(context: Context, lookup: Lookup, target: string): Found {
  const { repositories, source, sources } = lookup;
  const slash = target.indexOf('/');
  const rank = repositories.findIndex(({ spec }) => slash > 0 && spec.name === target.slice(0, slash));
  const word = rank < 0 ? target : target.slice(slash + 1);
  const name = requestName(word, sources.distro.id);
  const candidates = sources.distro
    .providersOf(word, source)
    .filter((candidate) => rank < 0 || candidate.package.repositoryRank === rank);
  const named = candidates.filter(({ package: entry }) => entry.name === name);
  if (candidates.length === 0) throw unknown(context, lookup, word);
  return named.length > 0
    ? { by: 'name', packages: packagesOf(named) }
    : { by: 'provides', packages: packagesOf(candidates) };
}

function packagesOf(candidates: readonly Candidate[]): readonly CatalogPackage[] {
  return [...new Set(candidates.map((candidate) => candidate.package))];
}

/** How Alpine names what packages provide besides themselves: commands, libraries, pkg-config files. */
const PROVIDED_KINDS = ['cmd:', 'so:', 'pc:'];

function unknown(context: Context, lookup: Lookup, target: string): AppError {
  const { repositories, source, sources } = lookup;
  const name = requestName(target, sources.distro.id);
  const ranked = repositories.map(({ row }) => ({ id: row.id, tag: '' }));
  const others = [...source.byName(name), ...source.providers(name)];
  const nearest =
    others.length > 0 ? [] : nearestNames(name, context.catalog.packages.names(ranked), MAX_SUGGESTIONS);
  const providers = PROVIDED_KINDS.flatMap((kind) => source.providers(`${kind}${name}`));
  const found = elsewhere(context, lookup, name);
  const there = others.length === 0 ? '' : `; there is ${some(others).join(', ')}`;
  const hints = [
    ...(found.length === 0 ? [] : [`The catalog has it elsewhere: ${found.join('; ')}.`]),
    ...(nearest.length === 0 ? [] : [`Did you mean ${nearest.join(', ')}?`]),
  ];
  return new AppError(
    'UNKNOWN_PACKAGE',
    `no package of these repositories is called or provides ${target}${there}`,
    {
      ...(hints.length === 0 ? {} : { hint: hints.join(' ') }),
      details: {
        nearest: { [target]: nearest },
        providers: providers.length === 0 ? {} : { [target]: some(providers) },
        elsewhere: { [target]: found },
      },
    },
  );
}

function some(packages: readonly CatalogPackage[]): readonly string[] {
  return [...new Set(packages.map((entry) => `${entry.name}-${entry.version}`))].slice(0, MAX_SUGGESTIONS);
}

/** Repositories of the distribution that were indexed for other requests and have the name: `git-2.45.2-r0 in alpine edge main x86_64`. */
export function elsewhere(
  context: Context,
  { sources, repositories }: Pick<Lookup, 'sources' | 'repositories'>,
  name: string,
): readonly string[] {
  const asked = new Set(repositories.map(({ row }) => row.id));
  const others = context.catalog.repositories
    .all()
    .filter(({ id, distro }) => distro === sources.distro.id && !asked.has(id));
  const source = context.catalog.packages.source(others.map(({ id }) => ({ id, tag: '' })));
  return source
    .byName(name)
    .slice(0, MAX_SUGGESTIONS)
    .map((entry) => {
      const row = others[entry.repositoryRank] as (typeof others)[number];
      return `${entry.name}-${entry.version} in ${row.distro} ${row.release} ${row.name} ${row.architecture}`;
    });
}
