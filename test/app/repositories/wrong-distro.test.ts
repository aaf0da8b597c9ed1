import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeAlpineMirror, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { index, refused, small } from '../harness.ts';

test('a folder of the other distribution’s packages is told as that', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  const apks = writeAlpineMirror(join(dir, 'alpine'), { packages: [small('a')] });
  const packages = await writeArchMirror(join(dir, 'arch'), { packages: [{ name: 'a', version: '1-1' }] });
  rmSync(join(packages, 'core.db'));
  const asArch = index(cache, { distro: 'arch', repositories: [apks] });
  await refused(asArch, 'NOT_FOUND', 'no index and no packages found', 'Use --distro alpine:');
  const asAlpine = index(cache, { repositories: [packages] });
  await refused(asAlpine, 'NOT_FOUND', 'no index and no packages found', 'Use --distro arch:');
  await refused(
    index(cache, { repositories: [dir] }),
    'NOT_FOUND',
    /Provide APKINDEX\.tar\.gz or \.apk files/,
  );
});
