import type { RepositoryRow } from '../../catalog/repositories.ts';
import type { Distro, RepositoryQuery } from '../../distros/distro.ts';
import { redactUrl } from '../../fetch/url.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import { fullName, type Reference } from '../../model/reference.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import type { Context } from '../context.ts';
import { folderOf } from './mirror-generation.ts';
import type { OciFiles } from './oci-files.ts';
import { isOciUrl, parseOciUrl, withRelease } from './oci-url.ts';

/** A line that names a mirror in a registry, and what the request needs of it. */
export interface OciRequest {
  readonly distro: Distro;
  readonly query: RepositoryQuery;
  readonly files: OciFiles;
}

/**
 * Returns the repositories of a line that names a mirror in a registry: all that it has for the architecture, or those below a
 * folder. Undefined for other lines.
 * @throws AppError NOT_FOUND if it has none; as OciFiles.generation
 */
export async function ociRepositories(
  context: Context,
  request: OciRequest,
  line: string,
): Promise<readonly RepositorySpec[] | undefined> {
  const [, before = '', place = ''] = /^(.*?)(oci:\/\/\S+)$/is.exec(line.trim()) ?? [];
  if (place === '') return undefined;
  const { distro, query } = request;
  const official = distro.repositories.official({ ...query, mirrors: [] });
  const { reference, path } = parseOciUrl(withRelease(place, official[0]?.release ?? ''));
  const { release, folders } = await contentsOf(context, request, reference);
  const wanted = folders.filter(
    (folder) =>
      `${folder}/`.startsWith(path === '' ? '' : `${path}/`) && folder.endsWith(`/${query.architecture}`),
  );
  if (wanted.length === 0) {
    throw new AppError('NOT_FOUND', `${redactUrl(place)}: no repository for ${query.architecture}`, {
      hint:
        folders.length === 0
          ? 'The mirror is empty: add packages with compose mirror add.'
          : `Choose one that the mirror has: ${folders.join(', ')}.`,
      details: { folders },
    });
  }
  const rankOf = (folder: string): number => {
    const rank = official.findIndex(({ name }) => folder.startsWith(`${name}/`));
    return rank < 0 ? official.length : rank;
  };
  const isNamed = query.release !== distro.releases.default;
  return wanted
    .sort((a, b) => rankOf(a) - rankOf(b))
    .map((folder) =>
      distro.repositories.parse(
        `${before}${rootOf(reference)}/${folder}`,
        isNamed || release === '' ? query : { ...query, release },
      ),
    );
}

const rootOf = (reference: Reference): string => `oci://${fullName(reference)}`;

interface Contents {
  /** Empty if the mirror does not say */
  readonly release: string;
  readonly folders: readonly string[];
}

/** Returns the contents of the mirror; if the registry does not answer, those of the last time. */
async function contentsOf(
  context: Context,
  { distro, query, files }: OciRequest,
  reference: Reference,
): Promise<Contents> {
  if (context.fetching !== undefined) {
    const known = knownContents(context, { distro, query }, reference);
    if (known !== undefined) return known;
  }
  try {
    const { release, files: all } = await files.generation(reference);
    return { release, folders: [...new Set(all.map(folderOf))] };
  } catch (error) {
    if (!isAppError(error, 'NETWORK')) throw error;
    const known = knownContents(context, { distro, query }, reference);
    if (known === undefined) throw error;
    context.progress.note(
      `${rootOf(reference)}: mirror unreachable; using the cached list of its repositories (${error.message})`,
    );
    return known;
  }
}

/** Returns the contents of the mirror as they were indexed before; undefined if none were. */
function knownContents(
  context: Context,
  { distro, query }: Pick<OciRequest, 'distro' | 'query'>,
  reference: Reference,
): Contents | undefined {
  const known = knownRepositories(context, reference).filter(
    (row) => row.distro === distro.id && row.architecture === query.architecture,
  );
  const [first] = known;
  if (first === undefined) return undefined;
  const root = rootOf(reference);
  const folders = known.map(({ url }) => folderOf({ path: url.slice(root.length + 1) }));
  return { release: first.release, folders };
}

/** Returns the repositories of a mirror that were indexed before. */
export function knownRepositories({ catalog }: Context, reference: Reference): readonly RepositoryRow[] {
  return catalog.repositories.all().filter(({ url }) => url.startsWith(`${rootOf(reference)}/`));
}

/**
 * Moves a repository of the distribution's layout below a mirror in a registry, where a tag or digest stands for the
 * release.
 */
export function inRegistry(spec: RepositorySpec, mirrors: readonly string[]): RepositorySpec {
  const baseUrls = spec.baseUrls.map((base) => {
    const mirror = mirrors.find((known) => isOciUrl(known) && base.startsWith(`${known}/`));
    if (mirror === undefined) return base;
    const below = base.slice(mirror.length + 1);
    const path = below.startsWith(`${spec.release}/`) ? below.slice(spec.release.length + 1) : below;
    return `${withRelease(mirror, spec.release)}/${path}`;
  });
  return { ...spec, baseUrls };
}
