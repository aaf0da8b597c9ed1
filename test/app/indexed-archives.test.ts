import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  apkIdentity,
  apkIndexBlock,
  type FixtureKey,
  gzipMember,
  makeApkIndexOf,
  makeApkMembers,
  makeFixtureKey,
} from '../fixtures/apk.ts';
import { tarEntry } from '../fixtures/tar.ts';
import { tempDir } from '../fixtures/temp.ts';
import { composed, small } from './harness.ts';

const KEY = makeFixtureKey();
const SPEC = { ...small('a'), files: [{ path: 'a', content: 'a' }] };

/** One package, its control and data the same in each, signed by `key` at `mtime`, padded by a comment of `extra` bytes. */
function repository(
  t: TestContext,
  { key, mtime, comment }: { key: FixtureKey; mtime: number; comment: string },
) {
  const folder = join(tempDir(t), 'x86_64');
  mkdirSync(folder);
  const { control, data } = makeApkMembers(SPEC);
  const content = sign('sha1', control, key.privateKey);
  const pax = comment === '' ? {} : { pax: { comment } };
  const signature = tarEntry({ path: `.SIGN.RSA.${key.name}`, content, mtime, ...pax });
  const bytes = Buffer.concat([gzipMember(signature), control, data]);
  writeFileSync(join(folder, `${SPEC.name}-${SPEC.version}.apk`), bytes);
  const block = apkIndexBlock(SPEC, apkIdentity(SPEC), bytes.length);
  writeFileSync(join(folder, 'APKINDEX.tar.gz'), makeApkIndexOf(`${block}\n`));
  return { folder: join(folder, '..'), sizeBytes: bytes.length };
}

const digestOf = async (cache: string, folder: string): Promise<string> => {
  const report = await composed(cache, ['a'], { repositories: [folder], allowUntrusted: true });
  assert.ok(report.digest !== undefined);
  return report.digest;
};

test('two archives of one identity are two: what the cache has seen does not decide which is taken', async (t) => {
  const first = repository(t, { key: KEY, mtime: 1_700_000_000, comment: '' });
  const longer = repository(t, { key: KEY, mtime: 1_700_000_000, comment: 'another header' });
  assert.notEqual(first.sizeBytes, longer.sizeBytes);
  const again = repository(t, { key: KEY, mtime: 1_700_000_001, comment: '' });
  const repositories = [first, longer, again].map(({ folder }) => folder);
  const alone: string[] = [];
  for (const folder of repositories) alone.push(await digestOf(join(tempDir(t), 'cache'), folder));
  assert.equal(new Set(alone).size, 3);
  for (const order of [repositories, repositories.toReversed()]) {
    const cache = join(tempDir(t), 'cache');
    for (const round of ['first', 'again']) {
      for (const folder of order)
        assert.equal(await digestOf(cache, folder), alone[repositories.indexOf(folder)], round);
    }
  }
});
