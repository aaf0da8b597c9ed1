import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FileEntries } from '../../src/model/file-entries.ts';
import type { FileEntry } from '../../src/model/file-entry.ts';
import { decodePath } from '../../src/model/path-bytes.ts';

const name = fc.uint8Array({ minLength: 1, maxLength: 12 }).map(decodePath);
const base64 = fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const id = fc.nat({ max: 2 ** 32 });
const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const entry: fc.Arbitrary<FileEntry> = fc.record(
  {
    path: name,
    type: fc.constantFrom('file', 'directory', 'symlink', 'hardlink', 'character', 'block', 'fifo'),
    mode: fc.nat({ max: 0o7777 }),
    uid: id,
    gid: id,
    uname: name,
    gname: name,
    sizeBytes: fc.maxSafeNat(),
    mtime: fc.double({ noNaN: true, noDefaultInfinity: true }),
    linkTarget: fc.oneof(fc.constant(''), name),
    sha256: fc.oneof(fc.constant(''), hash),
    offset: fc.maxSafeNat(),
    deviceMajor: id,
    deviceMinor: id,
    xattrs: fc.dictionary(name, base64, { maxKeys: 2, noNullPrototype: true }),
    pax: fc.array(fc.tuple(name, base64), { maxLength: 3 }),
  },
  { noNullPrototype: true },
);

test('entries are unpacked as they were packed', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
      const packed = FileEntries.of(entries);
      const read = new FileEntries(packed.blocks.map(({ bytes }) => bytes));
      assert.equal(read.length, entries.length);
      assert.deepEqual([...read], entries);
      entries.forEach(({ path, type, pax }, index) => {
        assert.equal(read.path(index), path);
        assert.equal(read.head(index).type, type);
        for (const [key] of pax) {
          const [, value] = pax.find(([other]) => other === key) ?? [];
          assert.equal(Buffer.from(read.record(index, key) ?? 'none', 'latin1').toString('base64'), value);
        }
        assert.equal(read.record(index, 'none of this name'), undefined);
      });
    }),
  );
});

test('long lists have several blocks, in which paths stand between line feeds', () => {
  const [one] = fc.sample(entry, 1) as [FileEntry];
  const paths = Array.from({ length: 10_000 }, (_, index) => `usr/share/${index}`);
  const files = FileEntries.of(paths.map((path) => ({ ...one, path })));
  assert.equal(files.blocks.length, 3);
  assert.deepEqual(
    files.map(({ path }) => path),
    paths,
  );
  for (const index of [0, 4095, 4096, 9999]) {
    assert.equal(files.path(index), paths[index]);
    assert.equal(files.at(index), files.at(index), 'the same object each time');
    assert.ok(files.blocks.some(({ bytes }) => bytes.includes(`\n${paths[index]}\n`)));
  }
});

test('of a very long list, paths are read in any order, and are the same each time', () => {
  const [one] = fc.sample(entry, 1) as [FileEntry];
  const paths = Array.from({ length: 80_000 }, (_, index) => `usr/share/${index}`);
  const files = FileEntries.of(paths.map((path) => ({ ...one, path })));
  const places = Array.from({ length: 100_000 }, (_, step) => (step * 31_337) % paths.length);
  for (const index of places) assert.equal(files.path(index), paths[index]);
});
