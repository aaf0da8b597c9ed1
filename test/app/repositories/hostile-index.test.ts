import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { apkIdentity, apkIndexBlock, makeApkIndexOf } from '../../fixtures/apk.ts';
import { makeArchDb, makeArchPackage } from '../../fixtures/arch.ts';
import { END_OF_ARCHIVE, headerBlock } from '../../fixtures/tar.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { composed, folder, index, refused, small } from '../harness.ts';

function header(name: string, flag: string, sizeBytes: number): Buffer {
  const common = { mode: 0o644, uid: 0, gid: 0, mtime: 0, uname: '', gname: '', device: undefined };
  return headerBlock({ ...common, name: Buffer.from(name), flag, sizeBytes, link: Buffer.alloc(0) });
}

test('a file name that climbs out of the repository is never fetched', async (t) => {
  const dir = tempDir(t);
  const repo = folder(dir, 'repo');
  const block = apkIndexBlock({ name: '../../x', version: '1.0-r0' }, apkIdentity(small('x')), 10);
  writeFileSync(join(repo, 'APKINDEX.tar.gz'), makeApkIndexOf(`${block}\n`));
  const from = { repositories: [repo], allowUntrusted: true };
  await index(join(dir, 'cache'), from);
  await refused(
    composed(join(dir, 'cache'), ['../../x'], from),
    'UNSATISFIABLE',
    '../../x-1.0-r0',
    'file name',
  );
  const arch = folder(dir, 'core');
  const spec = { name: 'x', version: '1-1' };
  writeFileSync(
    join(arch, 'core.db'),
    makeArchDb([{ spec, bytes: makeArchPackage(spec), fileName: '../../x.pkg.tar.zst' }]),
  );
  const result = index(join(dir, 'cache'), { distro: 'arch', repositories: [arch] });
  await refused(result, 'BAD_INDEX', '../../x', 'FILENAME');
});

test('an index bomb is refused before it fills the memory', async (t) => {
  const dir = tempDir(t);
  const repo = folder(dir, 'repo');
  const bomb = gzipSync(
    Buffer.concat([
      header('APKINDEX', '0', 64 * 1024 * 1024),
      Buffer.alloc(64 * 1024 * 1024, '\n'),
      END_OF_ARCHIVE,
    ]),
  );
  assert.equal(gunzipSync(bomb).length, 64 * 1024 * 1024 + 1536);
  writeFileSync(join(repo, 'APKINDEX.tar.gz'), bomb);
  await refused(
    index(join(dir, 'cache'), { repositories: [repo], allowUntrusted: true }),
    'LIMIT',
    repo,
    /200/,
  );
});
