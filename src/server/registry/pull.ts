import { contentDigest } from '../../model/content-digest.ts';
import type { Origin } from '../content.ts';
import { isUnchanged } from '../http/conditional.ts';
import type { Exchange } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { respond, respondEmpty } from '../http/respond.ts';
import { sendBlob } from '../http/send-bytes.ts';
import { manifestReference } from './names.ts';
import type { Registry, Target } from './registry.ts';

/** Sends a manifest. Its type is the one it has, whatever the client accepts: clients that find no type they know say so. */
export async function pullManifest(registry: Registry, exchange: Exchange, target: Target): Promise<void> {
  const { repository, text } = target;
  const reference = manifestReference(text);
  if (reference === undefined) throw unknownManifest(target, registry);
  const found = await firstOf(registry.origins, (origin) => origin.manifest(repository, reference, exchange));
  if (found === undefined) throw unknownManifest(target, registry);
  const { digest, mediaType, bytes } = found;
  exchange.digest = digest;
  registry.stored?.noteUse(repository, digest);
  const etag = `"${digest}"`;
  const headers = { 'docker-content-digest': digest, etag };
  if (isUnchanged(exchange.request.headers, etag)) respondEmpty(exchange, 304, headers);
  else respond(exchange, 200, { ...headers, 'content-type': mediaType }, bytes);
}

/** Sends a blob, or a part of it. */
export async function pullBlob(registry: Registry, exchange: Exchange, target: Target): Promise<void> {
  const { repository, text } = target;
  const digest = contentDigest(text);
  if (digest === undefined) throw unknownBlob(target);
  const found = await firstOf(registry.origins, (origin) => origin.blob(repository, digest, exchange));
  if (found === undefined) throw unknownBlob(target);
  exchange.digest = digest;
  if (exchange.method === 'HEAD') await registry.stored?.useBlob(repository, digest);
  await sendBlob(exchange, found, {
    contentType: 'application/octet-stream',
    etag: `"${digest}"`,
    headers: { 'docker-content-digest': digest },
  });
}

async function firstOf<T>(
  origins: readonly Origin[],
  ask: (origin: Origin) => T | undefined | Promise<T | undefined>,
): Promise<T | undefined> {
  for (const origin of origins) {
    const found = await ask(origin);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Says that a repository has no such manifest, and how names of images begin that are composed. */
export function unknownManifest(
  { repository, text }: Target,
  { composed = [] }: Pick<Registry, 'composed'> = {},
): HttpError {
  const what = text.includes(':') ? `manifest ${text}` : `tag ${text}`;
  const isComposed = text.includes(':') || composed.length === 0 || composed.includes(firstWord(repository));
  const others = isComposed
    ? ''
    : `, and images are composed of ${composed.join(' and ')} only: ${composed[0]}/PACKAGE`;
  return new HttpError(404, 'MANIFEST_UNKNOWN', `${repository} has no ${what}${others}`, {
    detail: { name: repository },
  });
}

function firstWord(repository: string): string {
  return repository.split('/', 1)[0] ?? '';
}

/** Says that a repository has no such blob. */
export function unknownBlob({ repository, text }: Target): HttpError {
  return new HttpError(404, 'BLOB_UNKNOWN', `${repository} has no blob ${text}`, {
    detail: { digest: text },
  });
}
