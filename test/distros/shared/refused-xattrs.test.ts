import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusedXattrs } from '../../../src/distros/shared/refused-xattrs.ts';
import type { EntryType } from '../../../src/model/file-entry.ts';

/** An ACL of version 2 with an entry for each tag, all with permission 4. */
function acl(...tags: readonly number[]): string {
  const value = Buffer.alloc(4 + 8 * tags.length);
  value.writeUInt32LE(2, 0);
  for (const [index, tag] of tags.entries()) {
    value.writeUInt16LE(tag, 4 + 8 * index);
    value.writeUInt16LE(4, 6 + 8 * index);
  }
  return value.toString('base64');
}

const ACCESS = 'system.posix_acl_access';
const DEFAULT = 'system.posix_acl_default';
const CAPABILITY = 'security.capability';
const TEXT = Buffer.from('bar').toString('base64');
const capability = (revision: number, bytes: number): string =>
  Buffer.concat([Buffer.from([0, 0, 0, revision]), Buffer.alloc(bytes - 4)]).toString('base64');

// Each was tried with setxattr(2) on Linux: EINVAL, EPERM or EACCES.
const REFUSED: readonly (readonly [type: EntryType, name: string, value: string])[] = [
  ['file', 'user.', TEXT],
  ['file', 'trusted.', TEXT],
  ['file', 'security.', TEXT],
  ['symlink', 'user.foo', TEXT],
  ['fifo', 'user.foo', TEXT],
  ['character', 'user.foo', TEXT],
  ['file', CAPABILITY, TEXT],
  ['file', CAPABILITY, capability(2, 24)],
  ['file', CAPABILITY, capability(1, 12)],
  ['file', ACCESS, TEXT],
  ['file', ACCESS, acl(1, 4)],
  ['file', ACCESS, acl(1, 2, 4, 32)],
  ['file', ACCESS, acl(4, 1, 32)],
  ['directory', DEFAULT, TEXT],
  ['file', DEFAULT, acl(1, 4, 32)],
];

const TAKEN: readonly (readonly [type: EntryType, name: string, value: string])[] = [
  ['file', 'user.foo', ''],
  ['directory', 'user.foo', TEXT],
  ['symlink', 'trusted.foo', TEXT],
  ['file', CAPABILITY, capability(2, 20)],
  ['file', CAPABILITY, capability(3, 24)],
  ['file', ACCESS, acl(1, 4, 32)],
  ['file', ACCESS, acl(1, 2, 2, 4, 8, 16, 32)],
  ['directory', DEFAULT, acl(1, 4, 16, 32)],
  ['file', 'com.apple.provenance', TEXT],
];

test('attributes that Linux refuses, by namespace, type of file and value', () => {
  for (const [type, name, value] of REFUSED)
    assert.deepEqual(refusedXattrs({ type, xattrs: { [name]: value } }), [name], `${type} ${name} ${value}`);
  for (const [type, name, value] of TAKEN)
    assert.deepEqual(refusedXattrs({ type, xattrs: { [name]: value } }), [], `${type} ${name} ${value}`);
});
