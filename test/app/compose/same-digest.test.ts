import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compose } from '../../../src/app/compose/compose.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import { startMirror } from '../../fake/mirror.ts';
import { writeAlpineMirror, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { verifyImage } from '../../output/verify-image.ts';
import { request, small, use } from '../harness.ts';

async function composedFrom(dir: string, name: string, from: Partial<SourceOptions>, target: string) {
  const path = join(dir, `${name}.tar`);
  const output = { path, format: 'tar', load: undefined } as const;
  const wanted = request([target], { allowUntrusted: true, ...from }, { output });
  const { digest } = await use({ cache: join(dir, `cache-${name}`) }, (context) => compose(context, wanted));
  return { digest, image: await verifyImage(path) };
}

test('regression: the digest does not depend on what a folder of packages is called', async (t) => {
  const dir = tempDir(t);
  const mirror = writeAlpineMirror(dir, { packages: [small('a'), small('b', { depends: ['a'] })] });
  // A folder that is called like a release would tell it.
  const one = join(dir, 'one', 'x86_64');
  cpSync(mirror, one, { recursive: true });
  for (const withIndex of [true, false]) {
    if (!withIndex) rmSync(join(one, 'APKINDEX.tar.gz'));
    const other = join(dir, `other ${withIndex}`, 'x86_64');
    cpSync(one, other, { recursive: true });
    const name = `alpine-${withIndex}`;
    const first = await composedFrom(dir, `${name}-1`, { repositories: [one] }, 'b');
    const second = await composedFrom(dir, `${name}-2`, { repositories: [other] }, 'b');
    assert.equal(second.digest, first.digest);
  }
  const core = await writeArchMirror(join(dir, 'arch'), { packages: [{ name: 'a', version: '1-1' }] });
  const found = await Promise.all(
    ['core', 'mine'].map((name) =>
      composedFrom(dir, name, { distro: 'arch', repositories: [`${name}=${core}/core.db`] }, 'a').catch(
        (error: unknown) => assert.fail(String(error)),
      ),
    ),
  );
  assert.equal(found[0]?.digest, found[1]?.digest);
});

test('regression: nor on the mirror; the image names the distribution’s own', async (t) => {
  const dir = tempDir(t);
  for (const repo of ['main', 'community'])
    writeAlpineMirror(join(dir, 'a', 'alpine'), { repo, packages: [small(`in-${repo}`)] });
  cpSync(join(dir, 'a', 'alpine'), join(dir, 'a', 'elsewhere', 'mirror'), { recursive: true });
  const server = await startMirror(join(dir, 'a'));
  t.after(() => server.close());
  const mirrors = [join(dir, 'a', 'alpine'), `${server.url}/alpine`, `${server.url}/elsewhere/mirror`];
  const digests = new Set<unknown>();
  const text = ['main', 'community'].map((repo) => `https://dl-cdn.alpinelinux.org/alpine/v3.19/${repo}\n`);
  for (const [at, mirror] of mirrors.entries()) {
    const from = { mirrors: [mirror], release: 'v3.19' };
    const { digest, image } = await composedFrom(dir, `mirror-${at}`, from, 'in-main');
    digests.add(digest);
    assert.equal(
      image.rootfs.get('etc/apk/repositories')?.sha256,
      createHash('sha256').update(text.join('')).digest('hex'),
    );
    for (const layer of image.layers)
      assert.ok(!JSON.stringify(layer.annotations).includes('127.0.0.1'), mirror);
  }
  assert.equal(digests.size, 1);
});
