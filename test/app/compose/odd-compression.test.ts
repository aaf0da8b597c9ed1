import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { plan } from '../../../src/app/query/plan.ts';
import { type ArchSpec, archFileName, makeArchDb, makeArchPackage } from '../../fixtures/arch.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, composed, index, json, refused, source, use } from '../harness.ts';

/** First bytes of files that pacman's libarchive reads and nothing here does, and the names makepkg gives them. */
const FOREIGN = [
  ['lz4', '04224d18646070', '.pkg.tar.lz4'],
  ['lzo', '894c5a4f000d0a1a0a1040', '.pkg.tar.lzo'],
  ['lzip', '4c5a49500117', '.pkg.tar.lz'],
  ['lrzip', '4c525a490006', '.pkg.tar.lrz'],
  ['compress (.Z)', '1f9d9061', '.pkg.tar.Z'],
  ['lz4', '04224d18646070', '.pkg.tar.zst'],
] as const;

const GOOD: ArchSpec = { name: 'good', version: '1-1', files: [{ path: 'x', content: '1' }] };
const ARCH = { distro: 'arch', allowUntrusted: true } as const;

for (const [format, hex, ending] of FOREIGN) {
  test(`a package of ${format} called …${ending} is refused as unsupported, not as damaged, wherever it comes from`, async (t) => {
    const dir = tempDir(t);
    const cache = join(dir, 'cache');
    const folder = join(dir, 'packages');
    mkdirSync(folder);
    const bytes = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(2000, 7)]);
    const name = `odd-1-1-x86_64${ending}`;
    const path = join(folder, name);
    writeFileSync(path, bytes);

    const ended = await cli(['ingest', path, '--allow-untrusted', '--cache', cache, '--json']);
    const { error } = json<{ error: { code: string; message: string; hint: string } }>(ended);
    assert.equal(ended.code, 12, ended.stdout);
    assert.match(
      error.message,
      new RegExp(`${name}: expected an Arch package .*, got ${format.slice(0, 6)}`),
    );
    assert.match(error.hint, /zstd/);

    const from = { ...ARCH, repositories: [folder] };
    const alone = await refused(index(cache, from), 'UNSUPPORTED');
    assert.match(alone.message, /which is not supported here/);

    writeFileSync(join(folder, archFileName(GOOD)), makeArchPackage(GOOD));
    const notes: string[] = [];
    await use({ cache, notes }, async (context) => {
      const { packages } = await plan(context, { source: source(from), packages: ['good'], base: 'none' });
      assert.deepEqual(
        packages.map((one) => one.name),
        ['good'],
      );
    });
    assert.deepEqual(
      notes.map((line) => line.endsWith('; skipped') && line.includes(name)),
      [true],
    );

    const served = join(dir, 'served');
    mkdirSync(served);
    writeFileSync(join(served, name), bytes);
    writeFileSync(join(served, archFileName(GOOD)), makeArchPackage(GOOD));
    const odd = { spec: { name: 'odd', version: '1-1' }, bytes, fileName: name };
    const good = { spec: GOOD, bytes: makeArchPackage(GOOD) };
    writeFileSync(join(served, 'served.db'), makeArchDb([odd, good]));
    const wanted = { ...ARCH, repositories: [served] };
    await refused(composed(cache, ['odd'], wanted), 'UNSUPPORTED');
    assert.equal((await composed(cache, ['good'], wanted)).plan.packages.length, 1);
  });
}

test('a database of lz4 is refused as unsupported; a page, a pointer and an archive of others are named', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  for (const [at, [bytes, code, message]] of (
    [
      [Buffer.from('04224d18646070', 'hex'), 'UNSUPPORTED', /expected a pacman database .*, got lz4/],
      [Buffer.from('<!DOCTYPE html><p>log in'), 'BAD_INDEX', /got a web page/],
      [
        Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\n'),
        'BAD_INDEX',
        /got a Git LFS pointer \(`git lfs pull`/,
      ],
      [Buffer.from('!<arch>\ndebian-binary'), 'BAD_INDEX', /got an ar archive/],
    ] as const
  ).entries()) {
    const folder = join(dir, String(at));
    mkdirSync(folder);
    writeFileSync(join(folder, 'x.db'), bytes);
    const error = await refused(index(cache, { ...ARCH, repositories: [join(folder, 'x.db')] }), code);
    assert.match(error.message, message);
  }
});
