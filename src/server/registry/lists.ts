import { setImmediate } from 'node:timers/promises';
import { contentDigest } from '../../model/content-digest.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import type { Referrer } from '../content.ts';
import type { Exchange } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { type Headers, respondJson } from '../http/respond.ts';
import { pushedDigest } from './names.ts';
import type { Registry, Target } from './registry.ts';

/** Entries of one answer, if the client asks for no fewer. */
const MAX_ENTRIES = 10_000;
/** Repositories that are looked at before others have their turn */
const NAMES_AT_A_TIME = 1_000;
/** Bytes of a list of referrers: clients take no larger manifest. */
const MAX_REFERRERS_BYTES = 4 * 1024 * 1024;

/** Lists the tags of a repository, in the order of their bytes. */
export async function listTags(registry: Registry, exchange: Exchange, repository: string): Promise<void> {
  const { count, last } = pageOf(exchange);
  const lists: (readonly string[])[] = [];
  for (const origin of registry.origins) {
    const tags = await origin.tags(repository, exchange, { last, count: count + 1 });
    if (tags !== undefined) lists.push(tags);
  }
  if (lists.length === 0 && registry.stored?.content.hasRepository(repository) !== true)
    throw new HttpError(404, 'NAME_UNKNOWN', `there is no repository ${repository}`);
  const all = [...new Set(lists.flat())].filter((tag) => tag > last).sort();
  const tags = all.slice(0, count);
  const link = all.length > count ? linkTo(exchange, { n: String(count), last: tags.at(-1) ?? '' }) : {};
  respondJson(exchange, 200, { name: repository, tags }, link);
}

/** Lists the repositories that hold images, pushed or composed, as far as the client may pull from them. */
export async function listRepositories(exchange: Exchange, { stored }: Registry): Promise<void> {
  const { count, last } = pageOf(exchange);
  const repositories: string[] = [];
  let hasMore = false;
  for (let at = last, done = stored === undefined || count === 0; !done; ) {
    const names = stored?.content.repositories({ last: at, count: NAMES_AT_A_TIME }) ?? [];
    for (const name of names) {
      if (!exchange.identity.may('pull', name)) continue;
      hasMore = repositories.length === count;
      if (hasMore) break;
      repositories.push(name);
    }
    done = hasMore || names.length < NAMES_AT_A_TIME;
    at = names.at(-1) ?? '';
    if (!done) await setImmediate(undefined, { signal: exchange.signal });
  }
  const link = hasMore ? linkTo(exchange, { n: String(count), last: repositories.at(-1) ?? '' }) : {};
  respondJson(exchange, 200, { repositories }, link);
}

/** Lists the manifests that refer to a subject; an empty list for a subject that nobody knows. */
export async function listReferrers(registry: Registry, exchange: Exchange, target: Target): Promise<void> {
  const { repository, text } = target;
  const digest = contentDigest(text) ?? pushedDigest(text);
  const found = new Map<string, Referrer>();
  for (const origin of registry.origins) {
    const list = (await origin.referrers?.(repository, digest, exchange)) ?? [];
    for (const one of list) found.set(one.digest, one);
  }
  const wanted = exchange.query.get('artifactType');
  const last = exchange.query.get('last') ?? '';
  const all = [...found.values()]
    .filter((one) => one.digest > last && (wanted === null || one.artifactType === wanted))
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const manifests = firstThatFit(all);
  respondJson(
    exchange,
    200,
    { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests },
    {
      'content-type': MEDIA_TYPES.index,
      ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }),
      ...(manifests.length < all.length ? linkTo(exchange, { last: manifests.at(-1)?.digest ?? '' }) : {}),
    },
  );
}

/** At least one, so that every page makes progress. */
function firstThatFit(referrers: readonly Referrer[]): readonly Referrer[] {
  let bytes = 0;
  const end = referrers.findIndex((one, index) => {
    bytes += Buffer.byteLength(JSON.stringify(one)) + 1;
    return index > 0 && bytes > MAX_REFERRERS_BYTES - 1024;
  });
  return end < 0 ? referrers : referrers.slice(0, end);
}

/** @throws HttpError 400 */
function pageOf({ query }: Exchange): { readonly count: number; readonly last: string } {
  const text = query.get('n');
  if (text !== null && !/^\d{1,9}$/.test(text))
    throw new HttpError(
      400,
      'PAGINATION_NUMBER_INVALID',
      `n: expected a whole number, got ${JSON.stringify(text)}`,
    );
  return { count: Math.min(Number(text ?? MAX_ENTRIES), MAX_ENTRIES), last: query.get('last') ?? '' };
}

/** The address of the next page (RFC 5988); other parameters of the request stay. None where nothing was asked for. */
function linkTo({ path, query }: Exchange, next: Readonly<Record<string, string>>): Headers {
  if (next.n === '0') return {};
  const parameters = new URLSearchParams(query);
  for (const [name, value] of Object.entries(next)) parameters.set(name, value);
  return { link: `<${path}?${parameters}>; rel="next"` };
}
