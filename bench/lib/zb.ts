import { createHash, randomBytes } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';

/*
 * The cases of zb, the benchmark of the zot registry (github.com/project-zot/zot, cmd/zb): pulls and pushes of images of one layer of
 * 1, 10 and 100 MB, in one request or as a stream, alone and mixed, by so many clients at once.
 */

const MB = 1_000_000;
/** Clients at a time */
const CONCURRENCY = 10;
const CONFIG = Buffer.from('{}');

/** Result of one case */
export interface ZbResult {
  readonly name: string;
  readonly requests: number;
  readonly seconds: number;
  readonly p99Ms: number;
  readonly failed: number;
}

type Way = 'pull' | 'monolith' | 'chunked';

interface Case {
  readonly name: string;
  readonly way: Way | 'catalog';
  readonly count: number;
  /** Sizes in MB, taken in turn */
  readonly sizes: readonly number[];
}

const MIXED = [1, 1, 10, 10, 10, 10, 10, 10, 10, 100];
const THIRDS = [1, 10, 100];

const CASES: readonly Case[] = [
  { name: 'Get Catalog', way: 'catalog', count: 1_000, sizes: [0] },
  { name: 'Push Monolith 1MB', way: 'monolith', count: 100, sizes: [1] },
  { name: 'Push Monolith 10MB', way: 'monolith', count: 30, sizes: [10] },
  { name: 'Push Monolith 100MB', way: 'monolith', count: 6, sizes: [100] },
  { name: 'Push Chunk Streamed 1MB', way: 'chunked', count: 100, sizes: [1] },
  { name: 'Push Chunk Streamed 10MB', way: 'chunked', count: 30, sizes: [10] },
  { name: 'Push Chunk Streamed 100MB', way: 'chunked', count: 6, sizes: [100] },
  { name: 'Pull 1MB', way: 'pull', count: 400, sizes: [1] },
  { name: 'Pull 10MB', way: 'pull', count: 100, sizes: [10] },
  { name: 'Pull 100MB', way: 'pull', count: 20, sizes: [100] },
  { name: 'Pull Mixed 20% 1MB, 70% 10MB, 10% 100MB', way: 'pull', count: 40, sizes: MIXED },
  { name: 'Push Monolith Mixed 33% 1MB, 33% 10MB, 33% 100MB', way: 'monolith', count: 12, sizes: THIRDS },
  { name: 'Push Chunk Mixed 33% 1MB, 33% 10MB, 33% 100MB', way: 'chunked', count: 12, sizes: THIRDS },
];

/** Runs every case against a registry, one after another. @throws Error if what is pulled cannot be pushed first */
export async function runZb(url: string): Promise<readonly ZbResult[]> {
  const client = new Client(url);
  const results: ZbResult[] = [];
  for (const size of [1, 10, 100]) await client.push(`zb/pull-${size}`, bytesOf(size), 'monolith');
  for (const one of CASES) results.push(await runCase(client, one));
  client.close();
  return results;
}

async function runCase(client: Client, { name, way, count, sizes }: Case): Promise<ZbResult> {
  const times: number[] = [];
  let failed = 0;
  let next = 0;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const size = sizes[index % sizes.length] ?? 1;
      const begun = performance.now();
      try {
        if (way === 'catalog') await client.get('/v2/_catalog?n=100');
        else if (way === 'pull') await client.pull(`zb/pull-${size}`);
        else await client.push(`zb/push-${index % CONCURRENCY}`, bytesOf(size), way);
      } catch {
        failed += 1;
      }
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const sorted = times.sort((a, b) => a - b);
  const p99Ms = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN;
  return { name, requests: count, seconds: (performance.now() - started) / 1000, p99Ms, failed };
}

const bases = new Map<number, Buffer>();

/** Returns bytes that nobody has pushed before. */
function bytesOf(megabytes: number): Buffer {
  const base = bases.get(megabytes) ?? randomBytes(megabytes * MB);
  bases.set(megabytes, base);
  const own = Buffer.from(base);
  randomBytes(16).copy(own);
  return own;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

class Client {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });

  constructor(url: string) {
    this.#url = url;
  }

  close(): void {
    this.#agent.destroy();
  }

  async get(path: string): Promise<Buffer> {
    return (await this.#send('GET', path, 200, { accept: MEDIA_TYPES.manifest })).body;
  }

  async pull(repository: string): Promise<void> {
    const manifest = JSON.parse((await this.get(`/v2/${repository}/manifests/1`)).toString()) as {
      readonly config: { readonly digest: string };
      readonly layers: readonly { readonly digest: string; readonly size: number }[];
    };
    await this.get(`/v2/${repository}/blobs/${manifest.config.digest}`);
    for (const { digest, size } of manifest.layers) {
      const body = await this.get(`/v2/${repository}/blobs/${digest}`);
      if (body.length !== size) throw new Error(`${digest}: ${body.length} of ${size} bytes`);
    }
  }

  async push(repository: string, bytes: Buffer, way: 'monolith' | 'chunked'): Promise<void> {
    await this.#upload(repository, bytes, way);
    await this.#upload(repository, CONFIG, 'monolith');
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      config: { mediaType: MEDIA_TYPES.config, digest: digestOf(CONFIG), size: CONFIG.length },
      layers: [{ mediaType: MEDIA_TYPES.layerGzip, digest: digestOf(bytes), size: bytes.length }],
    });
    await this.#send(
      'PUT',
      `/v2/${repository}/manifests/1`,
      201,
      { 'content-type': MEDIA_TYPES.manifest },
      manifest,
    );
  }

  async #upload(repository: string, bytes: Buffer, way: 'monolith' | 'chunked'): Promise<void> {
    const begun = await this.#send('POST', `/v2/${repository}/blobs/uploads/`, 202, {
      'content-length': '0',
    });
    let location = begun.location;
    const type = { 'content-type': 'application/octet-stream' };
    if (way === 'chunked') location = (await this.#send('PATCH', location, 202, type, bytes)).location;
    const end = `${location}${location.includes('?') ? '&' : '?'}digest=${digestOf(bytes)}`;
    await this.#send('PUT', end, 201, type, way === 'chunked' ? '' : bytes);
  }

  #send(
    method: string,
    target: string,
    expected: number,
    headers: Readonly<Record<string, string>>,
    body: string | Buffer = '',
  ): Promise<{ readonly location: string; readonly body: Buffer }> {
    return new Promise((resolve, reject) => {
      const sent = request(new URL(target, this.#url), { method, agent: this.#agent, headers });
      sent.on('error', reject);
      sent.on('response', async (response: IncomingMessage) => {
        const pieces: Buffer[] = [];
        try {
          for await (const piece of response) pieces.push(piece as Buffer);
        } catch (error) {
          return reject(error);
        }
        if (response.statusCode === expected)
          resolve({ location: response.headers.location ?? '', body: Buffer.concat(pieces) });
        else reject(new Error(`${method} ${target}: ${response.statusCode} ${Buffer.concat(pieces)}`));
      });
      sent.end(body);
    });
  }
}
