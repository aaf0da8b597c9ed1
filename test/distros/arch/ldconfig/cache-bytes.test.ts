import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CacheEntry,
  type CacheFormat,
  cacheBytes,
} from '../../../../src/distros/arch/ldconfig/cache-bytes.ts';

const entry = (soname: string, path: string, more: Partial<CacheEntry> = {}): CacheEntry => ({
  soname,
  path,
  flags: 0x303,
  osVersion: 0,
  isaLevel: 0,
  hwcaps: '',
  directory: 0,
  ...more,
});
const A = entry('liba.so.1', '/l/liba.so.1', { osVersion: 0x20620 });
const B = entry('libb.so', '/l/libb.so');
const C = entry('libc.so', '/l/libc.so');
const B3 = entry('libb.so', '/l/glibc-hwcaps/v3/libb.so.2', { hwcaps: 'v3', isaLevel: 2, directory: 1 });

const hex = (entries: readonly CacheEntry[], format: CacheFormat) =>
  cacheBytes(entries, format, { names: ['v2', 'v3'], generator: 'G' })
    .toString('hex')
    .match(/.{1,64}/g);

const NEW = [
  '676c6962632d6c642e736f2e6361636865312e31030000003d00000000000000',
  '0000000000000000000000000000000003030000780000008000000000000000',
  '0000000000000000030300008b00000093000000000000000000000000000000',
  '030300009e000000a80000002006020000000000000000006c6962632e736f00',
  '2f6c2f6c6962632e736f006c6962622e736f002f6c2f6c6962622e736f006c69',
  '62612e736f2e31002f6c2f6c6962612e736f2e3100',
];

test('the bytes of glibc 2.32’s format, and of the older one with it behind', () => {
  assert.deepEqual(hex([A, B, C], 'new'), NEW);
  assert.deepEqual(hex([A, B, C], 'compat'), [
    '6c642e736f2d312e372e30000400000003030000780000008000000003030000',
    '8b00000093000000030300009e000000a8000000030300009e000000a8000000',
    ...NEW,
  ]);
});

test('the bytes of the format of glibc 2.33, with folders below glibc-hwcaps', () => {
  assert.deepEqual(hex([A, B, B3], 'extended'), [
    '676c6962632d6c642e736f2e6361636865312e31030000003b00000002000000',
    'b4000000000000000000000000000000030300007b0000008900000000000000',
    '0000000002000040030300007b00000078000000000000000000000000000000',
    '03030000a9000000a60000002006020000000000000000002f6c2f6c6962622e',
    '736f007633007632002f6c2f676c6962632d6877636170732f76332f6c696262',
    '2e736f2e32002f6c2f6c6962612e736f2e3100007421a4ea0200000000000000',
    '00000000e0000000010000000100000000000000dc0000000400000083000000',
    '47',
  ]);
});

test('no libraries at all', () => {
  const header = `${Buffer.from('glibc-ld.so.cache1.1').toString('hex')}${'00'.repeat(28)}`;
  assert.equal(hex([], 'new')?.join(''), header);
  assert.equal(hex([], 'compat')?.join(''), `6c642e736f2d312e372e3000${'00'.repeat(4)}${header}`);
});

test('of equal ones the first directory’s comes first; in one directory nobody knows', () => {
  const again = entry('libb.so', '/other/libb.so', { directory: 1 });
  assert.deepEqual(hex([B, again], 'new')?.join('').indexOf(Buffer.from('/l/').toString('hex')), 208);
  assert.throws(() => hex([entry('libb.so.1', '/l/libb.so.1'), entry('libb.so.01', '/l/libb.so.01')], 'new'));
});
