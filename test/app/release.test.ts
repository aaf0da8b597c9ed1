import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ApkSpec, makeApk, makeApkIndex } from '../fixtures/apk.ts';
import { tempDir } from '../fixtures/temp.ts';
import { composeCli } from '../proof/compose-cli.ts';

test('the release is what the first repository that knows it says, though one that does not know comes before it', (t) => {
  const folder = tempDir(t);
  const repository = (name: string, description: string): string => {
    const path = join(folder, name);
    const spec: ApkSpec = { name, version: '1-r0', files: [{ path: name }] };
    const entry = { spec, bytes: makeApk(spec) };
    mkdirSync(path);
    writeFileSync(join(path, `${name}-1-r0.apk`), entry.bytes);
    writeFileSync(join(path, 'APKINDEX.tar.gz'), makeApkIndex([entry], { description }));
    return path;
  };
  const mine = repository('mine', 'my packages');
  const main = repository('main', 'v3.19.1-40-g1d7ad7a1a6d');
  const cli = composeCli(folder);
  const release = (...words: readonly string[]): string =>
    JSON.parse(cli.ok(['plan', 'mine', '--arch', 'x86_64', '--allow-untrusted', '--json', ...words])).release;
  assert.equal(release('--repo', mine, '--repo', main), 'v3.19');
  assert.equal(release('--repo', main, '--repo', mine), 'v3.19');
  assert.equal(release('--repo', mine), 'latest-stable');
  assert.equal(release('--repo', mine, '--release', 'edge'), 'edge');
  assert.equal(
    release('--repo', mine, '--repo', main, '--release', '3.18'),
    'v3.18',
    'what the request names counts',
  );
  assert.equal(release('--repo', mine), 'latest-stable', 'and is not kept for the next one');
});

test('the same request has the same release whatever was asked of the cache before', (t) => {
  const folder = tempDir(t);
  const spec: ApkSpec = { name: 'one', version: '1-r0', files: [{ path: 'one' }] };
  const entry = { spec, bytes: makeApk(spec) };
  writeFileSync(join(folder, 'one-1-r0.apk'), entry.bytes);
  const words = ['plan', 'one', '--arch', 'x86_64', '--allow-untrusted', '--json', '--repo', folder];
  const named = [...words, '--release', 'v3.18'];
  const release = (cli: ReturnType<typeof composeCli>, request: readonly string[]): string =>
    JSON.parse(cli.ok(request)).release;
  for (const withIndex of [false, true]) {
    if (withIndex) writeFileSync(join(folder, 'APKINDEX.tar.gz'), makeApkIndex([entry]));
    const [one, other] = ['one', 'other'].map((name) => composeCli(join(tempDir(t), name)));
    assert.ok(one !== undefined && other !== undefined);
    assert.deepEqual([release(one, words), release(one, named)], ['latest-stable', 'v3.18']);
    assert.deepEqual([release(other, named), release(other, words)], ['v3.18', 'latest-stable']);
  }
});
