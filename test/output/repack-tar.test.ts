import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { packTar } from '../../src/archive/tar-writer.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { repackTar } from '../../src/output/repack-tar.ts';
import {
  END_OF_ARCHIVE,
  type FixtureFile,
  headerBlock,
  padded,
  paxRecord,
  tarEntries,
  tarEntry,
} from '../fixtures/tar.ts';

async function repacked(chunks: readonly Uint8Array[]): Promise<Buffer> {
  async function* source() {
    yield* chunks;
  }
  const parts: Buffer[] = [];
  for await (const part of repackTar(source())) parts.push(part);
  return Buffer.concat(parts);
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const ZERO = Buffer.alloc(512);
const CONTROL = tarEntries([{ path: '.PKGINFO', content: 'pkgname = a\n' }]);
const DATA = tarEntries([
  { path: 'usr/' },
  { path: 'usr/zeros', content: Buffer.alloc(2048) },
  { path: 'usr/link', linkTarget: 'zeros' },
  {
    path: `usr/${'x'.repeat(120)}`,
    content: 'long',
    xattrs: { 'user.a': Buffer.from('b').toString('base64') },
  },
]);

test('ends within are dropped, zero content is not, one end is at the end', async () => {
  const early = Buffer.concat([
    CONTROL,
    END_OF_ARCHIVE,
    Buffer.alloc(10_240 - 2048),
    DATA,
    END_OF_ARCHIVE,
    ZERO,
  ]);
  const whole = Buffer.concat([CONTROL, DATA, END_OF_ARCHIVE]);
  assert.ok((await repacked([early])).equals(whole));
  const listed = spawnSync('tar', ['-tf', '-'], { input: await repacked([early]), encoding: 'utf8' });
  assert.deepEqual(listed.stdout.trim().split('\n'), [
    '.PKGINFO',
    'usr/',
    'usr/zeros',
    'usr/link',
    `usr/${'x'.repeat(120)}`,
  ]);
});

test('a good tar comes out as it went in; no end at all gets one; nothing gives an empty tar', async () => {
  const good = packTar([
    { path: 'a', type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, content: Buffer.from('x') },
  ]);
  assert.ok((await repacked([good])).equals(good));
  assert.ok((await repacked([good.subarray(0, -1024)])).equals(good));
  assert.ok((await repacked([])).equals(END_OF_ARCHIVE));
  assert.ok((await repacked([ZERO])).equals(END_OF_ARCHIVE));
});

test('a pax size, local or global, says where the next header is', async () => {
  const common = {
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
    uname: '',
    gname: '',
    link: Buffer.alloc(0),
    device: undefined,
  };
  for (const flag of ['x', 'g']) {
    const records = paxRecord('size', Buffer.from('600'));
    const tar = Buffer.concat([
      headerBlock({ ...common, name: Buffer.from('pax'), flag, sizeBytes: records.length }),
      padded(records),
      headerBlock({ ...common, name: Buffer.from('a'), flag: '0', sizeBytes: 0 }),
      padded(Buffer.alloc(600)),
      END_OF_ARCHIVE,
    ]);
    assert.ok(
      (await repacked([tar.subarray(0, -1024), END_OF_ARCHIVE, tar])).equals(
        Buffer.concat([tar.subarray(0, -1024), tar]),
      ),
    );
  }
});

test('law: however zero blocks lie between entries and the bytes are cut, the entries come out alone', async () => {
  const file = fc.record({
    path: fc.stringMatching(/^[a-z]{1,8}(\/[a-zé]{1,60}){0,3}$/),
    content: fc.uint8Array({ maxLength: 1500 }),
    xattrs: fc.constantFrom({}, { 'user.x': 'AAAA' }),
  });
  const gaps = fc.array(fc.nat(4), { minLength: 1, maxLength: 5 });
  const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(file, { maxLength: 6 }), gaps, sizes, async (files, gap, pieces) => {
      const entries = files.map((each: FixtureFile) => tarEntry(each));
      const holed = Buffer.concat(
        entries.flatMap((entry, at) => [entry, Buffer.alloc(512 * (gap[at % gap.length] ?? 0))]),
      );
      const expected = Buffer.concat([...entries, END_OF_ARCHIVE]);
      assert.ok((await repacked(cut(holed, pieces))).equals(expected));
    }),
    { numRuns: 100 },
  );
});

for (const [what, bytes, code, message] of [
  ['cut within content', DATA.subarray(0, 1500), 'BAD_ARCHIVE', /ends within an entry at byte 1500/],
  ['cut within a header', DATA.subarray(0, 700), 'BAD_ARCHIVE', /ends within an entry at byte 700/],
  [
    'garbage between',
    Buffer.concat([CONTROL, END_OF_ARCHIVE, Buffer.alloc(512, 'x'), DATA]),
    'BAD_ARCHIVE',
    /header at byte 2048: expected checksum/,
  ],
  [
    'an extended header alone',
    tarEntry({ path: 'p', xattrs: { a: 'AA==' } }).subarray(0, 1024),
    'BAD_ARCHIVE',
    /ends within an entry/,
  ],
] as const) {
  test(`${what} is refused with its place`, async () => {
    await assert.rejects(repacked([bytes]), (error) => {
      assert.ok(isAppError(error, code));
      assert.match(error.message, message);
      return true;
    });
  });
}
