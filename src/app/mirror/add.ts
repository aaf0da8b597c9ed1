import type { Distro } from '../../distros/distro.ts';
import { AppError } from '../../model/app-error.ts';
import type { MirrorAddReport } from '../../model/mirror-report.ts';
import type { CatalogPackage, PackageSource } from '../../model/package.ts';
import {
  fullName,
  parseReference,
  parseRepository,
  parseTagName,
  type Reference,
  type Repository,
  type Tag,
} from '../../model/reference.ts';
import type { SourceOptions } from '../../model/request.ts';
import { whyUnusable } from '../../model/unusable.ts';
import type { Context } from '../context.ts';
import { sharedSession } from '../registries/sessions.ts';
import { solveWithBase } from '../repositories/base.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { openLookup, withSnapshot } from '../repositories/open-lookup.ts';
import { archiveTag } from '../sources/archive-url.ts';
import { releaseIn } from '../sources/indexed-repository.ts';
import { generationTag } from '../sources/mirror-generation.ts';
import { readGeneration } from '../sources/oci-files.ts';
import { changedFiles, foldersOf } from './indexes.ts';
import { hasTagOrDigest, summaryOf } from './list.ts';
import { putPackages } from './packages.ts';
import { publish, tagsOf } from './publish.ts';

/** Request of `mirror add`. */
export interface MirrorAddRequest {
  readonly source: SourceOptions;
  /** Packages to copy with their dependencies */
  readonly packages: readonly string[];
  /** Copy every package of the repositories */
  readonly all: boolean;
  /** Also copy the repositories' file lists */
  readonly files: boolean;
  /** `registry.example/alpine`; a tag replaces the release's own */
  readonly to: string;
}

/**
 * Copies indexes and packages of repositories to a registry, all of them verified. What the registry already has is neither
 * fetched nor sent again, and nothing is removed. The index is pushed last, so that all requested packages are there when the
 * index lists them.
 * @throws AppError USAGE, as openLookup, fetchArchives and pushBlobs
 */
export async function mirrorAdd(context: Context, request: MirrorAddRequest): Promise<MirrorAddReport> {
  const { source } = request;
  const named = parseTarget(request.to);
  const lookup = await openLookup(context, source, 'always');
  const release = releaseOf(lookup);
  const target = targetOf(named, release);
  const folders = foldersOf(lookup);
  const wanted = await choose(context, lookup, request);
  const session = sharedSession(context, source.access);
  // Read before the generation: a tag that appears in between is another process's.
  const tags = new Set(await tagsOf(session, target));
  const base = tags.has(target.tag) ? await readGeneration(session, target) : undefined;
  // Fetched before the packages, which may take hours: by then there would be another index.
  const files = await changedFiles(context, lookup, { folders, base, files: request.files });
  const { distro } = lookup.sources;
  const usable = wanted.filter((entry) => {
    const why = whyUnusable(entry);
    if (why !== undefined) context.progress.note(`${entry.name} skipped: ${why}`);
    return why === undefined;
  });
  const missing = usable.filter((entry) => !tags.has(archiveTag(distro.id, entry)));
  const put = await putPackages(context, lookup, { session, target, packages: missing });
  const published =
    base !== undefined && files.length === 0
      ? { generation: base, sentBytes: 0 }
      : await publish(session, { target, distro: distro.id, release, base, tags, files });
  const { generation } = published;
  return {
    reference: fullName(target),
    digest: generation.digest,
    generation: generationTag(target.tag, generation.digest),
    changed: generation.digest !== base?.digest,
    repositories: summaryOf(generation).filter(({ folder }) => folders.has(folder)),
    packages: { wanted: wanted.length, added: missing.length, mounted: put.mounted },
    sentBytes: put.sentBytes + published.sentBytes,
  };
}

/** Returns the release of the repositories; empty if they have none, or several. */
function releaseOf({ sources, repositories }: Lookup): string {
  const [release = '', ...others] = new Set(repositories.map((repository) => releaseIn(repository, sources)));
  return others.length === 0 ? release : '';
}

type Named = Repository & { readonly tag: Tag | undefined };

/** Parses the mirror's name. @throws AppError USAGE */
function parseTarget(to: string): Named {
  const { digest, ...named } = hasTagOrDigest(to)
    ? parseReference(to)
    : { ...parseRepository(to), tag: undefined, digest: undefined };
  if (digest === undefined) return named;
  throw new AppError('USAGE', `--to ${to}: expected a name without a digest, which is only known afterwards`);
}

/** Returns the mirror's reference: the tag is the given one, else the release. @throws AppError USAGE without either */
function targetOf({ domain, path, tag }: Named, release: string): Reference & { readonly tag: Tag } {
  const chosen = tag ?? (release === '' ? undefined : parseTagName(release));
  if (chosen !== undefined) return { domain, path, tag: chosen, digest: undefined };
  const to = fullName({ domain, path });
  throw new AppError(
    'USAGE',
    `--to ${to}: expected a tag, since the repositories do not belong to a single release`,
    {
      hint: `Name one: --to ${to}:v3.19, or --release v3.19`,
    },
  );
}

/**
 * Chooses the packages, each archive once. The package of the distribution's keys is always included, so that users of the mirror
 * can verify its packages.
 */
async function choose(
  context: Context,
  lookup: Lookup,
  { packages, all }: MirrorAddRequest,
): Promise<readonly CatalogPackage[]> {
  const { distro } = lookup.sources;
  const chosen = await withSnapshot(context, lookup, ({ source }) => {
    if (all) return everyPackage(source);
    const keys = newest(distro, source.byName(distro.keys.package));
    if (packages.length === 0) return keys;
    // Includes the base that composing from the mirror would add.
    const { packages: solved } = solveWithBase(lookup, { targets: packages, base: undefined });
    return [...solved.map((entry) => entry.package), ...keys];
  });
  return [...new Map(chosen.map((entry) => [archiveTag(distro.id, entry), entry])).values()];
}

function newest(distro: Distro, entries: readonly CatalogPackage[]): readonly CatalogPackage[] {
  return [...entries].sort((a, b) => distro.resolver.versions.compare(a.version, b.version)).slice(-1);
}

function everyPackage(source: PackageSource): readonly CatalogPackage[] {
  const names = new Set<string>();
  for (const { name } of source.all()) names.add(name);
  return [...names].flatMap((name) => source.byName(name));
}
