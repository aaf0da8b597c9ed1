import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { whyNoBoundProcess } from '../../fixtures/bound-process.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { digestOf } from './client.ts';
import { type Served, serve, sourceWords, startUpstream } from './served.ts';

const MANIFEST_BYTES = 4 * 1024 * 1024;
/** Answers to what is refused take no longer than this, on a busy machine. */
const LONG_MS = 10_000;

interface Asked {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

interface Hostile extends Served {
  readonly folder: string;
  ask(method: string, path: string, body?: Buffer | string, headers?: Record<string, string>): Promise<Asked>;
}

async function startHostile(t: TestContext): Promise<Hostile | undefined> {
  const reason = whyNoBoundProcess();
  if (reason !== undefined) {
    t.skip(`skipped: ${reason}`);
    return undefined;
  }
  const folder = tempDir(t);
  const config = join(folder, 'serve.yaml');
  const recipes = join(folder, 'recipes');
  mkdirSync(recipes);
  writeFileSync(config, 'proxies: [127.0.0.1]\n');
  const upstream = await startUpstream(t, folder, 200);
  const words = [...sourceWords(upstream), '--config', config, '--recipes', recipes];
  const server = await serve(t, { folder, cache: join(folder, 'cache'), words });
  return {
    ...server,
    folder,
    async ask(method, path, body, headers = {}) {
      const startMs = performance.now();
      const init = { method, headers, ...(body === undefined ? {} : { body }) } as RequestInit;
      const response = await fetch(server.url + path, init);
      const text = await response.text();
      return { status: response.status, text, ms: performance.now() - startMs };
    },
  };
}

const push = (server: Hostile, repository: string, bytes: Buffer | string) =>
  server.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`, bytes);

const put = (server: Hostile, path: string, text: string, mediaType: string = MEDIA_TYPES.manifest) =>
  server.ask('PUT', `/v2/${path}`, text, { 'content-type': mediaType });

const descriptor = (bytes: Buffer | string, mediaType: string) => ({
  mediaType,
  digest: digestOf(bytes),
  size: Buffer.byteLength(bytes),
});

test('layers that are bombs are stored as they are, and nobody inflates them', async (t) => {
  const server = await startHostile(t);
  if (server === undefined) return;
  const bomb = gzipSync(gzipSync(Buffer.alloc(512 * 1024 * 1024)));
  await push(server, 'a', bomb);
  await push(server, 'a', '{}');
  const before = server.held().rssMiB;
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: descriptor('{}', MEDIA_TYPES.config),
    layers: Array.from({ length: 100 }, () => descriptor(bomb, MEDIA_TYPES.layerGzip)),
  });
  assert.equal((await put(server, 'a/manifests/bomb', manifest)).status, 201);
  assert.equal((await server.ask('GET', `/v2/a/blobs/${digestOf(bomb)}`)).status, 200);
  for (const path of ['/', '/image?bag=p1', '/files/-/a:bomb/', '/metrics'])
    assert.ok((await server.ask('GET', path)).status < 500, path);
  assert.ok(server.held().rssMiB < before + 150, `${before} MiB, ${server.held().rssMiB} MiB`);
});

test('manifests that are bombs are refused soon, and others are answered meanwhile', async (t) => {
  const server = await startHostile(t);
  if (server === undefined) return;
  const many = Array.from({ length: 25_000 }, (_, at) => descriptor(String(at), MEDIA_TYPES.manifest));
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.index };
  const own = digestOf('an index cannot know its own digest');
  const bombs = [
    '['.repeat(MANIFEST_BYTES - 1),
    `{"schemaVersion":2,"a":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`,
    JSON.stringify({ ...index, manifests: many }),
    JSON.stringify({ ...index, manifests: [{ mediaType: MEDIA_TYPES.index, digest: own, size: 100 }] }),
    JSON.stringify({
      ...index,
      manifests: [],
      annotations: Object.fromEntries(many.map(({ digest }) => [digest, ''])),
    }),
    `{${'"schemaVersion":2,'.repeat(200_000)}"schemaVersion":2}`,
    'x'.repeat(MANIFEST_BYTES + 1),
  ];
  let longestMs = 0;
  let isOver = false;
  t.after(() => {
    isOver = true;
  });
  const watching = (async () => {
    while (!isOver) longestMs = Math.max(longestMs, (await server.ask('GET', '/healthz')).ms);
  })();
  for (const bomb of bombs) {
    const { status, text, ms } = await put(server, 'a/manifests/bomb', bomb, MEDIA_TYPES.index);
    t.diagnostic(`${bomb.slice(0, 60)}: ${status} in ${Math.round(ms)} ms: ${text.slice(0, 100)}`);
    assert.ok([201, 400, 413].includes(status), `${status} ${text.slice(0, 200)}`);
    assert.ok(ms < LONG_MS && text.length < 100_000, `${ms} ms, ${text.length} bytes`);
  }
  isOver = true;
  await watching;
  t.diagnostic(`others waited ${Math.round(longestMs)} ms at most`);
});

test('lists of very many tags come in pages, the same from every side', async (t) => {
  const server = await startHostile(t);
  if (server === undefined) return;
  await push(server, 'a', '{}');
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: descriptor('{}', MEDIA_TYPES.config),
    layers: [],
  });
  for (let at = 0; at < 12_000; at += 100) {
    const query = Array.from({ length: 100 }, (_, tag) => `tag=t${at + tag}`).join('&');
    const { status, text } = await put(server, `a/manifests/${digestOf(manifest)}?${query}`, manifest);
    assert.equal(status, 201, text);
  }
  const found = new Set<string>();
  let last = '';
  for (let pages = 0; pages < 20; pages++) {
    const { text } = await server.ask('GET', `/v2/a/tags/list?n=1000&last=${last}`);
    const { tags } = JSON.parse(text) as { tags: string[] };
    if (tags.length === 0) break;
    for (const tag of tags) found.add(tag);
    last = tags.at(-1) ?? '';
  }
  assert.equal(found.size, 12_000);
  const whole = JSON.parse((await server.ask('GET', '/v2/a/tags/list')).text) as { tags: string[] };
  assert.equal(whole.tags.length, 10_000);
});

test('one client that asks for very many names holds up no other', async (t) => {
  const server = await startHostile(t);
  if (server === undefined) return;
  const pull = (name: string, client: string) =>
    server.ask('GET', `/v2/bare/alpine/${name}/manifests/latest`, undefined, { 'x-forwarded-for': client });
  assert.equal((await pull('p1', '192.0.2.1')).status, 200);
  const greedy = Array.from({ length: 1_500 }, (_, at) =>
    pull(`p${at % 200}/p${Math.floor(at / 200) + 1}/p${(at * 7) % 200}`, '192.0.2.66'),
  );
  const modest: Asked[] = [];
  for (let at = 0; at < 5; at++) modest.push(await pull(`p${at}/p199`, '192.0.2.1'));
  const answers = await Promise.all(greedy);
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  const times = modest.map(({ ms }) => Math.round(ms));
  t.diagnostic(`${JSON.stringify([...counts])}; the other waited ${times} ms`);
  assert.deepEqual(
    modest.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  assert.ok(
    [...counts.keys()].every((status) => [200, 429].includes(status)),
    JSON.stringify([...counts]),
  );
});

test('names, paths and recipes that nobody means well are told so', async (t) => {
  const server = await startHostile(t);
  if (server === undefined) return;
  const { folder } = server;
  symlinkSync('/etc/passwd', join(folder, 'recipes', 'passwd.yaml'));
  symlinkSync('..', join(folder, 'recipes', 'up'));
  symlinkSync('loop.yaml', join(folder, 'recipes', 'loop.yaml'));
  const get: readonly string[] = [
    `/v2/bare/alpine/${'p'.repeat(240)}/manifests/latest`,
    `/v2/bare/alpine/${'a/'.repeat(120)}p1/manifests/latest`,
    `/v2/bare/alpine/${'p1/'.repeat(4_000)}p2/manifests/latest`,
    '/v2/bare/alpine/%E2%98%83/manifests/latest',
    '/v2/bare/alpine/%C0%AE%C0%AE/manifests/latest',
    '/v2/bare/alpine/__zz__/manifests/latest',
    '/v2/bare/alpine/hex__00/manifests/latest',
    '/v2/bare/alpine/hex__2d2d6361636865/manifests/latest',
    `/v2/alpine/p1/manifests/${'t'.repeat(129)}`,
    '/v2/recipes/passwd/manifests/latest',
    '/v2/recipes/up/manifests/latest',
    '/v2/recipes/loop/manifests/latest',
    '/v2/recipes/up/serve/manifests/latest',
    `/?q=${'%F0%9F%92%A3'.repeat(150)}`,
    `/image?bag=${'p1+'.repeat(5_000)}`,
    '/package?name=%00',
    '/mirror/alpine/v3.19/main/x86_64/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  ];
  for (const path of get) {
    const { status, text, ms } = await server.ask('GET', path);
    assert.ok(
      status >= 400 && status < 500 && ms < LONG_MS,
      `${path.slice(0, 80)}: ${status} in ${ms} ms: ${text}`,
    );
    assert.ok(!text.includes('root:'), path);
  }
  const anchors = Array.from(
    { length: 30 },
    (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}*a${at}]`,
  );
  const posted: readonly string[] = [
    `a0: &a0 [p1]\n${anchors.join('\n')}\npackages: *a30\n`,
    `packages: &a [*a]\n`,
    `packages: [${Array.from({ length: 6_000 }, (_, at) => `q${at}`).join()}]`,
    `packages: ${'['.repeat(30_000)}`,
    `packages: [p1]\nadd: [/etc/passwd:/x]\n`,
    `packages: [p1]\nmirrors: ['http://127.0.0.1:1/']\n`,
    `packages: [p1]\nkeyring: /etc\n`,
    'packages: ["--allow-untrusted"]',
    'x'.repeat(70_000),
    '\u0000',
    '',
  ];
  for (const text of posted) {
    const answer = await server.ask('POST', '/compose', text);
    const what = `${text.slice(0, 60)}: ${answer.status} in ${answer.ms} ms: ${answer.text.slice(0, 300)}`;
    assert.ok(answer.status >= 400 && answer.status < 500 && answer.ms < LONG_MS, what);
  }
  assert.equal((await server.ask('GET', '/healthz')).status, 200);
  await server.end();
});
