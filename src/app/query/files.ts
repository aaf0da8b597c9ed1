import { AppError } from '../../model/app-error.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import type { FileEntries } from '../../model/file-entries.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import type { CatalogPackage } from '../../model/package.ts';
import type { FilesReport, PackagePath } from '../../model/package-report.ts';
import { copied } from '../../model/path-bytes.ts';
import type { SourceOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import { fetchArchives } from '../archives/fetch-archives.ts';
import { archivesOf } from '../archives/indexed-archives.ts';
import type { Context } from '../context.ts';
import { findPackages } from '../repositories/find-packages.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { withLookup } from '../repositories/open-lookup.ts';
import { refOf } from '../repositories/package-ref.ts';

/** Request of `files`. */
export interface FilesRequest {
  readonly source: SourceOptions;
  readonly packages: readonly string[];
  /** Include types, modes, sizes and link targets, which only the archives have. */
  readonly details: boolean;
}

/**
 * Lists the files of packages, without their metadata. An archive that the catalog does not know is fetched and verified, unless
 * a repository's file list is there and suffices.
 * @throws AppError USAGE for a name that several packages provide; as withLookup and fetchArchives
 */
export async function files(context: Context, request: FilesRequest): Promise<readonly FilesReport[]> {
  const { lookup, entries } = await withLookup(context, request.source, (lookup) => ({
    lookup,
    entries: [...new Set(request.packages.map((target) => onePackage(lookup, target)))],
  }));
  const reports = entries.map(
    (entry) =>
      fromArchive(context, lookup, entry) ?? (request.details ? undefined : fromList(context, lookup, entry)),
  );
  const missing = entries.filter((_, index) => reports[index] === undefined);
  const { sources, repositories } = lookup;
  const fetched = await fetchArchives(context, sources, { packages: missing, repositories });
  const made = new Map(missing.map((entry, index) => [entry, required(fetched, index)]));
  return entries.map((entry, index) => reports[index] ?? archiveReport(lookup, entry, required(made, entry)));
}

function onePackage(lookup: Lookup, target: string): CatalogPackage {
  const { by, packages } = findPackages(lookup, target);
  const names = [...new Set(packages.map(({ name }) => name))];
  if (by === 'provides' && names.length > 1) {
    throw new AppError('USAGE', `${target}: expected one package, got ${names.length} providers`, {
      hint: `Name one of them: ${names.join(', ')}.`,
      details: { expected: 'one package', got: names },
    });
  }
  return required(packages, 0);
}

function fromArchive(context: Context, lookup: Lookup, entry: CatalogPackage): FilesReport | undefined {
  const { distro, trust } = lookup.sources;
  const [known = []] = archivesOf(context, distro.id, [entry]);
  const accepted = known.find((archive) => trust.accepts(archive.trust));
  const stored = accepted === undefined ? undefined : context.catalog.archives.get(accepted.digest);
  return stored === undefined ? undefined : archiveReport(lookup, entry, stored.facts);
}

function archiveReport(lookup: Lookup, entry: CatalogPackage, { files }: ArchiveFacts): FilesReport {
  const { isMetadata } = lookup.sources.distro.install.tree;
  const paths: string[] = [];
  for (let index = 0; index < files.length; index += 1) {
    const shipped = { path: files.path(index), type: files.head(index).type };
    if (!isMetadata(shipped)) paths.push(copied(withSlash(shipped)));
  }
  let entries: readonly PackagePath[] | undefined;
  return {
    ...refOf(lookup.repositories, entry),
    source: 'archive',
    paths,
    get entries() {
      entries ??= entriesOf(files, isMetadata);
      return entries;
    },
  };
}

function entriesOf(files: FileEntries, isMetadata: (entry: FileEntry) => boolean): readonly PackagePath[] {
  const entries: PackagePath[] = [];
  for (const entry of files) {
    const { path, type, mode, sizeBytes, linkTarget } = entry;
    if (!isMetadata(entry)) entries.push({ path, type, mode, sizeBytes, linkTarget });
  }
  return entries;
}

function fromList(context: Context, lookup: Lookup, entry: CatalogPackage): FilesReport | undefined {
  const paths = context.catalog.fileLists.get(entry.repositoryId, entry.name, entry.version);
  return paths === undefined
    ? undefined
    : { ...refOf(lookup.repositories, entry), source: 'list', paths, entries: undefined };
}

/** Returns an entry's path, with a trailing slash for a directory. */
export function withSlash({ path, type }: Pick<FileEntry, 'path' | 'type'>): string {
  return type === 'directory' ? `${path}/` : path;
}
