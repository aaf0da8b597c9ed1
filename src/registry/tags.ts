import { AppError, isAppError } from '../model/app-error.ts';
import { parseJsonOr } from '../model/json.ts';
import { fullName, isTagName, type Repository, type Tag } from '../model/reference.ts';
import type { TokenScope } from './blobs.ts';
import { readAll } from './bodies.ts';
import { pages } from './pages.ts';
import type { RegistrySession } from './types.ts';

/** Requested size of a page; registries choose their own. */
const PAGE_SIZE = 1000;
/** docker-registry ignores the page size and returns all tags at once: 100,000 tags of 128 characters fit. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
const MAX_TAGS = 1_000_000;

/**
 * Lists all tags, sorted, each once (OCI distribution-spec 1.1, "Listing Tags").
 * @param most a repository with more of them is refused
 * @throws AppError NOT_FOUND, LIMIT, UNSUPPORTED
 */
export async function listTags(
  session: RegistrySession,
  repository: Repository,
  most = MAX_TAGS,
): Promise<readonly Tag[]> {
  const where = `${fullName(repository)}: tags/list`;
  const tags = new Set<Tag>();
  const request = { repository, target: `tags/list?n=${PAGE_SIZE}`, wholeBytes: MAX_PAGE_BYTES };
  for await (const response of pages(session, request)) {
    for (const tag of readTags(await readAll(response), where)) tags.add(tag);
    if (tags.size > most) throw new AppError('LIMIT', `${where}: more than ${most} tags`);
  }
  return [...tags].sort();
}

/** Tells whether a repository does not exist yet; false if the registry does not say so. */
export async function isNewRepository(
  session: RegistrySession,
  repository: Repository,
  scope: TokenScope,
): Promise<boolean> {
  try {
    const request = { method: 'GET', repository, target: 'tags/list?n=1', accept: [404], ...scope } as const;
    const response = await session.send(request);
    await response.discard();
    return response.status === 404;
  } catch (error) {
    if (isAppError(error) && error.code !== 'CANCELLED') return false;
    throw error;
  }
}

function readTags(bytes: Buffer, where: string): readonly Tag[] {
  const tags = (parseJsonOr(bytes, where) as { tags?: unknown } | null | undefined)?.tags;
  // Some registries return null for a repository whose tags have all been deleted.
  if (tags === null) return [];
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string' && isTagName(tag))) return tags;
  throw new AppError('UNSUPPORTED', `${where}: expected JSON with a list of tags`);
}
