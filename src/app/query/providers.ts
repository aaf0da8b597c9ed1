import { AppError } from '../../model/app-error.ts';
import { isGlob, longestLiteral, matchesGlob } from '../../model/glob.ts';
import type { ProvidersReport } from '../../model/relation-report.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Context } from '../context.ts';
import { findPackages } from '../repositories/find-packages.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { withLookup } from '../repositories/open-lookup.ts';
import { refOf } from '../repositories/package-ref.ts';

/** Every name is solved for, which takes milliseconds. */
const MAX_NAMES = 200;

/** Request of `providers`. */
export interface ProvidersRequest {
  readonly source: SourceOptions;
  /** A name, a relation, or a glob of names: `so:libssl*` */
  readonly name: string;
}

/** Lists the packages that provide a name, and the one that would be installed for it. @throws AppError LIMIT; as withLookup */
export async function providers(
  context: Context,
  { source, name }: ProvidersRequest,
): Promise<readonly ProvidersReport[]> {
  return withLookup(context, source, (lookup) => {
    const names = isGlob(name) ? namesLike(context, lookup, name) : [];
    // Throws, with similar names, if nothing has that name.
    if (names.length === 0) findPackages(lookup, name);
    return (names.length === 0 ? [name] : names).map((each) => providersOf(lookup, each));
  });
}

function providersOf({ repositories, source, sources }: Lookup, name: string): ProvidersReport {
  const { distro, architecture } = sources;
  const candidates = distro.resolver.providersOf(name, source);
  const repositoryNames = repositories.map(({ spec }) => spec.name);
  const answer = distro.resolver.solve({ targets: [name], architecture, repositoryNames }, source);
  const chosen = answer.ok
    ? answer.packages.find(
        ({ package: { id }, reason }) =>
          reason === 'explicit' && candidates.some((candidate) => candidate.package.id === id),
      )
    : undefined;
  return {
    name,
    providers: candidates.map(({ package: entry, by, version, unasked }) => ({
      ...refOf(repositories, entry),
      by,
      providedVersion: version,
      providerPriority: entry.providerPriority,
      tag: entry.tag,
      unasked,
    })),
    chosen: chosen && refOf(repositories, chosen.package),
    refusal: answer.ok ? '' : answer.problems.map(({ message }) => message).join('; '),
  };
}

/** Returns names of packages and names that they provide, sorted. @throws AppError LIMIT */
function namesLike({ catalog }: Context, { repositories }: Lookup, glob: string): readonly string[] {
  const literal = longestLiteral(glob);
  const rows = repositories.flatMap(({ row }) => [
    ...catalog.search.names(row.id, literal),
    ...catalog.search.provides(row.id, literal),
  ]);
  const names = new Set(rows.map(({ name }) => name).filter((name) => matchesGlob(glob, name)));
  if (names.size > MAX_NAMES) {
    throw new AppError('LIMIT', `${glob}: expected at most ${MAX_NAMES} names, got ${names.size}`, {
      hint: 'Use a longer name, or list the matches with compose search.',
    });
  }
  return [...names].sort();
}
