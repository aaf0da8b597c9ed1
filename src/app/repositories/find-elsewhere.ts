import type { RepositoryRow } from '../../catalog/repositories.ts';
import type { Distro, RepositoryQuery } from '../../distros/distro.ts';
import { distroOf, familyIds } from '../../distros/families.ts';
import { platformOf } from '../../distros/platforms.ts';
import { redactUrl } from '../../fetch/url.ts';
import { isAppError } from '../../model/app-error.ts';
import type { CatalogPackage } from '../../model/package.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import { required } from '../../model/required.ts';
import type { ElsewhereEntry } from '../../model/resolution-error.ts';
import type { Context } from '../context.ts';
import { identityOf, releaseIn } from '../sources/indexed-repository.ts';
import type { Lookup } from './lookup.ts';

/**
 * Finds packages that meet the relation in repositories that were indexed for other requests, the best of each: of the same
 * distribution; with `anywhere`, if those have none, of another architecture of it, else of another distribution.
 */
export async function findElsewhere(
  context: Context,
  lookup: Lookup,
  { relation, most, anywhere }: { relation: string; most: number; anywhere: boolean },
): Promise<readonly ElsewhereEntry[]> {
  const { sources, repositories } = lookup;
  const asked = new Set(repositories.map(({ row }) => row.id));
  const rows = context.catalog.repositories.all().filter(({ id }) => !asked.has(id));
  const own = rows.filter(({ distro }) => distro === sources.distro.id);
  const isSame = ({ architecture }: RepositoryRow) => architecture === sources.architecture;
  const find = (among: readonly RepositoryRow[], distro: Distro): readonly ElsewhereEntry[] => {
    const source = context.catalog.packages.source(among.map(({ id }) => ({ id, tag: '' })));
    const entries = distro.resolver.providersOf(relation, source).map((candidate) => candidate.package);
    return [...Map.groupBy(entries, ({ repositoryRank }) => repositoryRank)]
      .slice(0, most)
      .map(([rank, found]) =>
        entryOf(lookup, distro, { row: required(among, rank), entry: required(found, 0) }),
      );
  };
  const found = find(own.filter(isSame), sources.distro);
  if (found.length > 0 || !anywhere) return found;
  const otherArchitectures = find(
    own.filter((row) => !isSame(row)),
    sources.distro,
  );
  if (otherArchitectures.length > 0 || own.length === rows.length) return otherArchitectures;
  const machine = JSON.stringify(platformOf(sources.distro, sources.architecture));
  for (const id of familyIds()) {
    const others = id === sources.distro.id ? [] : rows.filter(({ distro }) => distro === id);
    if (others.length === 0) continue;
    const other = await distroOf(id);
    const isOfMachine = (row: RepositoryRow) =>
      JSON.stringify(platformOf(other, row.architecture)) === machine;
    const entries = find(others.filter(isOfMachine), other);
    if (entries.length > 0) return entries;
  }
  return [];
}

function entryOf(
  lookup: Lookup,
  distro: Distro,
  { row, entry }: { row: RepositoryRow; entry: Pick<CatalogPackage, 'name' | 'version'> },
): ElsewhereEntry {
  const { architecture, name } = row;
  return {
    package: `${entry.name}-${entry.version}`,
    distro: distro.id,
    release: releaseIn(
      { spec: distro.repositories.parse(lineOf(row, distro), queryOf(row, distro)), row },
      { distro },
    ),
    repository: name,
    architecture,
    options: [
      ...(distro === lookup.sources.distro ? [] : ['--distro', distro.id]),
      ...(architecture === lookup.sources.architecture ? [] : ['--arch', architecture]),
      ...(releaseWords(lookup, distro, row) ?? repositoryWords(lookup, distro, row)),
    ],
  };
}

/** Suggests `--release` if that suffices: the repository is one of those that a release has by default. */
function releaseWords(
  { options, sources }: Lookup,
  distro: Distro,
  row: RepositoryRow,
): readonly string[] | undefined {
  const isOwn = distro === sources.distro;
  if (isOwn && options.repositories.length > 0) return undefined;
  const release = [distro.releases.default, ...row.url.split('/')].find((word) =>
    [sources.mirrors, []].some((mirrors) =>
      hasIdentity(row, () =>
        distro.repositories.official({ ...queryOf(row, distro), release: word, mirrors }),
      ),
    ),
  );
  if (release === undefined) return undefined;
  const isUsed = isOwn
    ? release === sources.release
    : release === distro.releases.default && options.release === '';
  return isUsed ? [] : ['--release', release];
}

/** Suggests `--repo`, which replaces the default repositories and therefore lists them too. */
function repositoryWords(
  { options, sources, repositories }: Lookup,
  distro: Distro,
  row: RepositoryRow,
): readonly string[] {
  const isBeside = distro === sources.distro && row.architecture === sources.architecture;
  const kept =
    isBeside && options.repositories.length === 0 ? repositories.map((repository) => repository.row) : [];
  return [...kept, row].flatMap((each) => ['--repo', redactUrl(lineOf(each, distro))]);
}

/** Returns the shortest text by which `--repo` finds the repository. */
function lineOf(row: RepositoryRow, distro: Distro): string {
  const parent = row.base.replace(/\/[^/]*$/, '');
  const places = [parent, row.base].filter((place) => place !== '');
  const query = queryOf(row, distro);
  return places.find((line) => hasIdentity(row, () => [distro.repositories.parse(line, query)])) ?? row.url;
}

function queryOf({ architecture }: RepositoryRow, { releases }: Distro): RepositoryQuery {
  return { release: releases.default, architecture, mirrors: [] };
}

/** Tells whether one of the repositories is the row's; text that is not a repository is not. */
function hasIdentity({ url }: RepositoryRow, specs: () => readonly RepositorySpec[]): boolean {
  try {
    return specs().some((spec) => identityOf(spec) === url);
  } catch (error) {
    if (isAppError(error, 'USAGE')) return false;
    throw error;
  }
}
