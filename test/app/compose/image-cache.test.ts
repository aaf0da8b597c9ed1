import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { compose } from '../../../src/app/compose/compose.ts';
import { withContext } from '../../../src/app/context.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import type { ComposeReport, ComposeRequest } from '../../../src/model/request.ts';
import { startFakeRegistry } from '../../fake/registry.ts';
import { writeAlpineMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { verifyImage } from '../../output/verify-image.ts';
import { environment, request, small } from '../harness.ts';
import { ACCESS } from '../images/registry-images.ts';

function setUp(dir: string) {
  const cache = join(dir, 'cache');
  const script = { 'post-install': '#!/bin/sh\nmkdir -p /made\n' };
  const repository = writeAlpineMirror(join(dir, 'mirror'), {
    packages: [
      small('a', { files: [{ path: 'usr/' }, { path: 'usr/a', content: 'a' }], scripts: script }),
      small('b', { depends: ['a'] }),
    ],
  });
  const out = join(dir, 'out.tar');
  const wanted = (more: Partial<ComposeRequest> = {}) =>
    request(
      ['b'],
      { repositories: [repository], allowUntrusted: true },
      { output: { path: out, format: 'tar', load: undefined }, ...more },
    );
  const run = (more: Partial<ComposeRequest> = {}, build = 'one'): Promise<ComposeReport> =>
    withContext(
      {
        env: environment(),
        progress: silentProgress,
        signal: new AbortController().signal,
        cacheDirectory: cache,
        build,
      },
      (context) => compose(context, wanted(more)),
    );
  const kept = () => {
    const database = new Database(join(cache, 'catalog.sqlite'));
    const count = database.prepare('SELECT count(*) FROM composed_image').pluck().get();
    database.close();
    return count;
  };
  return { cache, out, run, kept };
}

test('composing again gives the same report and the same bytes, and keeps one image', async (t) => {
  const { out, run, kept } = setUp(tempDir(t));
  const first = await run();
  assert.equal(kept(), 1);
  rmSync(out);
  const second = await run({ tags: ['other:2'] });
  assert.deepEqual(
    { ...second, tags: first.tags, plan: second.plan.packages.length },
    { ...first, plan: first.plan.packages.length },
  );
  assert.deepEqual(second.tags, ['other:2']);
  assert.equal(kept(), 1, 'a name is not part of the image');
  const image = await verifyImage(out);
  assert.ok(image.rootfs.has('usr/a'));
  assert.deepEqual(second.left, first.left);
});

test('whatever the image depends on makes another one', async (t) => {
  const { run, kept } = setUp(tempDir(t));
  const changes: Partial<ComposeRequest>[] = [
    {},
    { sourceDateEpoch: 7 },
    { install: 'deferred' },
    { scripts: false },
    { database: false },
    { layers: 'single' },
    { maxLayers: 2 },
    { layerEncoding: 'none' },
    { prefix: 'opt/x', scripts: false },
    { packages: ['a', 'b'] },
    { config: { ...request([], {}).config, env: ['A=1'] } },
  ];
  const digests = new Set<string>();
  for (const change of changes) digests.add(String((await run(change)).digest));
  assert.equal(digests.size, changes.length);
  assert.equal(kept(), changes.length);
  await run({}, 'two');
  assert.equal(kept(), changes.length + 1, 'the code is part of the key');
  await run({}, '');
  assert.equal(kept(), changes.length + 1, 'code that has no name keeps nothing');
});

test('a layer that was collected, or damaged notes, are made again', async (t) => {
  const { cache, run } = setUp(tempDir(t));
  const first = await run();
  const install = first.layers.at(-1)?.digest ?? '';
  const blob = join(cache, 'blobs/sha256', install.slice('sha256:'.length));
  rmSync(blob);
  assert.equal((await run()).digest, first.digest);
  assert.ok(readdirSync(join(cache, 'blobs/sha256')).includes(install.slice('sha256:'.length)));
  const database = new Database(join(cache, 'catalog.sqlite'));
  database.exec("UPDATE composed_image SET content = replace(content, 'install', 'xnstall')");
  database.close();
  assert.deepEqual((await run()).layers, first.layers);
});

test('an archive that is not accepted under this trust is verified again', async (t) => {
  const { cache, run } = setUp(tempDir(t));
  const first = await run();
  const database = new Database(join(cache, 'catalog.sqlite'));
  database.exec("UPDATE archive SET trust = ''");
  assert.equal((await run()).digest, first.digest);
  assert.equal(database.prepare("SELECT count(*) FROM archive WHERE trust = ''").pluck().get(), 0);
  database.close();
});

test('an index that changed is solved again, and one that did not is not', async (t) => {
  const dir = tempDir(t);
  const { cache, run, kept } = setUp(dir);
  const first = await run();
  const database = new Database(join(cache, 'catalog.sqlite'));
  database.exec('DELETE FROM solver_graph');
  assert.deepEqual((await run()).plan.installedBytes, first.plan.installedBytes);
  const solved = () => database.prepare('SELECT count(*) FROM solver_graph').pluck().get();
  assert.equal(solved(), 0, 'a solver would have kept its graph');
  const registry = await startFakeRegistry(t);
  const push = { references: [`${registry.host}/team/b:1`], access: ACCESS, store: undefined };
  const pushed = await run({ output: { path: undefined, format: 'tar', load: undefined, push } });
  assert.equal(pushed.pushed[0]?.digest, first.digest);
  assert.equal(solved(), 0, 'nor is it solved for a push');
  writeAlpineMirror(join(dir, 'mirror'), { packages: [small('b', { version: '2-r0' })] });
  const second = await run();
  assert.deepEqual(
    second.plan.packages.map(({ name, version }) => `${name} ${version}`),
    ['b 2-r0'],
  );
  assert.equal(solved(), 1);
  assert.equal(kept(), 2);
  database.close();
});

test('an archive of the same name and other contents is not taken for the one in the image', async (t) => {
  const dir = tempDir(t);
  const { run } = setUp(dir);
  const first = await run();
  writeAlpineMirror(join(dir, 'mirror'), {
    packages: [
      small('a', { files: [{ path: 'usr/' }, { path: 'usr/a', content: 'other' }] }),
      small('b', { depends: ['a'] }),
    ],
  });
  const second = await run();
  assert.notEqual(second.digest, first.digest);
});
