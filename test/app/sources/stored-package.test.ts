import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  entryOfLayer,
  PACKAGE_TYPE,
  packageEntry,
  XZ_ARCHIVE_TYPE,
} from '../../../src/app/sources/stored-package.ts';
import { ANNOTATIONS, packageAnnotations, packageUrl } from '../../../src/compose/annotations.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { EMPTY_DESCRIPTOR } from '../../../src/model/empty-blob.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import type { DistroId } from '../../../src/model/package.ts';
import { isTagName } from '../../../src/model/reference.ts';

const blob = (content: string, mediaType: string = MEDIA_TYPES.layerGzip) => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
});

const origin = (more: object = {}) => ({
  distro: 'alpine' as const,
  release: 'v3.19',
  repository: 'main',
  name: 'libstdc++',
  version: '13.2.1_git20231014-r0',
  architecture: 'x86_64',
  ...more,
});

const layerOf = (from: ReturnType<typeof origin>, more: Record<string, string> = {}) => ({
  ...blob('archive'),
  annotations: { ...packageAnnotations(from), [ANNOTATIONS.kind]: 'package', ...more },
});

test('the entry of a package: a readable tag, and a manifest whose one layer is the archive', () => {
  const { tag, manifest } = packageEntry(origin(), blob('archive'));
  const hex = digestOf('archive').slice('sha256:'.length);
  assert.equal(tag, `alpine__libstdc_2b_2b__13.2.1_5fgit20231014-r0__x86_5f64__${hex.slice(0, 32)}`);
  const json = JSON.parse(Buffer.from(manifest.bytes).toString());
  assert.equal(json.artifactType, PACKAGE_TYPE);
  assert.equal(json.config.digest, EMPTY_DESCRIPTOR.digest);
  assert.deepEqual(json.layers, [{ ...blob('archive'), annotations: json.annotations }]);
  assert.deepEqual(json.annotations, {
    [ANNOTATIONS.purl]: 'pkg:apk/alpine/libstdc%2B%2B@13.2.1_git20231014-r0?arch=x86_64',
    [ANNOTATIONS.name]: 'libstdc++',
    [ANNOTATIONS.version]: '13.2.1_git20231014-r0',
    'org.opencontainers.image.title': 'libstdc++-13.2.1_git20231014-r0.apk',
  });
  assert.deepEqual(manifest.descriptor, {
    mediaType: MEDIA_TYPES.manifest,
    digest: digestOf(manifest.bytes),
    size: manifest.bytes.length,
  });
});

test('a layer of an image has the entry of its package, whichever release and repository it is from', () => {
  const expected = packageEntry(origin(), blob('archive'));
  for (const more of [{}, { release: 'edge', repository: 'community' }]) {
    assert.deepEqual(entryOfLayer(layerOf(origin(more))), expected);
  }
});

test('titles are the file names of the distributions', () => {
  const arch = { distro: 'arch' as const, name: 'go', version: '2:1.9-1', architecture: 'x86_64' };
  const title = (mediaType: string) => {
    const { manifest } = packageEntry(arch, blob('x', mediaType));
    return JSON.parse(Buffer.from(manifest.bytes).toString()).annotations['org.opencontainers.image.title'];
  };
  assert.equal(title(MEDIA_TYPES.layerZstd), 'go-2:1.9-1-x86_64.pkg.tar.zst');
  assert.equal(title(MEDIA_TYPES.layerGzip), 'go-2:1.9-1-x86_64.pkg.tar.gz');
  assert.equal(title(XZ_ARCHIVE_TYPE), 'go-2:1.9-1-x86_64.pkg.tar.xz');
});

test('layers that are of one image alone have no entry; derived ones have one of their own kind', () => {
  assert.equal(entryOfLayer(blob('x')), undefined);
  assert.equal(entryOfLayer({ ...blob('x'), annotations: { [ANNOTATIONS.kind]: 'install' } }), undefined);
  for (const purl of ['', 'pkg:deb/debian/x@1?arch=amd64', 'pkg:apk/alpine/%zz@1?arch=x', 'a b']) {
    assert.equal(entryOfLayer(layerOf(origin(), { [ANNOTATIONS.purl]: purl })), undefined, purl);
  }
  const gzip = entryOfLayer(layerOf(origin(), { [ANNOTATIONS.derived]: 'xz is not an OCI layer encoding' }));
  assert.match(gzip?.tag ?? '', /^derived__libstdc_2b_2b__[0-9a-f]{32}$/);
  const purls = [origin(), origin({ name: 'musl' })].map(packageUrl).join(' ');
  const bundle = entryOfLayer({
    ...blob('bundle'),
    annotations: {
      [ANNOTATIONS.kind]: 'bundle',
      [ANNOTATIONS.derived]: 'bundle of 2 packages',
      [ANNOTATIONS.purl]: purls,
    },
  });
  assert.match(bundle?.tag ?? '', /^derived__bundle__[0-9a-f]{32}$/);
  assert.doesNotMatch(Buffer.from(bundle?.manifest.bytes ?? '').toString(), /v3\.19/);
});

const words = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
const packages = fc.record({
  distro: fc.constantFrom<DistroId>('alpine', 'arch'),
  name: words,
  version: words,
  architecture: words,
});

test('tags keep to the grammar, and differ where packages do', () => {
  fc.assert(
    fc.property(packages, packages, (a, b) => {
      const one = packageEntry(a, blob('same')).tag;
      const other = packageEntry(b, blob('same')).tag;
      assert.ok(isTagName(one), one);
      // What is cut is told apart by the digest alone.
      const cut = one.length === 128 || other.length === 128;
      if (!cut) assert.equal(one === other, JSON.stringify(a) === JSON.stringify(b));
      assert.notEqual(packageEntry(a, blob('another')).tag, one);
    }),
  );
});

test('what compose writes of a package is read back from its layer', () => {
  const names = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9+._@-]{0,40}$/);
  fc.assert(
    fc.property(names, names, names, (name, version, architecture) => {
      for (const distro of ['alpine', 'arch'] as const) {
        const from = origin({ distro, name, version, architecture });
        assert.deepEqual(entryOfLayer(layerOf(from)), packageEntry(from, blob('archive')));
      }
    }),
  );
});
