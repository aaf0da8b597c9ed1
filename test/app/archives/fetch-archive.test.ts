import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheVerify } from '../../../src/app/cache/cache.ts';
import { compose } from '../../../src/app/compose/compose.ts';
import type { ErrorCode } from '../../../src/model/app-error.ts';
import { startMirror } from '../../fake/mirror.ts';
import { apkIdentity, apkIndexBlock, makeApk, makeApkIndexOf } from '../../fixtures/apk.ts';
import { archFileName, makeArchDb, makeArchPackage } from '../../fixtures/arch.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, composed, contents, folder, KEY, refused, request, small, use } from '../harness.ts';
import { blobOf, setUp } from '../two-packages.ts';

test('a small download that was cut is begun again, without a file', async (t) => {
  const { cache, from, mirror } = await setUp(t);
  mirror.faults.set('/v3.19/main/x86_64/b-1.0-r0.apk', { cutAfterBytes: 10_000, times: 1 });
  await composed(cache, ['b'], from);
  const asked = mirror.requests.filter(({ url }) => url.endsWith('b-1.0-r0.apk'));
  assert.deepEqual(
    asked.map(({ status }) => status),
    [200, 200],
  );
  assert.deepEqual(contents(cache).partial, []);
});

test('a download that was cut is continued, not begun again', async (t) => {
  const { cache, from, mirror } = await setUp(t, 400_000);
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
  assert.equal(error.message.split('\n').length, 3);
  assert.deepEqual(contents(cache), { blobs: [], ingest: [], partial: [] });
});

test('regression: complete but damaged bytes of an earlier run cost no refusal', async (t) => {
  const { repo, cache, from, mirror } = await setUp(t, 400_000);
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

const MISMATCHES: readonly [
  what: string,
  change: (block: string) => string,
  code: ErrorCode,
  pattern: RegExp,
][] = [
  ['another size', (block) => block.replace(/^S:\d+/m, 'S:9999'), 'INTEGRITY', /expected 9999, got \d+/],
  [
    'another checksum',
    (block) => block.replace(/^C:.*/m, `C:${apkIdentity(small('other'))}`),
    'INTEGRITY',
    /checksum \(C:\) differs from the index: expected Q1\S+, got Q1/,
  ],
  [
    'another version',
    (block) => block.replace(/^V:.*/m, 'V:2.0-r0'),
    'INTEGRITY',
    /version differs from the index: expected 2\.0-r0, got 1\.0-r0/,
  ],
  [
    'another name',
    (block) => block.replace(/^P:.*/m, 'P:b'),
    'INTEGRITY',
    /name differs from the index: expected b, got a/,
  ],
];

for (const [what, change, code, pattern] of MISMATCHES) {
  test(`an archive of which the signed index says ${what} is refused; nothing of it stays`, async (t) => {
    const dir = tempDir(t);
    const cache = join(dir, 'cache');
    const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
    const spec = small('a', { key: KEY });
    const bytes = makeApk(spec);
    const block = change(apkIndexBlock(spec, apkIdentity(spec), bytes.length));
    const fileName = `${/^P:(.*)/m.exec(block)?.[1]}-${/^V:(.*)/m.exec(block)?.[1]}.apk`;
    const repo = folder(dir, 'repo');
    writeFileSync(join(repo, 'APKINDEX.tar.gz'), makeApkIndexOf(`${block}\n`, { key: KEY }));
    writeFileSync(join(repo, fileName), bytes);
    const name = fileName.split('-')[0] as string;
    const error = await refused(composed(cache, [name], { repositories: [repo], keyring }), code, pattern);
    assert.ok(error.message.startsWith(join(repo, fileName)), error.message);
    assert.deepEqual(contents(cache), { blobs: [], ingest: [], partial: [] });
  });
}

test('an Arch archive of another SHA-256 or size than its database says is refused', async (t) => {
  const dir = tempDir(t);
  const spec = { name: 'bash', version: '5.2-1', files: [{ path: 'usr/' }] };
  const bytes = makeArchPackage(spec);
  const fileName = archFileName(spec);
  const repo = folder(dir, 'core');
  writeFileSync(join(repo, 'core.db'), makeArchDb([{ spec, bytes, fileName }]));
  const from = { distro: 'arch', repositories: [repo], sigLevel: 'Never' } as const;
  writeFileSync(join(repo, fileName), makeArchPackage({ ...spec, description: 'another' }));
  await refused(composed(join(dir, 'c1'), ['bash'], from), 'INTEGRITY', fileName, /expected .*, got /);
  writeFileSync(join(repo, fileName), Buffer.concat([bytes, bytes]));
  await refused(composed(join(dir, 'c2'), ['bash'], from), 'INTEGRITY', fileName, `expected ${bytes.length}`);
  writeFileSync(join(repo, fileName), bytes);
  await composed(join(dir, 'c3'), ['bash'], from);
});
