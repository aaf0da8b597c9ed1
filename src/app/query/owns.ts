import type { Owner, OwnsReport } from '../../model/package-report.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Context } from '../context.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { withLookup } from '../repositories/open-lookup.ts';
import { withSlash } from './files.ts';
import { type PathQuery, pathQuery } from './path-query.ts';

/** Request of `owns`. */
export interface OwnsRequest {
  readonly source: SourceOptions;
  /** Paths in the syntax of pathQuery */
  readonly paths: readonly string[];
}

/** Number of packages that are suggested for one path. */
const MAX_LIKELY = 5;

/**
 * Finds the packages that ship the paths, among packages whose files are known: archives in the catalog, and repositories' file
 * lists.
 * @throws AppError USAGE for a text that is not a path; as ensureIndexed
 */
export async function owns(context: Context, request: OwnsRequest): Promise<OwnsReport> {
  const queries = request.paths.map(pathQuery);
  const report = await withLookup(context, request.source, (lookup): OwnsReport => {
    const places = placesOf(context, lookup);
    const answers = queries.map((query) => {
      for (const candidate of [query, ...query.merged]) {
        const owners = ownersOf(context, lookup, { query: candidate, places });
        if (owners.length > 0) return owners;
      }
      return [];
    });
    const missing = queries.filter((_, index) => answers[index]?.length === 0);
    const packages = lookup.repositories.reduce((sum, { row }) => sum + row.packageCount, 0);
    return {
      owners: answers.flat(),
      missing: missing.map(({ text }) => text),
      likely: [...new Set(missing.flatMap((query) => likelyOwners(lookup, query)))],
      searched: places.searched,
      packages,
      notes: places.searched < packages ? [notSearched(lookup, places, packages)] : [],
    };
  });
  for (const note of report.notes) context.progress.note(note);
  return report;
}

interface Places {
  /** Names of repositories by the digests of their packages' archives */
  readonly byDigest: ReadonlyMap<string, string>;
  /** Ids of the request's packages whose archives are known */
  readonly archived: ReadonlySet<number>;
  readonly searched: number;
}

function placesOf(context: Context, { sources, repositories }: Lookup): Places {
  const byDigest = new Map<string, string>();
  const archived = new Set<number>();
  const known = new Set<number>();
  for (const { spec, row } of repositories) {
    for (const { id, digest } of context.catalog.archivePaths.known(row.id, sources.distro.id)) {
      if (!byDigest.has(digest)) byDigest.set(digest, spec.name);
      archived.add(id);
      known.add(id);
    }
    for (const id of context.catalog.fileLists.known(row.id)) known.add(id);
  }
  return { byDigest, archived, searched: known.size };
}

function ownersOf(
  context: Context,
  lookup: Lookup,
  { query, places }: { query: PathQuery; places: Places },
): readonly Owner[] {
  return [...inArchives(context, lookup, { query, places }), ...inLists(context, lookup, { query, places })];
}

function inArchives(
  context: Context,
  { sources }: Lookup,
  { query, places }: { query: PathQuery; places: Places },
): readonly Owner[] {
  const { distro, trust, architecture } = sources;
  return context.catalog.archivePaths.search(distro.id, query.needles).flatMap((archive) => {
    const repository = places.byDigest.get(archive.digest);
    const isOther =
      archive.architecture !== architecture && !distro.architectures.isAny(archive.architecture);
    if (repository === undefined && (isOther || !trust.accepts(archive.trust))) return [];
    return archive.files
      .filter((file) => !distro.install.tree.isMetadata(file))
      .filter((file) => query.matches(file.path, file.type === 'directory'))
      .map((file) => ({
        name: archive.name,
        version: archive.version,
        repository: repository ?? '',
        path: withSlash(file),
        source: 'archive' as const,
      }));
  });
}

/** Finds owners by file lists, among packages of the request whose archives are not known. */
function inLists(
  context: Context,
  { repositories, source }: Lookup,
  { query, places }: { query: PathQuery; places: Places },
): readonly Owner[] {
  return repositories.flatMap(({ spec, row }) =>
    [...context.catalog.fileLists.search(row.id, query.needles)].flatMap(({ name, version, paths }) => {
      const listed = source
        .byName(name)
        .find((entry) => entry.repositoryId === row.id && entry.version === version);
      if (listed === undefined || places.archived.has(listed.id)) return [];
      return paths
        .filter((path) => query.matches(path.replace(/\/$/, ''), path.endsWith('/')))
        .map((path) => ({ name, version, repository: spec.name, path, source: 'list' as const }));
    }),
  );
}

/** Names packages that provide a command or library of that name, by the indexes alone. */
function likelyOwners({ source, sources }: Lookup, { baseName }: PathQuery): readonly string[] {
  if (baseName === '') return [];
  const kinds = sources.distro.resolver.relations.provided.filter(({ isFileName }) => isFileName);
  return [...kinds.map(({ prefix }) => prefix), '']
    .flatMap((kind) => source.providers(`${kind}${baseName}`).map((entry) => ({ entry, kind })))
    .slice(0, MAX_LIKELY)
    .map(({ entry, kind }) => `${entry.name}-${entry.version} provides ${kind}${baseName}`);
}

function notSearched(lookup: Lookup, { searched }: Places, packages: number): string {
  const lists =
    lookup.sources.distro.repositories.fileLists === undefined
      ? 'add them with compose ingest FILE|DIR|URL…'
      : 'fetch all lists with compose index --files';
  return `searched ${searched} of ${packages} packages; the rest are not cached: ${lists}`;
}
