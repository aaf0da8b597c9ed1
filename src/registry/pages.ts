import { AppError } from '../model/app-error.ts';
import { fullName, type Repository } from '../model/reference.ts';
import { nextLink } from './link.ts';
import type { RegistryRequest, RegistryResponse, RegistrySession } from './types.ts';

/** A list with more pages than this is taken to be endless. */
const MAX_PAGES = 10_000;

/**
 * Requests a list page by page, following the `next` link of each response (OCI distribution-spec 1.1, "Listing Tags"). Read each
 * response before requesting the next.
 * @throws AppError LIMIT, NETWORK for a link to another server or to an earlier page
 */
export async function* pages(
  session: RegistrySession,
  request: Omit<RegistryRequest, 'method' | 'repository'> & { readonly repository: Repository },
): AsyncGenerator<RegistryResponse> {
  const where = `${fullName(request.repository)}: ${request.target}`;
  const seen = new Set<string>();
  let target = request.target;
  for (let page = 0; page < MAX_PAGES; page++) {
    const response = await session.send({ ...request, method: 'GET', target });
    yield response;
    const next = nextLink(response.headers('link'));
    if (next === undefined) return;
    target = response.follow(next);
    if (target.origin !== response.url.origin) {
      throw new AppError('NETWORK', `${where}: the next page is on another server: ${target.origin}`);
    }
    if (seen.has(target.href)) throw new AppError('NETWORK', `${where}: its pages form a loop`);
    seen.add(target.href);
  }
  throw new AppError('LIMIT', `${where}: more than ${MAX_PAGES} pages`);
}
