import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { type Answer, ask, askOnce, digestOf, expectStatus, pullBlob, pullManifest } from './client.ts';
import type { Upstream } from './served.ts';

/** An image that the server said it has. */
export interface Stored {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly manifest: string;
  readonly layer: { readonly digest: string; readonly size: number };
}

/** What all clients know. */
export interface Known {
  readonly upstream: Upstream;
  /** Digests of composed images, by name */
  readonly composed: Map<string, string>;
  /** Nobody deletes these */
  readonly stored: Stored[];
  /** Times that each thing was done */
  readonly done: Map<string, number>;
  /** Uploads that were begun and not ended */
  openUploads: number;
}

export interface SoakClient {
  readonly id: number;
  /** Address of the server, or of the proxy before it */
  readonly base: string;
  readonly known: Known;
  readonly random: () => number;
}

type Work = (client: SoakClient) => Promise<void>;

/** Does one thing that clients do, and checks all that comes of it. */
export async function doSomething(client: SoakClient): Promise<void> {
  const total = WORKS.reduce((sum, [, weight]) => sum + weight, 0);
  let left = client.random() * total;
  for (const [name, weight, work] of WORKS) {
    left -= weight;
    if (left >= 0) continue;
    await work(client);

    client.known.done.set(name, (client.known.done.get(name) ?? 0) + 1);
    return;
  }
}

function pick<T>({ random }: SoakClient, list: readonly T[]): T | undefined {
  return list[Math.floor(random() * list.length)];
}

interface Manifest {
  readonly config: { readonly digest: string; readonly size: number };
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

async function pullComposed(client: SoakClient): Promise<void> {
  const { base, known, random } = client;
  const { names } = known.upstream;
  const isKnown = random() < 0.6 && known.composed.size > 0;
  const packages = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(client, names));
  const name =
    (isKnown ? pick(client, [...known.composed.keys()]) : undefined) ?? `bare/alpine/${packages.join('/')}`;
  if (random() < 0.3) await askOnce(base, 'HEAD', `/v2/${name}/manifests/latest`);
  const index = await pullManifest(base, name, 'latest');
  if (index === undefined) throw new Error(`${name} is not there`);
  const before = known.composed.get(name) ?? index.digest;
  if (before !== index.digest) throw new Error(`${name} was ${before}, and is ${index.digest}`);
  known.composed.set(name, index.digest);
  const parsed = JSON.parse(index.text) as { manifests?: readonly { digest: string }[] } & Manifest;
  const digest = parsed.manifests?.[0]?.digest;
  const image = digest === undefined ? index : await pullManifest(base, name, digest);
  if (image === undefined) throw new Error(`${name}@${digest} is not there`);
  const { config, layers } = JSON.parse(image.text) as Manifest;
  const wanted = [config, ...layers.filter(() => random() < 0.5)];
  await Promise.all(wanted.map((blob) => pullBlob(base, name, blob, random() < 0.3)));
  if (random() < 0.1) {
    const tags = await ask(base, 'GET', `/v2/${name}/tags/list`);
    expectStatus(tags, [200], `tags of ${name}`);
  }
}

async function pullStored(client: SoakClient): Promise<void> {
  const { base, known, random } = client;
  const image = pick(client, known.stored);
  if (image !== undefined) await expectStored(base, image, random() < 0.5);
}

/** @throws Error if an image is not there as it was pushed */
export async function expectStored(base: string, image: Stored, inParts = false): Promise<void> {
  const { repository, tag, manifest, layer } = image;
  const found = await pullManifest(base, repository, tag);
  if (found?.text !== manifest) throw new Error(`LOST ${repository}:${tag}: ${found?.text}`);
  await pullBlob(base, repository, layer, inParts);
}

/** Pushes a blob in one of the ways that there are. The reply may be lost, so everything is tried until it is said to be done. */
async function pushBlob(client: SoakClient, repository: string, bytes: Buffer): Promise<void> {
  const { base, known, random } = client;
  const digest = digestOf(bytes);
  const uploads = `/v2/${repository}/blobs/uploads/`;
  for (let tries = 0; tries < 25; tries++) {
    if (random() < 0.4) {
      const put = await askOnce(base, 'POST', `${uploads}?digest=${digest}`, { body: bytes });
      if (put === undefined) continue;
      expectStatus(put, [201], `POST ${uploads}`);
      return;
    }
    const begun = await askOnce(base, 'POST', uploads);
    known.openUploads += 1;
    if (begun === undefined) continue;
    expectStatus(begun, [202], `POST ${uploads}`);
    const location = begun.headers.get('location') ?? '';
    if (random() < 0.15) {
      await askOnce(base, 'PATCH', location, { body: bytes.subarray(0, 1000) });
      const ended = await askOnce(base, 'DELETE', location);
      // 409: the server has not yet noticed that the connection of the chunk is gone.
      if (ended !== undefined) expectStatus(ended, [204, 404, 409], `DELETE ${location}`);
      if (ended?.status === 204) known.openUploads -= 1;
      continue;
    }
    const sent = await sendChunks(client, location, bytes);
    if (sent) {
      known.openUploads -= 1;
      return;
    }
  }
  throw new Error(`${uploads}: 25 tries to push ${bytes.length} bytes`);
}

/** Sends chunks; after a cut, asks where the upload stands and goes on from there. */
async function sendChunks({ base, random }: SoakClient, location: string, bytes: Buffer): Promise<boolean> {
  const step = 1 + Math.floor(random() * bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + step, bytes.length);
    const headers = { 'content-range': `${at}-${end - 1}`, 'content-type': 'application/octet-stream' };
    const sent = await askOnce(base, 'PATCH', location, { body: bytes.subarray(at, end), headers });
    if (sent?.status === 202) {
      at = end;
      continue;
    }
    if (sent !== undefined) expectStatus(sent, [404, 409, 416], `PATCH ${location}`);
    const status = await ask(base, 'GET', location);
    if (status.status === 404) return false;
    expectStatus(status, [204], `GET ${location}`);
    const last = Number(/-(\d+)$/.exec(status.headers.get('range') ?? '')?.[1]);
    // One byte and none are told alike.
    if (last === 0) return false;
    at = last + 1;
  }
  const ended = await askOnce(base, 'PUT', `${location}?digest=${digestOf(bytes)}`);
  if (ended !== undefined) expectStatus(ended, [201, 404, 409], `PUT ${location}`);
  return ended?.status === 201;
}

async function push(client: SoakClient): Promise<Stored> {
  const { base, id, known, random } = client;
  const repository = `team${id}/app`;
  const tag = `t${Math.floor(random() * 1e15)}`;
  const layer = randomBytes(1 + Math.floor(random() ** 4 * 1_500_000));
  const config = Buffer.from(JSON.stringify({ tag }));
  await pushBlob(client, repository, config);
  const other = pick(client, known.stored);
  const mounted = other !== undefined && random() < 0.3 ? await mount(client, repository, other) : undefined;
  if (mounted === undefined) await pushBlob(client, repository, layer);
  const layerAt = mounted ?? { digest: digestOf(layer), size: layer.length };
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: { mediaType: MEDIA_TYPES.config, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: MEDIA_TYPES.layerTar, ...layerAt }],
  });
  const put = await ask(base, 'PUT', `/v2/${repository}/manifests/${tag}`, {
    headers: { 'content-type': MEDIA_TYPES.manifest },
    body: manifest,
  });
  expectStatus(put, [201], `PUT ${repository}:${tag}`);
  return { repository, tag, digest: digestOf(manifest), manifest, layer: layerAt };
}

async function mount({ base }: SoakClient, repository: string, { layer, repository: from }: Stored) {
  const path = `/v2/${repository}/blobs/uploads/?mount=${layer.digest}&from=${from}`;
  const answer = await ask(base, 'POST', path);
  expectStatus(answer, [201], `POST ${path}`);
  return layer;
}

/** Images of its own that a client deletes again: the tag, then the manifest, then the blob. */
async function pushAndDelete(client: SoakClient): Promise<void> {
  const { base } = client;
  const { repository, tag, digest } = await push(client);
  const path = `/v2/${repository}/manifests`;
  for (const reference of [tag, digest]) {
    const deleted = await ask(base, 'DELETE', `${path}/${reference}`);
    // 404: the reply to the first try was lost.
    expectStatus(deleted, [202, 404], `DELETE ${path}/${reference}`);
    const gone = await ask(base, 'GET', `${path}/${reference}`);
    expectStatus(gone, [404], `GET ${path}/${reference} after DELETE`);
  }
}

async function pullFromMirror(client: SoakClient): Promise<void> {
  const { base, known, random } = client;
  const name = pick(client, known.upstream.names) ?? '';
  const file = random() < 0.2 ? 'APKINDEX.tar.gz' : `${name}-1.0-r0.apk`;
  const path = `v3.19/main/x86_64/${file}`;
  const answer = await ask(base, 'GET', `/mirror/alpine/${path}`);
  expectStatus(answer, [200], path);
  if (!answer.body.equals(readFileSync(join(known.upstream.folder, path))))
    throw new Error(`WRONG BYTES /mirror/alpine/${path}: ${answer.body.length}`);
}

async function visit(client: SoakClient): Promise<void> {
  const { base, known } = client;
  const name = pick(client, known.upstream.names) ?? '';
  const paths = [
    '/',
    `/?q=${name}`,
    `/?q=${name}`,
    '/metrics',
    '/healthz',
    '/readyz',
    '/v2/',
    '/v2/_catalog',
  ];
  const path = pick(client, paths) ?? '/';
  expectStatus(await ask(base, 'GET', path), [200], path);
}

async function askForNothing(client: SoakClient): Promise<void> {
  const { base } = client;
  const paths = [
    `/v2/bare/alpine/nothing-${Math.floor(client.random() * 1e6)}/manifests/latest`,
    '/v2/team0/app/manifests/not-there',
    `/v2/team0/app/blobs/${digestOf('not there')}`,
    '/mirror/alpine/v3.19/main/x86_64/not-there-1.apk',
    '/v2/UPPER/manifests/latest',
  ];
  const path = pick(client, paths) ?? '/';
  const answer: Answer = await ask(base, 'GET', path);
  expectStatus(answer, [400, 404], path);
}

/** Leaves while an answer is on its way, or in the middle of a request. */
async function leave(client: SoakClient): Promise<void> {
  const { base, known, random } = client;
  const name = pick(client, known.upstream.names);
  const leavesAfterMs = 1 + Math.floor(random() * 30);
  await askOnce(base, 'GET', `/mirror/alpine/v3.19/main/x86_64/${name}-1.0-r0.apk`, { leavesAfterMs });
  await askOnce(
    base,
    'GET',
    `/v2/bare/alpine/${name}/${pick(client, known.upstream.names)}/manifests/latest`,
    {
      leavesAfterMs,
    },
  );
  const { hostname: host, port } = new URL(base);
  const socket = connect({ host, port: Number(port) });
  socket.on('error', () => undefined);
  socket.end(
    `POST /v2/team0/app/blobs/uploads/?digest=${digestOf('x')} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf`,
  );
  await Promise.race([once(socket, 'close'), sleep(1_000)]);
  socket.destroy();
}

const WORKS: readonly (readonly [name: string, weight: number, work: Work])[] = [
  ['composed', 30, pullComposed],
  ['stored', 20, pullStored],
  ['push', 12, async (client) => void client.known.stored.push(await push(client))],
  ['delete', 5, pushAndDelete],
  ['mirror', 15, pullFromMirror],
  ['page', 8, visit],
  ['nothing', 5, askForNothing],
  ['leave', 5, leave],
];
