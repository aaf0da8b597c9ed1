import { redactUrl } from '../fetch/url.ts';
import type { IndexReport, SourceOptions } from '../model/request.ts';
import type { Context } from './context.ts';
import { releaseIn } from './indexed-repository.ts';
import { ensureIndexed } from './repositories.ts';
import { resolveSources } from './sources.ts';

/** Reads the repositories' indexes into the catalog; an unchanged one costs one request. */
export async function indexRepositories(
  context: Context,
  source: SourceOptions,
): Promise<readonly IndexReport[]> {
  const sources = await resolveSources(context, source);
  const repositories = await ensureIndexed(context, sources, 'always');
  return repositories.map(({ spec, row, changed }) => ({
    repository: `${spec.distro} ${releaseIn({ spec, row }, sources)} ${spec.name} ${spec.architecture}`,
    url: redactUrl(row.base),
    status: changed ? 'indexed' : 'unchanged',
    packages: row.packageCount,
    signedBy: row.signedBy,
  }));
}
