import { isDigestAlgorithm } from '../../model/content-digest.ts';
import type { Exchange } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { receive } from '../http/receive.ts';
import { respond, respondEmpty } from '../http/respond.ts';
import { pushedDigest } from './names.ts';
import type { Handler, Registry } from './registry.ts';
import { type UploadKey, type Uploads, uploadHeaders } from './uploads.ts';

/** Repositories that are looked at for a mount that names none. */
const MAX_SOURCES = 20;

/** Handlers of the requests that store blobs. */
export function uploadHandlers(
  registry: Registry,
  uploads: Uploads,
): { readonly uploads: Record<string, Handler>; readonly upload: Record<string, Handler> } {
  const { maxBlobBytes } = registry;

  async function begin(exchange: Exchange, repository: string): Promise<void> {
    const { query } = exchange;
    const algorithm = query.get('digest-algorithm') ?? 'sha256';
    if (!isDigestAlgorithm(algorithm))
      throw new HttpError(400, 'DIGEST_INVALID', `not a digest algorithm of this registry: ${algorithm}`);
    if (query.has('mount') && (await mount(registry, exchange, repository))) return;
    const digest = query.has('digest') ? pushedDigest(query.get('digest') ?? '') : undefined;
    const key = await uploads.begin(repository, algorithm);
    if (digest === undefined) {
      respond(exchange, 202, uploadHeaders(key, 0));
      return;
    }
    try {
      await uploads.append(key, receive(exchange, maxBlobBytes));
    } catch (error) {
      await uploads.cancel(key);
      throw error;
    }
    await finish(exchange, key);
  }

  async function append(exchange: Exchange, repository: string, id: string): Promise<void> {
    const key = { repository, id };
    const size = await uploads.append(key, receive(exchange, maxBlobBytes), startOf(exchange));
    respond(exchange, 202, uploadHeaders(key, size));
  }

  async function close(exchange: Exchange, repository: string, id: string): Promise<void> {
    const key = { repository, id };
    pushedDigest(exchange.query.get('digest') ?? '');
    await uploads.append(key, receive(exchange, maxBlobBytes), startOf(exchange));
    await finish(exchange, key);
  }

  async function finish(exchange: Exchange, key: UploadKey): Promise<void> {
    const digest = pushedDigest(exchange.query.get('digest') ?? '');
    await uploads.finish(key, digest);
    respondStored(exchange, key.repository, digest);
  }

  return {
    uploads: { POST: begin },
    upload: {
      async GET(exchange, repository, id) {
        const key = { repository, id };
        respondEmpty(exchange, 204, uploadHeaders(key, await uploads.sizeOf(key)));
      },
      PATCH: append,
      PUT: close,
      async DELETE(exchange, repository, id) {
        await uploads.cancel({ repository, id });
        respondEmpty(exchange, 204, {});
      },
    },
  };
}

/** Takes a blob from another repository that the client may read; answers if that was possible. */
async function mount({ stored }: Registry, exchange: Exchange, repository: string): Promise<boolean> {
  const { identity, query } = exchange;
  const digest = pushedDigest(query.get('mount') ?? '');
  const named = query.get('from');
  const sources = named === null ? (stored?.content.repositoriesWith(digest) ?? []) : [named];
  const from = sources.filter((name) => identity.may('pull', name)).slice(0, MAX_SOURCES);
  if (!(await stored?.writer.run('mountBlob', { repository, digest, from }))) return false;
  respondStored(exchange, repository, digest);
  return true;
}

function respondStored(exchange: Exchange, repository: string, digest: string): void {
  exchange.digest = digest;
  respond(exchange, 201, {
    location: `/v2/${repository}/blobs/${digest}`,
    'docker-content-digest': digest,
  });
}

/** Reads where a chunk begins; undefined if the client does not say. @throws HttpError 400, 416 */
function startOf({ request }: Exchange): number | undefined {
  const { 'content-range': range, 'content-length': length } = request.headers;
  if (range === undefined) return undefined;
  // Without a unit (OCI), or as others write it.
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(range);
  if (match === null) throw new HttpError(400, 'BLOB_UPLOAD_INVALID', `not a range: ${range}`);
  const [start, end] = [Number(match[1]), Number(match[2])];
  if (length !== undefined && end - start + 1 !== Number(length))
    throw new HttpError(400, 'SIZE_INVALID', `the range ${range} is not ${length} bytes`);
  return start;
}
