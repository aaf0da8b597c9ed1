import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ApkSpec, makeApk, makeApkIndex } from '../../fixtures/apk.ts';
import { writeAlpineMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { verifyImage } from '../../output/verify-image.ts';
import { composeCli } from '../../proof/compose-cli.ts';
import { treeOfImage } from '../../proof/trees.ts';

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

test('apk 3’s database in every root of a release that has apk 3, whether or not the image has apk', async (t) => {
  const folder = tempDir(t);
  const cli = composeCli(folder);
  const one: ApkSpec = { name: 'one', version: '1-r0', files: [{ path: 'one' }] };
  const apk = (version: string): ApkSpec => ({ name: 'apk-tools', version, files: [{ path: 'apk' }] });
  const bare = join(folder, 'bare');
  mkdirSync(bare);
  writeFileSync(join(bare, 'one-1-r0.apk'), makeApk(one));
  let count = 0;
  const made = async (repo: string, ...words: readonly string[]) => {
    count += 1;
    const image = join(folder, `image${count}.tar`);
    const { plan } = cli.compose([
      ...['one', '--repo', repo, '--arch', 'x86_64', '--allow-untrusted', '--install', 'deferred'],
      ...['-o', image, ...words],
    ]);
    const tree = treeOfImage(await verifyImage(image));
    const apk3 = tree.has('lib/apk/db/scripts.tar.gz');
    for (const path of ['lib/apk/db/scripts.tar', 'lib/apk/db/lock', 'dev/null', 'proc', 'tmp'])
      assert.equal(tree.has(path), !apk3, path);
    return { apk: apk3 ? 3 : 2, warnings: plan.warnings };
  };
  const repository = (release: string, packages: readonly ApkSpec[]): string => {
    count += 1;
    return writeAlpineMirror(join(folder, `${count}`), { release, packages });
  };
  assert.equal((await made(repository('v3.22', [one]))).apk, 2);
  assert.deepEqual(await made(repository('v3.24', [one])), { apk: 3, warnings: [] });
  assert.equal((await made(repository('edge', [one]))).apk, 3);
  assert.equal((await made(bare)).apk, 3, 'nothing says the release');
  assert.equal((await made(bare, '--release', 'v3.19')).apk, 2);
  assert.equal((await made(repository('wolfi', [one, apk('2.14.10-r13')]))).apk, 2, 'by the index');
  const { apk: newest, warnings } = await made(repository('v3.99', [one]));
  assert.equal(newest, 3);
  assert.match(
    warnings.join(),
    /^Alpine v3\.99 is newer than the newest release known to this program: .* v3\.24/,
  );
});

test('lists of repositories as apk 3 writes them, a file or a folder of them', (t) => {
  const folder = tempDir(t);
  const cli = composeCli(folder);
  const one: ApkSpec = { name: 'one', version: '1-r0', files: [{ path: 'one' }] };
  for (const repo of ['main', 'community'])
    writeAlpineMirror(join(folder, 'mirror'), { release: 'v3.24', repo, packages: [{ ...one, name: repo }] });
  const lists = join(folder, 'repositories.d');
  mkdirSync(lists);
  writeFileSync(join(lists, '00-vars.list'), `# where\nset mirror=${join(folder, 'mirror')}\n`);
  writeFileSync(
    join(lists, 'alpine.list'),
    'set -default mirror=/nowhere\nv2 \u0024{mirror}/v3.24 main community\n',
  );
  const file = join(folder, 'repositories');
  writeFileSync(
    file,
    `${join(folder, 'mirror')}/v3.24 main\n@more ${join(folder, 'mirror')}/v3.24 community\n`,
  );
  const planned = (...words: readonly string[]) =>
    JSON.parse(cli.ok(['plan', ...words, '--arch', 'x86_64', '--allow-untrusted', '--json'])).packages.map(
      ({ name, repository }: { name: string; repository: string }) => `${name} of ${repository}`,
    );
  assert.deepEqual(planned('main', 'community', '--repo', lists), ['community of community', 'main of main']);
  assert.deepEqual(planned('main', 'community@more', '--repo', file), [
    'community of community',
    'main of main',
  ]);
  writeFileSync(file, 'v3 https://m.example/v3.26 main\n');
  const { status, stderr } = cli.run(['plan', 'main', '--arch', 'x86_64', '--repo', file]);
  assert.equal(status, 12, stderr);
  assert.match(stderr, /v3 https:\/\/m\.example\/v3\.26 main: a repository in apk 3's own format/);
});
