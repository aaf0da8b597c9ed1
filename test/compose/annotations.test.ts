import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packageAnnotations, packageUrl } from '../../src/compose/annotations.ts';

const ORIGIN = {
  distro: 'alpine',
  release: 'v3.19',
  name: 'gtk+3.0',
  version: '3.24.39-r0',
  architecture: 'x86_64',
} as const;

test('golden package URLs: lower-case names, encoded parts, a colon as it is', () => {
  assert.equal(packageUrl(ORIGIN), 'pkg:apk/alpine/gtk%2B3.0@3.24.39-r0?arch=x86_64&distro=alpine-v3.19');
  assert.equal(
    packageUrl({ distro: 'arch', release: '', name: 'R', version: '1:2-3', architecture: 'any' }),
    'pkg:alpm/arch/r@1:2-3?arch=any',
  );
});

test('golden annotations of a layer that is one package', () => {
  assert.deepEqual(packageAnnotations(ORIGIN), {
    'dev.pkgcompose.purl': packageUrl(ORIGIN),
    'dev.pkgcompose.package': 'gtk+3.0',
    'org.opencontainers.image.version': '3.24.39-r0',
    'dev.pkgcompose.distro': 'alpine v3.19',
  });
});
