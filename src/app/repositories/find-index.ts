import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RepositoryRow } from '../../catalog/repositories.ts';
import { families } from '../../distros/families.ts';
import type { ArchiveNames } from '../../distros/family.ts';
import type { ConditionalResult } from '../../fetch/conditional.ts';
import { fetchAccepted } from '../../fetch/http.ts';
import { FetchError } from '../../fetch/mirrors.ts';
import { isLocal, joinUrl, localPath, withoutSecrets } from '../../fetch/url.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import { required } from '../../model/required.ts';
import type { Context } from '../context.ts';
import { combinedError, reasonsOf } from '../sources/combined-error.ts';
import type { FoundIndex } from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';
import { missingIndexHint } from './missing-index-hint.ts';

/** Arch's `extra.files` is 60 MiB; a larger index than this is a mistake. */
const MAX_INDEX_BYTES = 512 * 1024 * 1024;

/** Facts about an index that was read before. */
export type KnownIndex = Pick<RepositoryRow, 'base' | 'etag' | 'lastModified'>;

/** Index to find, and how to accept it. */
export interface IndexSearch<T> {
  readonly spec: RepositorySpec;
  readonly known?: KnownIndex | undefined;
  /** Verifies a mirror's index; if it throws, the next mirror is asked. */
  readonly accept: (found: FoundIndex) => Promise<T>;
}

/** Result of looking for an index. */
export type IndexOutcome<T> =
  /** The mirror at `base` says that the known index is current */
  | { readonly status: 'unchanged'; readonly base: string }
  /** No mirror answered: the known index is used. `reason` is one line */
  | { readonly status: 'unreachable'; readonly reason: string }
  /** A folder of archives without an index */
  | { readonly status: 'folder' }
  | { readonly status: 'read'; readonly value: T };

/**
 * Returns a repository's index from the first mirror whose index is accepted.
 * @throws AppError NOT_FOUND, NETWORK, LIMIT; what `accept` throws for every mirror, with every mirror's reason
 */
export async function findIndex<T>(
  context: Context,
  sources: Sources,
  search: IndexSearch<T>,
): Promise<IndexOutcome<T>> {
  const { spec, known } = search;
  try {
    return await askMirrors(context, sources, search);
  } catch (error) {
    if (known !== undefined && isAppError(error, 'NETWORK')) {
      return { status: 'unreachable', reason: reasonsOf(error).join('; ') };
    }
    if (!isAppError(error, 'NOT_FOUND') || !spec.baseUrls.every(isLocal)) throw error;
    const hasIndex = (base: string): boolean =>
      spec.indexNames.some((name) => existsSync(join(localPath(base), name)));
    if (spec.baseUrls.some(hasIndex)) throw error;
    const holds = ({ suffixes }: ArchiveNames): boolean =>
      spec.baseUrls.some((base) => archivesIn(localPath(base), suffixes).length > 0);
    if (holds(sources.distro.archives.names)) return { status: 'folder' };
    const whose = families().find(({ archiveNames }) => holds(archiveNames));
    const expected = `${spec.indexNames[0]} or ${sources.distro.archives.names.suffixes.join(', ')} files`;
    throw new AppError('NOT_FOUND', `${spec.baseUrls.join(', ')}: no index and no packages found`, {
      hint:
        whose === undefined
          ? `Provide ${expected} for ${spec.architecture}.`
          : `Use --distro ${whose.id}: the folder holds packages of that distribution.`,
      cause: error,
    });
  }
}

/** Tries each name of an index in turn, at the mirrors that answered and did not have it under the previous name. */
async function askMirrors<T>(
  context: Context,
  sources: Sources,
  { spec, known, accept }: IndexSearch<T>,
): Promise<IndexOutcome<T>> {
  const failed: AppError[] = [];
  let found = false;
  let remaining = inOrder(spec.baseUrls, known);
  for (const name of spec.indexNames) {
    const urls = remaining.map((base) => joinUrl(isLocal(base) ? localPath(base) : base, name));
    const take = async (result: ConditionalResult): Promise<IndexOutcome<T>> => {
      const base = required(remaining, urls.indexOf(result.url));
      if (!result.modified) return { status: 'unchanged', base };
      found = true;
      return { status: 'read', value: await accept({ ...result, base }) };
    };
    const options = {
      remote: sources.files,
      signal: context.signal,
      progress: context.progress,
      label: `${spec.name} index`,
      maxBytes: MAX_INDEX_BYTES,
      hints: { NOT_FOUND: missingIndexHint(sources, spec) },
      // If an index is known, a mirror that does not answer is not asked again.
      ...(known === undefined ? {} : { validators: known, retries: 1 }),
    };
    try {
      return await fetchAccepted(urls, options, take);
    } catch (error) {
      if (!isAppError(error)) throw error;
      // It adds nothing that another name is missing as well.
      if (failed.length === 0 || error.code !== 'NOT_FOUND') failed.push(error);
      const sources = error instanceof FetchError ? error.sources : [];
      remaining = remaining.filter((_, index) => sources[index]?.code === 'NOT_FOUND');
      if (remaining.length === 0) break;
    }
  }
  // A keyring that cannot be used fails each index that was found; the error is that, and not that another name is missing.
  if (found) await sources.trust.policy();
  throw combinedError(failed);
}

/** Puts the place where the index was found last time first, if one mirror has several places. */
function inOrder(bases: readonly string[], known: KnownIndex | undefined): readonly string[] {
  const isKnown = (base: string): boolean => withoutSecrets(base) === known?.base;
  const isBelow = bases.some((base) => withoutSecrets(base).startsWith(`${known?.base}/`));
  return isBelow && bases.some(isKnown)
    ? [...bases.filter(isKnown), ...bases.filter((base) => !isKnown(base))]
    : bases;
}

/** Lists the names of archives in a folder, sorted; empty if there is no folder. */
export function archivesIn(folder: string, suffixes: readonly string[]): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => suffixes.some((suffix) => name.endsWith(suffix)))
      .sort();
  } catch {
    return [];
  }
}
