import { type PackedList, packList } from '../../catalog/file-lists.ts';
import type { FileLists } from '../../distros/file-lists.ts';
import { redactUrl, withoutSecrets } from '../../fetch/url.ts';
import { AppError } from '../../model/app-error.ts';
import { digestOf } from '../../model/digest.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import type { IndexReport } from '../../model/request.ts';
import type { Context } from '../context.ts';
import {
  type FoundIndex,
  type IndexedRepository,
  releaseIn,
  writeOptions,
} from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';
import { readVerified } from './ensure-indexed.ts';
import { findIndex } from './find-index.ts';
import { noteUnreachable } from './index-notes.ts';

/** Returns the distribution's reader of file lists. @throws AppError USAGE if its repositories have none */
export function fileListsOf({ distro }: Pick<Sources, 'distro'>): FileLists {
  if (distro.repositories.fileLists !== undefined) return distro.repositories.fileLists;
  throw new AppError('USAGE', `--files: the repositories of ${distro.id} have no file lists`, {
    hint: 'Cache its packages to list their files: compose ingest FILE|DIR|URL…',
  });
}

/**
 * Reads the repositories' file lists into the catalog, in the same way as their indexes: an unchanged one costs one request. A
 * folder of archives without an index has none and needs none.
 * @throws AppError USAGE (fileListsOf), NOT_FOUND, NETWORK, BAD_INDEX, SIGNATURE, UNTRUSTED_KEY
 */
export async function indexFileLists(
  context: Context,
  sources: Sources,
  repositories: readonly IndexedRepository[],
): Promise<readonly IndexReport[]> {
  const reader = fileListsOf(sources);
  const reports: IndexReport[] = [];
  for (const repository of repositories) {
    const report = await indexFileList(context, sources, { repository, reader });
    if (report !== undefined) reports.push(report);
  }
  return reports;
}

async function indexFileList(
  context: Context,
  sources: Sources,
  { repository, reader }: { repository: IndexedRepository; reader: FileLists },
): Promise<IndexReport | undefined> {
  const { fileLists } = context.catalog;
  const spec = { ...repository.spec, indexNames: reader.indexNames(repository.spec) };
  const stored = fileLists.find(repository.row.id);
  const known = stored !== undefined && sources.trust.accepts(stored.trust) ? stored : undefined;
  const outcome = await findIndex(context, sources, {
    spec,
    known,
    accept: (found) => storeLists(context, sources, { repository, reader, spec, found }),
  });
  if (outcome.status === 'folder') {
    if (isLookedInto(context, repository)) return undefined;
    throw new AppError('NOT_FOUND', `${spec.baseUrls.join(', ')}: ${spec.indexNames[0]} not found`, {
      hint: 'Cache its packages to list their files: compose ingest DIR',
    });
  }
  if (outcome.status === 'unreachable')
    noteUnreachable(context, { name: `${spec.name} files`, known, ...outcome });
  const row = fileLists.find(repository.row.id);
  return {
    repository: `${spec.distro} ${releaseIn(repository, sources)} ${spec.name} ${spec.architecture} files`,
    url: redactUrl(row?.base ?? ''),
    status: STATUS[outcome.status],
    packages: row?.packageCount ?? 0,
    signedBy: row?.signedBy ?? '',
  };
}

const STATUS = { read: 'indexed', unchanged: 'unchanged', unreachable: 'cached' } as const;

async function storeLists(
  context: Context,
  sources: Sources,
  wanted: {
    readonly repository: IndexedRepository;
    readonly reader: FileLists;
    readonly spec: RepositorySpec;
    readonly found: FoundIndex;
  },
): Promise<void> {
  const { repository, reader, spec, found } = wanted;
  const { signedBy, lists } = await readVerified(context, sources, {
    spec,
    found,
    read: (input) => readLists(context, { reader, input, name: spec.name }),
  });
  await context.catalog.fileLists.replace(
    {
      repositoryId: repository.row.id,
      base: withoutSecrets(found.base),
      etag: found.etag,
      lastModified: found.lastModified,
      content: digestOf(found.bytes),
      signedBy,
      trust: sources.trust.label,
      packageCount: lists.length,
    },
    lists,
    writeOptions(context, `${spec.name} files`),
  );
}

/**
 * Tells whether a repository is a folder without an index, whose archives were read when it was indexed, except for those that
 * were refused.
 */
function isLookedInto(context: Context, { row }: IndexedRepository): boolean {
  return context.catalog.archivePaths.countUnknown(row.id, row.distro) === 0;
}

async function readLists(
  context: Context,
  { reader, input, name }: { reader: FileLists; input: Parameters<FileLists['read']>[0]; name: string },
): Promise<{ signedBy: string; lists: readonly PackedList[] }> {
  const { signedBy, lists } = await reader.read(input);
  const task = context.progress.task(`${name} files`, undefined, 'items');
  const packed: PackedList[] = [];
  for await (const list of lists) {
    packed.push(packList(list.name, list.version, list.files));
    task.advance(1);
    context.signal.throwIfAborted();
  }
  task.done();
  return { signedBy, lists: packed };
}
