import { redactUrl } from '../../fetch/url.ts';
import type { IndexReport, SourceOptions } from '../../model/request.ts';
import type { Context } from '../context.ts';
import { releaseIn } from '../sources/indexed-repository.ts';
import { resolveSources } from '../sources/sources.ts';
import { ensureIndexed } from './ensure-indexed.ts';
import { fileListsOf, indexFileLists } from './index-file-lists.ts';

/**
 * Reads the repositories' indexes into the catalog, with `files` also their file lists; an unchanged one costs one request.
 * @throws AppError as ensureIndexed and indexFileLists
 */
export async function indexRepositories(
  context: Context,
  source: SourceOptions,
  { files }: { files: boolean } = { files: false },
): Promise<readonly IndexReport[]> {
  const sources = await resolveSources(context, source);
  if (files) fileListsOf(sources);
  const repositories = await ensureIndexed(context, sources, 'always');
  const indexes = repositories.map(
    ({ spec, row, changed, unreachable }): IndexReport => ({
      repository: `${spec.distro} ${releaseIn({ spec, row }, sources)} ${spec.name} ${spec.architecture}`,
      url: redactUrl(row.base),
      status: unreachable === true ? 'cached' : changed ? 'indexed' : 'unchanged',
      packages: row.packageCount,
      signedBy: row.signedBy,
    }),
  );
  return files ? [...indexes, ...(await indexFileLists(context, sources, repositories))] : indexes;
}
