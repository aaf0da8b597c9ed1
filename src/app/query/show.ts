import { isLocal, joinUrl, redactUrl } from '../../fetch/url.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import type { CatalogPackage } from '../../model/package.ts';
import type { CachedReport, PackageReport, ShowReport } from '../../model/package-report.ts';
import type { SourceOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import { archivesOf } from '../archives/indexed-archives.ts';
import { layerFormatOf } from '../archives/layer-format.ts';
import type { Context } from '../context.ts';
import { findPackages } from '../repositories/find-packages.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { withLookup } from '../repositories/open-lookup.ts';
import { releaseIn } from '../sources/indexed-repository.ts';

/** Reports everything that is known about packages. @throws AppError as withLookup */
export async function show(
  context: Context,
  request: { readonly source: SourceOptions; readonly packages: readonly string[] },
): Promise<readonly ShowReport[]> {
  return withLookup(context, request.source, (lookup) =>
    request.packages.map((target) => {
      const { by, packages } = findPackages(lookup, target);
      return { target, by, packages: packages.map((entry) => packageReport(context, lookup, entry)) };
    }),
  );
}

function packageReport(context: Context, lookup: Lookup, entry: CatalogPackage): PackageReport {
  const repository = required(lookup.repositories, entry.repositoryRank);
  const { spec, row } = repository;
  const { optionalField = '' } = lookup.sources.distro.resolver.relations;
  const extra = Object.fromEntries(
    Object.entries(entry.extra).filter(
      ([key, values]) => key !== optionalField && values.some((value) => value !== ''),
    ),
  );
  const place = joinUrl(row.base, entry.fileName);
  return {
    name: entry.name,
    version: entry.version,
    tag: entry.tag,
    repository: spec.name,
    release: releaseIn(repository, lookup.sources),
    url: isLocal(place) ? place : redactUrl(place),
    description: entry.description,
    homepage: entry.url,
    license: entry.license,
    origin: entry.origin,
    maintainer: entry.maintainer,
    architecture: entry.architecture,
    buildDate: buildDate(entry.buildTime),
    commit: entry.commit,
    sizeBytes: entry.sizeBytes,
    installedSizeBytes: entry.installedSizeBytes,
    depends: entry.depends,
    optionalDepends: entry.extra[optionalField] ?? [],
    provides: entry.provides,
    replaces: entry.replaces,
    conflicts: entry.conflicts,
    installIf: entry.installIf,
    groups: entry.groups,
    providerPriority: entry.providerPriority,
    replacesPriority: entry.replacesPriority,
    checksum: entry.checksum,
    signature: entry.signature !== '',
    indexSignedBy: row.signedBy,
    extra,
    cached: cachedReport(context, lookup, entry),
  };
}

/** 8.64e15 ms is the last time that a Date can hold (ECMA-262, 21.4.1.1). */
function buildDate(seconds: number): string | undefined {
  const ms = seconds * 1000;
  return seconds === 0 || Math.abs(ms) > 8.64e15 ? undefined : new Date(ms).toISOString();
}

function cachedReport(context: Context, lookup: Lookup, entry: CatalogPackage): CachedReport | undefined {
  const { archives } = context.catalog;
  const [found = []] = archivesOf(context, lookup.sources.distro.id, [entry]);
  const stored = found.flatMap(({ digest }) => archives.get(digest) ?? []);
  const isHere = ({ facts }: { facts: ArchiveFacts }) => context.store.has(facts.digest, facts.sizeBytes);
  const known = stored.find(isHere) ?? stored[0];
  if (known === undefined) return undefined;
  const { facts } = known;
  return {
    digest: facts.digest,
    diffId: facts.diffId,
    compression: facts.compression,
    derived: layerFormatOf(facts, 'keep').derivation ?? '',
    scripts: facts.scripts.map(({ name }) => name),
    triggers: (facts.info.triggers ?? []).flatMap((line) => line.split(/\s+/)).filter((glob) => glob !== ''),
    hooks: Object.keys(facts.rootMembers).filter((path) => path.endsWith('.hook')),
    files: facts.files.filter((entry) => !lookup.sources.distro.install.tree.isMetadata(entry)).length,
    signedBy: facts.signedBy,
    stored: isHere(known),
  };
}
