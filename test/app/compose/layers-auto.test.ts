import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compose } from '../../../src/app/compose/compose.ts';
import { digestOf } from '../../../src/model/digest.ts';
import type { LayerMode } from '../../../src/model/request.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { writeAlpineMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { verifyImage } from '../../output/verify-image.ts';
import { noise, request, small, use } from '../harness.ts';

const large = (name: string): ApkSpec =>
  small(name, { files: [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name, 1_200_000) }] });

const PACKAGES: readonly ApkSpec[] = [
  small('alpine-baselayout', { depends: ['busybox'] }),
  small('alpine-keys'),
  small('busybox', { files: [{ path: 'bin/' }, { path: 'bin/sh', content: 'sh', mode: 0o755 }] }),
  small('apk-tools', { depends: ['ssl'] }),
  large('ssl'),
  large('compiler'),
  small('headers'),
  small('make'),
];

test('--layers auto: few layers, the same root; large archives as they are, the base shared by every image', async (t) => {
  const dir = tempDir(t);
  const folder = writeAlpineMirror(dir, { packages: PACKAGES });
  const from = { repositories: [folder], allowUntrusted: true };
  const made = async (packages: readonly string[], layers: LayerMode, cache = 'cache') => {
    const path = join(dir, 'out.tar');
    const wanted = request(packages, from, {
      layers,
      base: undefined,
      output: { path, format: 'tar', load: undefined },
    });
    const report = await use({ cache: join(dir, cache) }, (context) => compose(context, wanted));
    return { report, image: await verifyImage(path) };
  };
  const auto = await made(['compiler', 'headers', 'make'], 'auto');
  const plain = await made(['compiler', 'headers', 'make'], 'package');
  const withoutLayers = ({ image }: typeof auto) =>
    [...image.rootfs]
      .map(([path, { layer: _layer, implicit: _implicit, ...entry }]) => JSON.stringify([path, entry]))
      .sort();
  assert.deepEqual(withoutLayers(auto), withoutLayers(plain));
  assert.deepEqual(
    auto.report.layers.map(({ kind, packages }) => [kind, packages.length]),
    [
      ['bundle', 4],
      ['package', 1],
      ['package', 1],
      ['bundle', 2],
      ['install', 0],
    ],
  );
  for (const { digest, packages } of auto.report.layers.filter(({ kind }) => kind === 'package'))
    assert.equal(digest, digestOf(readFileSync(join(folder, `${packages[0]}.apk`))));
  const other = await made(['make'], 'auto', 'another cache');
  assert.equal(other.report.layers[0]?.digest, auto.report.layers[0]?.digest, 'the base in one blob');
  const alone = await made(['alpine-baselayout'], 'auto', 'third cache');
  assert.equal(alone.report.layers[0]?.digest, auto.report.layers[0]?.digest, 'also where it is asked for');
});
