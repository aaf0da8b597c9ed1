import { randomUUID } from 'node:crypto';
import { digestOf } from '../../src/model/digest.ts';
import { type Exchange, readBody, refuse, reply } from './registry-exchange.ts';

export interface Asked {
  readonly repository: string;
  readonly id: string;
  readonly url: URL;
}

export async function manifests(exchange: Exchange, { repository, id }: Asked): Promise<void> {
  const { state, request } = exchange;
  const key = `${repository} ${id}`;
  const found = state.manifests.get(key);
  if (request.method === 'PUT') return putManifest(exchange, { repository, id });
  if (found === undefined) return refuse(exchange, 404, 'MANIFEST_UNKNOWN');
  if (request.method === 'DELETE') {
    if (!state.switches.deletes) return refuse(exchange, 405, 'UNSUPPORTED');
    state.manifests.delete(key);
    return reply(exchange, 202, {});
  }
  const headers = { 'content-type': found.mediaType, 'docker-content-digest': digestOf(found.bytes) };
  reply(exchange, 200, headers, found.bytes);
}

async function putManifest(exchange: Exchange, { repository, id }: Omit<Asked, 'url'>): Promise<void> {
  const { state, request } = exchange;
  const bytes = await readBody(exchange);
  const json = JSON.parse(bytes.toString());
  const missing = [json.config ?? [], json.layers ?? []]
    .flat()
    .map(({ digest }: { digest: string }) => digest)
    .filter((digest) => !state.blobs.has(`${repository} ${digest}`));
  if (missing.length > 0 && state.switches.namesMissing > 0)
    return refuse(
      exchange,
      400,
      'MANIFEST_BLOB_UNKNOWN',
      {},
      ...missing.slice(0, state.switches.namesMissing),
    );
  const manifest = { mediaType: request.headers['content-type'] ?? '', bytes };
  const digest = digestOf(bytes);
  state.manifests.set(`${repository} ${id}`, manifest);
  state.manifests.set(`${repository} ${digest}`, manifest);
  const subject = json.subject?.digest;
  const headers: Record<string, string> = {
    'docker-content-digest': digest,
    location: `/v2/${repository}/manifests/${digest}`,
  };
  if (subject !== undefined && state.switches.referrers) headers['oci-subject'] = subject;
  reply(exchange, 201, headers);
}

export async function blobs(exchange: Exchange, { repository, id }: Asked): Promise<void> {
  const { state, request, response } = exchange;
  const { blobsAt, ignoresRange, cutDownloads, deletes } = state.switches;
  const blob = state.blobs.get(`${repository} ${id}`);
  if (blob === undefined) return refuse(exchange, 404, 'BLOB_UNKNOWN');
  if (request.method === 'DELETE') {
    if (!deletes) return refuse(exchange, 405, 'UNSUPPORTED');
    state.blobs.delete(`${repository} ${id}`);
    return reply(exchange, 202, {});
  }
  if (blobsAt !== undefined)
    return reply(exchange, 307, { location: `${blobsAt}${request.url}?signature=secret` });
  const range = ignoresRange ? null : /^bytes=(\d+)-/.exec(request.headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const rest = blob.subarray(start);
  const headers: Record<string, string> = { 'docker-content-digest': id };
  if (range !== null) headers['content-range'] = `bytes ${start}-${blob.length - 1}/${blob.length}`;
  const cut = request.method === 'GET' ? cutDownloads.shift() : undefined;
  if (cut === undefined || cut >= rest.length)
    return reply(exchange, range === null ? 200 : 206, headers, rest);
  response.writeHead(range === null ? 200 : 206, { ...headers, 'content-length': rest.length });
  response.write(rest.subarray(0, cut), () => setTimeout(() => response.destroy(), 5));
}

export async function upload(exchange: Exchange, { repository, id, url }: Asked): Promise<void> {
  const { state, request } = exchange;
  if (request.method === 'POST') return openUpload(exchange, { repository, id, url });
  const bytes = state.uploads.get(id);
  if (bytes === undefined) return refuse(exchange, 404, 'BLOB_UPLOAD_UNKNOWN');
  if (request.method === 'DELETE') {
    state.uploads.delete(id);
    return reply(exchange, 204, {});
  }
  if (request.method === 'GET') return progress(exchange, { repository, id, status: 204 });
  if (Number(request.headers['content-length']) > state.switches.maxBodyBytes) {
    request.resume();
    return refuse(exchange, 413, '');
  }
  const start = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1];
  if (start !== undefined && Number(start) !== bytes.length)
    return progress(exchange, { repository, id, status: 416 });
  const body = await readBody(exchange, (part) => state.uploads.set(id, Buffer.concat([bytes, part])));
  if (request.method === 'PATCH') return progress(exchange, { repository, id, status: 202 });
  const whole = Buffer.concat([bytes, body]);
  state.uploads.delete(id);
  const digest = url.searchParams.get('digest')!;
  if (digestOf(whole) !== digest) return refuse(exchange, 400, 'DIGEST_INVALID');
  state.blobs.set(`${repository} ${digest}`, whole);
  reply(exchange, 201, { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest });
}

async function openUpload(exchange: Exchange, { repository, url }: Asked): Promise<void> {
  const { state } = exchange;
  const { mounts } = state.switches;
  const mount = url.searchParams.get('mount');
  const source = state.blobs.get(`${url.searchParams.get('from')} ${mount}`);
  if (mount !== null && mounts === 'refused') return refuse(exchange, 405, 'UNSUPPORTED');
  if (mount !== null && mounts === 'taken' && source !== undefined) {
    state.blobs.set(`${repository} ${mount}`, source);
    return reply(exchange, 201, {
      location: `/v2/${repository}/blobs/${mount}`,
      'docker-content-digest': mount,
    });
  }
  const id = randomUUID();
  state.uploads.set(id, Buffer.alloc(0));
  progress(exchange, { repository, id, status: 202 });
}

function progress(
  exchange: Exchange,
  { repository, id, status }: { repository: string; id: string; status: number },
): void {
  const { state } = exchange;
  const { locations } = state.switches;
  const size = state.uploads.get(id)?.length ?? 0;
  const path = `/v2/${repository}/blobs/uploads/${id}${locations === 'query' ? `?_state=a%2Bb%3D${size}` : ''}`;
  const location = locations === 'absolute' ? `${state.url}${path}` : path;
  reply(exchange, status, { location, ...(size === 0 ? {} : { range: `0-${size - 1}` }) });
}

export async function tags(exchange: Exchange, { repository, url }: Asked): Promise<void> {
  const all = [...exchange.state.manifests.keys()]
    .filter((key) => key.startsWith(`${repository} `) && !key.includes(' sha256:'))
    .map((key) => key.split(' ')[1]!)
    .sort();
  if (all.length === 0) return refuse(exchange, 404, 'NAME_UNKNOWN');
  page(exchange, { all, url, make: (some) => ({ name: repository, tags: some }) });
}

export async function referrers(exchange: Exchange, { repository, id, url }: Asked): Promise<void> {
  const { state } = exchange;
  if (!state.switches.referrers) return refuse(exchange, 404, '');
  const all = [...state.manifests]
    .filter(([key]) => key.startsWith(`${repository} sha256:`))
    .map(([, { mediaType, bytes }]) => ({ json: JSON.parse(bytes.toString()), mediaType, bytes }))
    .filter(({ json }) => json.subject?.digest === id)
    .map(({ json, mediaType, bytes }) => ({
      mediaType,
      digest: digestOf(bytes),
      size: bytes.length,
      artifactType: json.artifactType,
    }));
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  page(exchange, { all, url, make: (manifests) => ({ schemaVersion: 2, mediaType, manifests }), mediaType });
}

interface Paged<T> {
  readonly all: readonly T[];
  readonly url: URL;
  readonly make: (some: readonly T[]) => object;
  readonly mediaType?: string;
}

function page<T>(exchange: Exchange, { all, url, make, mediaType = 'application/json' }: Paged<T>): void {
  const { pageSize } = exchange.state.switches;
  const start = Number(url.searchParams.get('start') ?? 0);
  const end = pageSize === 0 ? all.length : start + pageSize;
  const headers: Record<string, string> = { 'content-type': mediaType };
  if (end < all.length) headers.link = `<${url.pathname}?start=${end}>; rel="next"`;
  reply(exchange, 200, headers, JSON.stringify(make(all.slice(start, end))));
}
