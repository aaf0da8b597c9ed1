import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheGc, compose, index, search, verify } from '../../src/index.ts';
import { environment, KEY, noise, small } from '../app/harness.ts';
import { startMirror } from '../fake/mirror.ts';
import { writeAlpineMirror, writeApkKeyring } from '../fixtures/mirror-dir.ts';
import { tempDir } from '../fixtures/temp.ts';

const PACKAGES = 12;

test('calls of one process run at the same time over one empty cache, also into one layout folder', async (t) => {
  const dir = tempDir(t);
  const packages = Array.from({ length: PACKAGES }, (_, number) =>
    small(`p${number}`, {
      files: [{ path: 'usr/' }, { path: `usr/p${number}`, content: noise(`${number}`, 100_000) }],
      depends: number === 0 ? [] : [`p${number - 1}`],
    }),
  );
  writeAlpineMirror(join(dir, 'mirror'), { packages, key: KEY });
  const mirror = await startMirror(join(dir, 'mirror'));
  t.after(() => mirror.close());
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const from = { arch: 'x86_64', repositories: `${mirror.url}/v3.19/main`, keyring };
  const options = { cacheDirectory: join(dir, 'cache'), env: environment() };
  const last = `p${PACKAGES - 1}`;
  const image = (output: string) => compose({ ...from, packages: last, output: join(dir, output) }, options);
  const layout = join(dir, 'layout');
  const inLayout = (name: string) =>
    compose({ ...from, packages: name, tags: name, format: 'oci-dir', output: layout }, options);

  const [first, second, third, fourth] = await Promise.all([
    image('1.tar'),
    image('2.tar'),
    inLayout(last),
    inLayout('p3'),
    index(from, options),
    search({ ...from, words: 'p1' }, options),
    cacheGc({}, options),
  ]);
  assert.equal(first.digest, second.digest);
  assert.equal(first.digest, third.digest);
  assert.notEqual(first.digest, fourth.digest);
  for (const name of [last, 'p3']) {
    const { problems } = await verify({ image: `${layout}#${name}:latest`, keyring }, options);
    assert.deepEqual(problems, []);
  }
});
