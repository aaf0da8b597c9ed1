import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { TAR_END, type TarRecord, tarHeader, tarPadding } from '../../src/archive/tar-writer.ts';
import type { EntryType } from '../../src/model/file-entry.ts';
import { packTar } from '../fixtures/pack-tar.ts';
import { scan } from './helpers.ts';

const plain: TarRecord = { path: 'a', type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0 };

test('golden bytes: a plain header', () => {
  const block = tarHeader({
    ...plain,
    path: 'usr/bin/tool',
    mode: 0o4755,
    uid: 1,
    gid: 2,
    uname: 'bin',
    gname: 'daemon',
    mtime: 1_700_000_000,
    sizeBytes: 1234,
  });
  assert.equal(block.length, 512);
  const text = block.toString('latin1').replace(/\0+/g, (zeros) => `<${zeros.length}>`);
  assert.equal(
    text,
    'usr/bin/tool<88>0004755<1>0000001<1>0000002<1>00000002322<1>14524770400<1>013416<1> 0<100>ustar<1>00bin<29>daemon<26>0000000<1>0000000<168>',
  );
});

test('golden bytes: an archive of every type, plain and extended', () => {
  const archive = packTar([
    { ...plain, path: 'etc', type: 'directory', mode: 0o755 },
    { ...plain, path: 'etc/motd', content: Buffer.from('hello\n') },
    { ...plain, path: 'etc/link', type: 'symlink', linkTarget: '/etc/motd', mode: 0o777 },
    { ...plain, path: 'etc/hard', type: 'hardlink', linkTarget: 'etc/motd' },
    { ...plain, path: 'dev/null', type: 'character', deviceMajor: 1, deviceMinor: 3 },
    { ...plain, path: 'ü'.repeat(60), mtime: 1.25, xattrs: { 'user.a': 'AAE=' } },
    { ...plain, path: `${'d'.repeat(90)}/${'f'.repeat(90)}` },
    { ...plain, path: 'f\udcffo' },
  ]);
  assert.equal(archive.length % 512, 0);
  assert.ok(archive.subarray(-1024).equals(TAR_END));
  assert.equal(createHash('sha256').update(archive).digest('hex'), GOLDEN);
});
const GOLDEN = '3ece499318083f40f4ba927fbcc4fa72d2276fe1040b809b669582e1bebbf830';

test('golden bytes: an extended header', () => {
  const blocks = tarHeader({ ...plain, path: 'é', mtime: 0.5 });
  assert.equal(blocks.length, 1536);
  assert.equal(blocks.toString('utf8', 512, 512 + 27), '13 mtime=0.5\n11 path=é\n\0\0\0');
  assert.equal(blocks.toString('latin1', 0, 13), 'PaxHeaders/__');
  assert.equal(blocks.toString('latin1', 156, 157), 'x');
});

test('padding fills the last block', () => {
  for (const [sizeBytes, padding] of [
    [0, 0],
    [1, 511],
    [511, 1],
    [512, 0],
    [513, 511],
  ] as const) {
    assert.equal(tarPadding(sizeBytes).length, padding);
  }
});

const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
  fc.string({
    minLength: 1,
    maxLength: 110,
    unit: fc.constantFrom('a', 'b', '.', 'ß', '\udc80', '\udcfe', ' ', '='),
  }),
);
const component = name.map(
  (text) => `x${text.replace(/[/\0\ud800-\udbff]/g, '_').replace(/[\udc00-\udc7f\udd00-\udfff]/g, '_')}`,
);
const path = fc.array(component, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
const word = fc.string({ maxLength: 50 }).map((text) => text.replace(/\0/g, ''));

const record = fc.record({
  path,
  type: fc.constantFrom<EntryType>('file', 'directory', 'symlink', 'hardlink', 'fifo', 'character'),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0o7777776, max: 2 ** 32 - 2 })),
  gid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
  uname: word,
  gname: word,
  mtime: fc.oneof(
    fc.integer({ min: -5, max: 2 ** 33 }),
    fc.double({ min: 0, max: 2e9, noNaN: true }).map((x) => Math.round(x * 1000) / 1000),
  ),
  linkTarget: path,
  xattrs: fc.dictionary(
    fc.constantFrom('user.a', 'security.capability', 'user.ö'),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  ),
  content: fc.uint8Array({ maxLength: 1200 }),
});

test('what is written is read back, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 5 }),
      fc.integer({ min: 1, max: 3000 }),
      (records, pieceBytes) => {
        const unique = records.map((one, index) => ({ ...one, path: `${index}${one.path}` }));
        const { entries, contents } = scan(packTar(unique), { pieceBytes });
        assert.equal(entries.length, unique.length);
        for (const [index, entry] of entries.entries()) {
          const { content, ...wanted } = unique[index] as (typeof unique)[number];
          const isLink = wanted.type === 'symlink' || wanted.type === 'hardlink';
          const { path, type, mode, uid, gid, uname, gname, mtime, linkTarget, xattrs } = entry;
          assert.deepEqual(
            { path, type, mode, uid, gid, uname, gname, mtime, linkTarget, xattrs: { ...xattrs } },
            { ...wanted, linkTarget: isLink ? wanted.linkTarget : '', xattrs: { ...wanted.xattrs } },
          );
          if (type === 'file') assert.deepEqual(contents.get(path) ?? Buffer.alloc(0), Buffer.from(content));
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('sizes of 8 GiB and more go into a pax record', () => {
  const blocks = tarHeader({ ...plain, sizeBytes: 2 ** 33 });
  assert.match(blocks.toString('latin1', 512, 540), /^19 size=8589934592\n/);
  assert.equal(tarHeader({ ...plain, sizeBytes: 2 ** 33 - 1 }).length, 512);
});

test('what tar cannot say is refused', () => {
  const wrong: Partial<TarRecord>[] = [
    { path: '' },
    { path: '/a' },
    { path: 'a\0b' },
    { uid: -1 },
    { gid: 1.5 },
    { mtime: Number.NaN },
    { sizeBytes: 2 ** 60 },
    { deviceMajor: 2 ** 30 },
    { xattrs: { 'a=b': '' } },
  ];
  for (const part of wrong) assert.throws(() => tarHeader({ ...plain, ...part }), { code: 'BAD_ARCHIVE' });
});
