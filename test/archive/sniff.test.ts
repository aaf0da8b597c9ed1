import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { sniff } from '../../src/archive/sniff.ts';
import { TAR_END } from '../../src/archive/tar-writer.ts';
import { packTar } from '../fixtures/pack-tar.ts';
import { rawHeader } from './helpers.ts';

const tar = packTar([{ path: 'a', type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0 }]);

test('archives are told by their first bytes', () => {
  assert.equal(sniff(gzipSync(tar)), 'gzip');
  assert.equal(sniff(zstdCompressSync(tar)), 'zstd');
  for (const magic of ['502a4d18', '5f2a4d18']) {
    assert.equal(sniff(Buffer.from(`${magic}00000000`, 'hex')), 'zstd', `skippable frame ${magic}`);
  }
  assert.equal(sniff(Buffer.from('602a4d1800000000', 'hex')), 'unknown');
  assert.equal(sniff(Buffer.from('fd377a585a00', 'hex')), 'xz');
  assert.equal(sniff(Buffer.from('BZh91AY&SY')), 'bzip2');
  assert.equal(sniff(Buffer.from('BZh01AY&SY')), 'unknown');
  for (const magic of ['ADBd', 'ADB.', 'ADBc']) assert.equal(sniff(Buffer.from(magic)), 'apk3');
});

test('plain tars: ustar, GNU, v7 by checksum, an empty one; nothing else', () => {
  assert.equal(sniff(tar), 'none');
  assert.equal(sniff(TAR_END), 'none');
  assert.equal(sniff(rawHeader({ magic: 'ustar  \0' })), 'none');
  assert.equal(sniff(rawHeader({ magic: '' })), 'none');
  assert.equal(sniff(rawHeader({ magic: '', checksum: '000001\0 ' })), 'unknown');
  assert.equal(sniff(tar.subarray(0, 511)), 'unknown');
  assert.equal(sniff(Buffer.from('<!DOCTYPE html>'.padEnd(600))), 'unknown');
  assert.equal(sniff(Buffer.alloc(0)), 'unknown');
});
