import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '../../../src/model/app-error.ts';
import { digestOf as digestOfBytes } from '../../../src/model/digest.ts';
import {
  apkIdentity,
  apkIndexBlock,
  type FixtureKey,
  gzipMember,
  makeApkIndexOf,
  makeApkMembers,
  makeFixtureKey,
} from '../../fixtures/apk.ts';
import { tarEntry } from '../../fixtures/tar.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { composed, small, use } from '../harness.ts';

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

test('an archive that an index has under another name or version is refused, known to the cache or not', async (t) => {
  const { folder } = repository(t, { key: KEY, mtime: 1_700_000_000, comment: '' });
  const bytes = readFileSync(join(folder, 'x86_64', `${SPEC.name}-${SPEC.version}.apk`));
  const cache = join(tempDir(t), 'cache');
  await digestOf(cache, folder);
  for (const other of [
    { ...SPEC, name: 'b' },
    { ...SPEC, version: '9-r0' },
  ]) {
    const renamed = tempDir(t);
    mkdirSync(join(renamed, 'x86_64'));
    writeFileSync(join(renamed, 'x86_64', `${other.name}-${other.version}.apk`), bytes);
    const block = apkIndexBlock(other, apkIdentity(SPEC), bytes.length);
    writeFileSync(join(renamed, 'x86_64', 'APKINDEX.tar.gz'), makeApkIndexOf(`${block}\n`));
    for (const place of [cache, join(tempDir(t), 'cache')])
      await assert.rejects(
        composed(place, [other.name], { repositories: [renamed], allowUntrusted: true }),
        (error) => isAppError(error, 'INTEGRITY') && /differs from the index/.test(error.message),
      );
  }
});

/** One of the same identity and size, and other bytes. */
function sameSized(t: TestContext, sizeBytes: number): Buffer {
  for (let mtime = 1_700_000_001; ; mtime++) {
    const { folder, sizeBytes: got } = repository(t, { key: KEY, mtime, comment: '' });
    if (got === sizeBytes) return readFileSync(join(folder, 'x86_64', `${SPEC.name}-${SPEC.version}.apk`));
  }
}

test('a file in a folder is read once, and again when it has changed, whatever its size and time say', async (t) => {
  const { folder, sizeBytes } = repository(t, { key: KEY, mtime: 1_700_000_000, comment: '' });
  const path = join(folder, 'x86_64', `${SPEC.name}-${SPEC.version}.apk`);
  const other = sameSized(t, sizeBytes);
  const cache = join(tempDir(t), 'cache');
  const before = await digestOf(cache, folder);
  // Older than what the times of files can tell apart.
  await sleep(2_100);
  assert.equal(await digestOf(cache, folder), before);
  const kept = await use({ cache }, async ({ catalog }) => {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return catalog.localFiles().find(path, [dev, ino, size, mtimeNs, ctimeNs].join(' '));
  });
  assert.equal(kept, digestOfBytes(readFileSync(path)));
  const { atime, mtime } = statSync(path);
  writeFileSync(path, other);
  utimesSync(path, atime, mtime);
  assert.notEqual(await digestOf(cache, folder), before);
});
