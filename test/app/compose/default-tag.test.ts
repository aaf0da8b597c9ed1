import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compose } from '../../../src/app/compose/compose.ts';
import { parseTag } from '../../../src/output/tag.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { folder, KEY, request, small, use } from '../harness.ts';

test('without -t an image is named after its first package, in letters that engines take', async (t) => {
  const dir = tempDir(t);
  writeAlpineMirror(dir, {
    release: 'v3.19',
    repo: 'main',
    arch: 'x86_64',
    key: KEY,
    packages: [small('libstdc++'), small('Py_3.x')],
  });
  const keyring = folder(dir, 'keys');
  writeApkKeyring(keyring, [KEY]);
  const from = { repositories: [`${dir}/v3.19/main`], keyring };
  for (const [target, tag] of [
    ['libstdc++', 'pkgcompose/libstdcxx:latest'],
    ['libstdc++>=1', 'pkgcompose/libstdcxx:latest'],
    ['Py_3.x', 'pkgcompose/py-3-x:latest'],
  ] as const) {
    const report = await use({ cache: folder(dir, 'cache') }, (context) =>
      compose(context, request([target], from, { dryRun: true })),
    );
    assert.deepEqual(report.tags, [tag]);
    assert.equal(parseTag(tag).familiar, tag);
  }
});
