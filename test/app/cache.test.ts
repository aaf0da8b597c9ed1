import assert from 'node:assert/strict';
import {
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheGc, cacheList, cacheVerify } from '../../src/app/cache.ts';
import { compose } from '../../src/app/compose/compose.ts';
import type { CacheEntryReport, CacheGcReport, CacheVerifyReport } from '../../src/model/request.ts';
import { type Mirror, startMirror } from '../fake/mirror.ts';
import { makeApk } from '../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring } from '../fixtures/mirror-dir.ts';
import { tempDir } from '../fixtures/temp.ts';
import {
  cli,
  composed,
  contents,
  folder,
  json,
  KEY,
  noise,
  refused,
  request,
  small,
  use,
} from './harness.ts';

interface Setting {
  readonly dir: string;
  readonly cache: string;
  readonly repo: string;
  readonly mirror: Mirror;
  readonly from: { readonly repositories: readonly string[]; readonly keyring: string };
}

async function setUp(t: { after(fn: () => void | Promise<void>): void }): Promise<Setting> {
  const dir = tempDir(t);
  const root = folder(dir, 'mirror');
  const files = (name: string) => [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name, 40_000) }];
  const repo = writeAlpineMirror(root, {
    packages: [small('a', { files: files('a') }), small('b', { files: files('b'), depends: ['a'] })],
    key: KEY,
  });
  const mirror = await startMirror(root);
  t.after(() => mirror.close().catch(() => undefined));
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  return {
    dir,
    repo,
    mirror,
    cache: join(dir, 'cache'),
    from: { repositories: [`${mirror.url}/v3.19/main`], keyring },
  };
}

async function blobOf(cache: string, name: string): Promise<string> {
  const entries = await use({ cache }, cacheList);
  const found = entries.find(({ holds }) => holds.startsWith(`${name}-`));
  assert.ok(found, name);
  return join(cache, 'blobs/sha256', found.digest.slice('sha256:'.length));
}

function damage(path: string): void {
  chmodSync(path, 0o644);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  writeFileSync(path, bytes);
}

test('cache ls names what each blob is; --json has digest, size and time', async (t) => {
  const { cache, from } = await setUp(t);
  await composed(cache, ['b'], from);
  const entries = json<readonly CacheEntryReport[]>(await cli(['cache', 'ls', '--cache', cache, '--json']));
  assert.deepEqual(
    entries.map(({ holds }) => holds),
    ['a-1.0-r0 (alpine)', 'b-1.0-r0 (alpine)', 'install layer or unknown'],
  );
  for (const { digest, sizeBytes, usedAt } of entries) {
    assert.equal(statSync(join(cache, 'blobs/sha256', digest.slice(7))).size, sizeBytes);
    assert.ok(Date.now() - Date.parse(usedAt) < 60_000);
  }
});

test('cache verify finds a damaged blob (exit 1); --repair removes it, and the next compose fetches it again', async (t) => {
  const { cache, from, mirror } = await setUp(t);
  const before = await composed(cache, ['b'], from);
  const path = await blobOf(cache, 'a');
  damage(path);
  const found = await cli(['cache', 'verify', '--cache', cache, '--json']);
  assert.equal(found.code, 1);
  const report = json<CacheVerifyReport>(found);
  assert.equal(report.checked, 3);
  assert.deepEqual(
    report.damaged.map(({ digest }) => digest.slice(7)),
    [path.split('/').at(-1)],
  );
  assert.equal(report.repaired, 0);
  const repaired = await cli(['cache', 'verify', '--repair', '--cache', cache, '--json']);
  assert.equal(json<CacheVerifyReport>(repaired).repaired, 1);
  assert.equal(contents(cache).blobs.length, 2);
  mirror.requests.length = 0;
  assert.equal((await composed(cache, ['b'], from)).digest, before.digest);
  assert.deepEqual(
    mirror.requests.filter(({ url }) => url.endsWith('.apk')).map(({ url }) => url.split('/').at(-1)),
    ['a-1.0-r0.apk'],
  );
  assert.deepEqual((await use({ cache }, (context) => cacheVerify(context, { repair: false }))).damaged, []);
});

test('regression: a blob cut short in the cache is fetched again, not written into an image', async (t) => {
  const { cache, from, dir } = await setUp(t);
  await composed(cache, ['b'], from);
  const path = await blobOf(cache, 'a');
  chmodSync(path, 0o644);
  truncateSync(path, 100);
  const out = join(dir, 'out.tar');
  const run = use({ cache }, (context) =>
    compose(context, request(['b'], from, { output: { path: out, format: 'tar', load: undefined } })),
  );
  assert.equal((await run).layers.length, 3, 'fetched again');
  assert.deepEqual((await use({ cache }, (context) => cacheVerify(context, { repair: false }))).damaged, []);
});

test('cache gc --max-size keeps under the limit, the least recently used first, and breaks no later compose', async (t) => {
  const { cache, from } = await setUp(t);
  const first = await composed(cache, ['b'], from);
  const a = await blobOf(cache, 'a');
  const b = await blobOf(cache, 'b');
  const old = new Date(Date.now() - 3_600_000);
  utimesSync(b, old, old);
  const limit = statSync(a).size + 5000;
  const report = json<CacheGcReport>(
    await cli(['cache', 'gc', '--max-size', String(limit), '--cache', cache, '--json']),
  );
  const left = contents(cache).blobs;
  assert.ok(left.includes(a.split('/').at(-1) as string), 'the one used last stays');
  assert.ok(!left.includes(b.split('/').at(-1) as string), 'the one used long ago goes');
  const sizes = left.map((name) => statSync(join(cache, 'blobs/sha256', name)).size);
  assert.equal(
    report.keptBytes,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  assert.ok(report.keptBytes <= limit);
  assert.deepEqual([report.removed, report.removed + left.length], [1, 3]);
  assert.equal((await composed(cache, ['b'], from)).digest, first.digest);
  await use({ cache }, (context) => cacheGc(context, { maxSizeBytes: 0 }));
  assert.deepEqual(contents(cache).blobs, []);
  assert.equal((await composed(cache, ['b'], from)).digest, first.digest);
});

test('a gc in the middle of composing: what it removed is fetched and made again', async (t) => {
  const { dir, cache, from } = await setUp(t);
  const { digest } = await composed(cache, ['b'], from);
  const output = { path: join(dir, 'out.tar'), format: 'tar', load: undefined } as const;
  let collected = 0;
  const again = await use({ cache }, (context) => {
    const collecting = {
      ...context.progress,
      task: (label: string) => {
        if (label.startsWith('write') && collected === 0) {
          for (const name of contents(cache).blobs) rmSync(join(cache, 'blobs/sha256', name));
          collected += 1;
        }
        return { advance() {}, done() {} };
      },
    };
    return compose({ ...context, progress: collecting }, request(['b'], from, { output }));
  });
  assert.deepEqual([collected, again.digest], [1, digest]);
  assert.ok(statSync(output.path).size > 0);
});

test('composing marks as used: what an image needed lately outlives what it did not', async (t) => {
  const { cache, from } = await setUp(t);
  await composed(cache, ['b'], from);
  const old = new Date(Date.now() - 3_600_000);
  for (const name of contents(cache).blobs) utimesSync(join(cache, 'blobs/sha256', name), old, old);
  await composed(cache, ['a'], from);
  assert.ok(statSync(await blobOf(cache, 'a')).mtimeMs > Date.now() - 60_000);
  assert.ok(statSync(await blobOf(cache, 'b')).mtimeMs < Date.now() - 3_000_000);
});

test('cache gc without a size removes what the catalog does not know, and derived layers are made anew', async (t) => {
  const { cache, from } = await setUp(t);
  const single = (layers: 'single' | 'bundle') =>
    use({ cache }, (context) => compose(context, request(['b'], from, { layers, layerEncoding: 'gzip' })));
  const bundle = await single('bundle');
  await single('single');
  const stale = join(cache, 'ingest', '999999999-dead');
  writeFileSync(stale, Buffer.alloc(10_000_000));
  const old = new Date(Date.now() - 3 * 86_400_000);
  utimesSync(stale, old, old);
  const report = await use({ cache }, (context) => cacheGc(context, { maxSizeBytes: undefined }));
  assert.ok(report.keptBytes > 0, 'regression: temp files are no part of what is kept');
  assert.ok(report.freedBytes > 10_000_000);
  assert.deepEqual(readdirSync(join(cache, 'ingest')), []);
  for (const name of contents(cache).blobs) rmSync(join(cache, 'blobs/sha256', name));
  assert.equal((await single('bundle')).digest, bundle.digest);
});

test('a download that was cut is continued, not begun again', async (t) => {
  const { cache, from, mirror } = await setUp(t);
  mirror.faults.set('/v3.19/main/x86_64/b-1.0-r0.apk', { cutAfterBytes: 10_000, times: 1 });
  await composed(cache, ['b'], from);
  const asked = mirror.requests.filter(({ url }) => url.endsWith('b-1.0-r0.apk'));
  assert.deepEqual(
    asked.map(({ status }) => status),
    [200, 206],
  );
  assert.match(asked[1]?.headers.range ?? '', /^bytes=[1-9]\d*-$/);
});

for (const [what, fault] of [
  ['wrong bytes of the right size', { wrongBytes: true }],
  ['a wrong size', { contentLength: 7, cutAfterBytes: 7 }],
] as const) {
  test(`regression: ${what} on the first mirror, the right ones on the second: composed from there, and said`, async (t) => {
    const { dir, cache, from } = await setUp(t);
    const root = join(dir, 'mirror');
    writeAlpineMirror(root, { repo: 'community', packages: [], key: KEY });
    const bad = await startMirror(root, { '/v3.19/main/x86_64/a-1.0-r0.apk': fault });
    const good = await startMirror(root);
    t.after(() => bad.close());
    t.after(() => good.close());
    const both = { mirrors: [bad.url, good.url], release: 'v3.19', keyring: from.keyring };
    const notes: string[] = [];
    const report = await use({ cache, notes }, (context) => compose(context, request(['b'], both)));
    assert.equal(report.layers.length, 3);
    assert.match(notes.join('\n'), /a-1\.0-r0\.apk.*trying the next mirror/s);
    assert.deepEqual(contents(cache).partial, []);
    assert.deepEqual(
      (await use({ cache }, (context) => cacheVerify(context, { repair: false }))).damaged,
      [],
    );
  });
}

test('every mirror’s copy is wrong: refused, with each mirror’s reason, and nothing stays', async (t) => {
  const { dir, cache, from, mirror } = await setUp(t);
  const root = join(dir, 'mirror');
  writeAlpineMirror(root, { repo: 'community', packages: [], key: KEY });
  const bad = await startMirror(root, { '/v3.19/main/x86_64/a-1.0-r0.apk': { wrongBytes: true } });
  t.after(() => bad.close());
  mirror.faults.set('/v3.19/main/x86_64/a-1.0-r0.apk', { wrongBytes: true });
  const both = { mirrors: [bad.url, mirror.url], release: 'v3.19', keyring: from.keyring };
  const error = await refused(composed(cache, ['a'], both), 'BAD_ARCHIVE', bad.url, mirror.url);
  assert.equal(error.message.split('\n').length, 2);
  assert.deepEqual(contents(cache), { blobs: [], ingest: [], partial: [] });
});

test('regression: complete but damaged bytes of an earlier run cost no refusal', async (t) => {
  const { repo, cache, from, mirror } = await setUp(t);
  mirror.faults.set('/v3.19/main/x86_64/a-1.0-r0.apk', { cutAfterBytes: 5_000 });
  await refused(composed(cache, ['a'], from), 'NETWORK');
  const [partial = ''] = contents(cache).partial.filter((name) => !name.endsWith('.json'));
  writeFileSync(join(cache, 'partial', partial), Buffer.alloc(statSync(join(repo, 'a-1.0-r0.apk')).size, 1));
  mirror.faults.clear();
  assert.equal((await composed(cache, ['a'], from)).layers.length, 2);
});

test('nothing missing and no mirror: the same image again; something missing: NETWORK, every URL named', async (t) => {
  const { dir, cache, from, mirror } = await setUp(t);
  const first = await composed(cache, ['b'], from);
  await mirror.close();
  assert.equal((await composed(cache, ['b'], from)).digest, first.digest);
  rmSync(await blobOf(cache, 'a'));
  await refused(composed(cache, ['b'], from), 'NETWORK', 'a-1.0-r0.apk', '127.0.0.1');
  const archive = join(dir, 'a-1.0-r0.apk');
  writeFileSync(archive, readFileSync(join(dir, 'mirror/v3.19/main/x86_64/a-1.0-r0.apk')));
  const ended = await cli(['ingest', archive, '--keyring', from.keyring, '--cache', cache]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal((await composed(cache, ['b'], from)).digest, first.digest, 'ingested by hand, it counts');
});

test('an unknown package: nearest names and who provides it; a clash: who asked for what', async (t) => {
  const { dir, cache } = await setUp(t);
  const repo = writeAlpineMirror(dir, {
    repo: 'words',
    packages: [
      small('gcc', { provides: ['cmd:gcc-13=1', 'so:libgccjit.so.0=0'] }),
      small('gdb'),
      small('x', { depends: ['y>2'] }),
      small('y'),
      small('needs', { depends: ['nobody-has-this'] }),
      small('foe', { depends: ['!gdb'] }),
    ],
  });
  const words = ['--arch', 'x86_64', '--repo', repo, '--allow-untrusted', '--cache', cache];
  const near = await cli(['plan', 'gccc', ...words]);
  assert.equal(near.code, 3);
  assert.match(near.stderr, /gccc/);
  assert.match(near.stderr, /Did you mean gcc\b/);
  for (const by of ['cmd:gcc-13', 'so:libgccjit.so.0']) {
    const ended = await cli(['plan', by.slice(by.indexOf(':') + 1), ...words, '--json']);
    assert.equal(ended.code, 3, ended.stdout);
    const { error } = json<{ error: { details: { problems: { providers: unknown }[] } } }>(ended);
    assert.deepEqual(error.details.problems[0]?.providers, [{ package: 'gcc-1.0-r0', by }], ended.stdout);
  }
  assert.match(
    (await cli(['plan', 'gcc-13', ...words])).stderr,
    /gcc-13 is a command provided by gcc-1\.0-r0/,
  );
  const version = await cli(['plan', 'x', ...words]);
  assert.ok([3, 4].includes(version.code as number), version.stderr);
  for (const part of ['y>2', 'x-1.0-r0', '1.0-r0']) assert.ok(version.stderr.includes(part), version.stderr);
  const missing = await cli(['plan', 'needs', ...words]);
  assert.match(missing.stderr, /nobody-has-this[\s\S]*needs-1\.0-r0/);
  const clash = await cli(['plan', 'foe', 'gdb', ...words]);
  assert.equal(clash.code, 4, clash.stderr);
  assert.match(clash.stderr, /gdb/);
  assert.match(clash.stderr, /foe/);
});

test('--dry-run fetches no package and writes nothing; SOURCE_DATE_EPOCH is checked and honoured', async (t) => {
  const { dir, cache, from, mirror } = await setUp(t);
  const out = join(dir, 'out.tar');
  const words = [
    'b',
    '--arch',
    'x86_64',
    '--repo',
    from.repositories[0] as string,
    '--keyring',
    from.keyring,
    '--cache',
    cache,
    '-o',
    out,
  ];
  const dry = await cli([...words, '--dry-run', '--json']);
  assert.equal(dry.code, 0, dry.stdout);
  assert.equal(mirror.requests.filter(({ url }) => url.endsWith('.apk')).length, 0);
  assert.deepEqual(contents(cache), { blobs: [], ingest: [], partial: [] });
  assert.ok(!readdirSync(dir).includes('out.tar'));
  for (const epoch of ['yesterday', '-1', '1.5', '99999999999999']) {
    const ended = await cli(words, { env: { SOURCE_DATE_EPOCH: epoch } });
    assert.equal(ended.code, 2, ended.stderr);
    assert.ok(ended.stderr.includes('SOURCE_DATE_EPOCH') && ended.stderr.includes(epoch), ended.stderr);
  }
  const digests = [];
  for (const epoch of ['1000000000', '1000000000', '1000000001', '']) {
    const ended = await cli([...words, '--json'], { env: { SOURCE_DATE_EPOCH: epoch } });
    digests.push(json<{ digest: string }>(ended).digest);
  }
  assert.equal(digests[0], digests[1]);
  assert.equal(new Set(digests).size, 3);
  assert.ok(readFileSync(out).length > makeApk(small('a')).length);
});
