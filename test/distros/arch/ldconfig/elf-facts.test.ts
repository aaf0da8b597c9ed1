import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { sharedLibrary } from '../../../../src/distros/arch/ldconfig/elf-facts.ts';
import { LinkerScan } from '../../../../src/distros/arch/ldconfig/linker-scan.ts';
import { tempDir } from '../../../fixtures/temp.ts';
import { type ElfSpec, makeElf } from './elf.ts';
import { scanned } from './real-ldconfig.ts';

const factsOf = (file: Buffer) =>
  sharedLibrary(file.length, (offset, length) =>
    offset + length <= file.length ? file.subarray(offset, offset + length) : undefined,
  );

/** As it would be ingested, in pieces. */
function scannedFacts(file: Buffer, chunkBytes: number, path = 'usr/lib/libx.so.1') {
  const scan = new LinkerScan();
  scanned(scan, path, file, chunkBytes);
  return Object.values(scan.facts().libraries);
}

const WHOLE: ElfSpec = {
  soname: 'libx.so.1',
  needed: ['libz.so.1', 'libc.so.6'],
  abi: [0, 3, 2, 0],
  isa: 0b1010,
};

test('facts of 64-bit and 32-bit libraries', () => {
  const facts = { soname: 'libx.so.1', libc6: true, osVersion: 0x30200, isaLevel: 3 };
  assert.deepEqual(factsOf(makeElf(WHOLE)), { bits: 64, machine: 62, ...facts });
  assert.deepEqual(factsOf(makeElf({ ...WHOLE, bits: 32, machine: 3 })), { bits: 32, machine: 3, ...facts });
  assert.deepEqual(factsOf(makeElf()), {
    ...{ bits: 64, machine: 62, soname: null },
    ...{ libc6: false, osVersion: 0, isaLevel: 0 },
  });
  assert.equal(factsOf(makeElf({ interpreter: '/lib64/ld-linux-x86-64.so.2' }))?.libc6, true);
});

test('no library: another kind of file', () => {
  const files = [
    ...[makeElf({ type: 2 }), makeElf({ static: true }), Buffer.from('GROUP ( libc.so.6 )'.repeat(9))],
    ...[Buffer.alloc(0), Buffer.alloc(51), Buffer.alloc(4096)],
  ];
  for (const file of files) assert.equal(factsOf(file), null);
});

test('not known: cut off, a.out, names that ldconfig’s versions find in different places', () => {
  const file = makeElf(WHOLE);
  assert.equal(factsOf(file.subarray(0, file.length - 1)), undefined);
  assert.equal(factsOf(file.subarray(0, 60)), undefined);
  assert.equal(factsOf(Buffer.concat([Buffer.from([0x0b, 0x01]), Buffer.alloc(100)])), undefined);
  assert.equal(factsOf(makeElf({ ...WHOLE, secondLoad: 0x1000 })), undefined);
  assert.deepEqual(factsOf(makeElf({ ...WHOLE, secondLoad: 0 })), factsOf(file));
  assert.equal(factsOf(makeElf({ soname: '' })), undefined);
  assert.equal(factsOf(makeElf({ soname: 'lib\x01.so' })), undefined);
  assert.equal(factsOf(makeElf({ soname: `lib${'x'.repeat(300)}.so` })), undefined);
});

test('a library that comes in pieces has the facts of the whole', () => {
  const file = makeElf({ ...WHOLE, before: 5000, between: 5000 });
  for (const chunkBytes of [1, 7, 4096, 10_000, file.length])
    assert.deepEqual(scannedFacts(file, chunkBytes), [factsOf(file)], `${chunkBytes}`);
});

test('of a large library the head and the segments are kept; names far behind are not known', () => {
  const MiB = 1024 * 1024;
  const large = makeElf({ ...WHOLE, between: 20 * MiB });
  assert.deepEqual(scannedFacts(large, 65_536), [factsOf(large)]);
  assert.deepEqual(scannedFacts(large, 17 * MiB), [factsOf(large)]);
  assert.deepEqual(scannedFacts(makeElf({ ...WHOLE, before: 20 * MiB }), 65_536), []);
});

test('files of other names are not looked at', () => {
  assert.deepEqual(scannedFacts(makeElf(WHOLE), 100, 'usr/bin/libx'), []);
  assert.deepEqual(scannedFacts(makeElf(WHOLE), 100, 'usr/lib.so/x'), []);
  assert.deepEqual(scannedFacts(makeElf(WHOLE), 100, 'plugin.so'), [factsOf(makeElf(WHOLE))]);
});

test('ldconfig’s name of itself is found; two are none', () => {
  const name = 'ldconfig (GNU libc) stable release version 2.40';
  const generators = (text: string) => {
    const scan = new LinkerScan();
    scanned(scan, 'usr/bin/ldconfig', Buffer.from(text), 10);
    return Object.values(scan.facts().generators);
  };
  assert.deepEqual(generators(`\0x\0${name}\0ldconfig (GNU %s) %s\0`), [name]);
  assert.deepEqual(generators('ldconfig (GNU %s) %s\0'), ['']);
  assert.deepEqual(generators(`${name}\0ldconfig (x) stable release version 2.41\0`), []);
});

test('no change of any byte of a library makes it throw or take long', () => {
  const files = [makeElf(WHOLE), makeElf({ ...WHOLE, bits: 32, machine: 3, interpreter: '/lib/x' })];
  for (const file of files) {
    for (let at = 0; at < file.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const changed = Buffer.from(file);
        changed[at] = value;
        factsOf(changed);
      }
    }
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 2, maxLength: 12 }),
        fc.integer({ min: 1, max: 300 }),
        (changes, chunkBytes) => {
          const changed = Buffer.from(file);
          for (const [at, value] of changes) changed[at] = value;
          const whole = factsOf(changed);
          assert.deepEqual(scannedFacts(changed, chunkBytes), whole === undefined ? [] : [whole]);
        },
      ),
    );
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void factsOf(Buffer.from(bytes))));
});

test('facts of what a compiler makes', (t) => {
  const folder = tempDir(t);
  const output = join(folder, 'libreal.so.1.0');
  const words = ['-shared', '-nostdlib', '-Wl,-soname,libreal.so.1', '-x', 'c', '-', '-o', output];
  const { status } = spawnSync('gcc', words, { input: 'int x(void) { return 1; }\n' });
  if (status !== 0) return t.skip('gcc is not here');
  const facts = factsOf(readFileSync(output));
  assert.equal(facts?.soname, 'libreal.so.1');
  assert.equal(facts?.libc6, false);
});
