import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { capturedTree } from '../../../src/app/compose/captured-tree.ts';
import { NONDETERMINISTIC_FILES } from '../../../src/app/compose/nondeterministic-files.ts';
import { directoryInode, type Inode, Tree } from '../../../src/compose/tree.ts';
import type { Digest } from '../../../src/model/digest.ts';
import { packTar } from '../../fixtures/pack-tar.ts';
import { tempDir } from '../../fixtures/temp.ts';

type Packed = Parameters<typeof packTar>[0] extends Iterable<infer T> ? T : never;

const ARCHIVE = `sha256:${'a'.repeat(64)}` as Digest;
/** Seconds: of the packages, of the run, of the image */
const OLD = 1_500_000_000;
const NOW = 1_800_000_000;
const TIME = 1_600_000_000;
const TIMES = { from: NOW - 10, to: NOW + 10, time: TIME };

function file(content: string, more: Partial<Inode> = {}): Inode {
  return {
    ...directoryInode({ mode: 0o644, uid: 0, gid: 0, mtime: OLD }),
    type: 'file',
    sizeBytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    content: { kind: 'archive', digest: ARCHIVE, offset: 0 },
    ...more,
  };
}

function packed(path: string, content: string | Buffer, more: Partial<Packed> = {}): Packed {
  return {
    path,
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: OLD,
    content: Buffer.from(content),
    ...more,
  };
}

async function captured(
  t: { after(fn: () => void): void },
  entries: readonly Packed[],
  before: Tree = new Tree(),
): Promise<{ tree: Tree; folder: string }> {
  const folder = tempDir(t);
  async function* tar(): AsyncGenerator<Buffer> {
    yield packTar(entries);
  }
  return { tree: await capturedTree(tar(), { before, folder, times: TIMES }), folder };
}

function bytesOf(inode: Inode | undefined): Buffer {
  if (inode?.content?.kind === 'bytes') return Buffer.from(inode.content.bytes);
  if (inode?.content?.kind === 'file') return readFileSync(inode.content.path);
  return assert.fail(`no content of its own: ${JSON.stringify(inode)}`);
}

test('what nothing changed stays what it was, archive and all', async (t) => {
  const same = file('same', { mtime: OLD + 0.123456789 });
  const folder = directoryInode({ mode: 0o755, uid: 0, gid: 0, mtime: OLD });
  const before: Tree = new Tree([
    ['d', folder],
    ['d/same', same],
    ['d/gone', file('gone')],
  ]);
  const { tree } = await captured(
    t,
    [
      { path: 'd', type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: NOW },
      packed('d/same', 'same', { mtime: OLD + 0.1234567 }),
    ],
    before,
  );
  assert.equal(tree.get('d/same'), same);
  assert.equal(tree.get('d'), folder);
  assert.deepEqual([...tree.keys()], ['d', 'd/same']);
});

test('each thing that a script can change is seen', async (t) => {
  const changes: Partial<Packed>[] = [
    { mode: 0o600 },
    { uid: 5 },
    { gid: 5 },
    { mtime: NOW },
    { mtime: OLD + 1 },
    { content: Buffer.from('SAME') },
    { content: Buffer.from('longer') },
    { xattrs: { 'user.x': 'eA==' } },
    { type: 'fifo' },
  ];
  for (const change of changes) {
    const before: Tree = new Tree([['f', file('same')]]);
    const { tree } = await captured(t, [packed('f', 'same', change)], before);
    assert.notEqual(tree.get('f'), before.get('f'), JSON.stringify(change));
  }
});

test('times of the run become the image’s, others that a script set stay', async (t) => {
  const { tree } = await captured(t, [
    packed('new', 'x', { mtime: NOW }),
    packed('copied', 'x', { mtime: OLD }),
    { path: 'd', type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: NOW + 1.5 },
    { path: 'l', type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime: NOW, linkTarget: 'new' },
  ]);
  assert.deepEqual(
    [...tree].map(([path, { mtime }]) => [path, mtime]),
    [
      ['new', TIME],
      ['copied', OLD],
      ['d', TIME],
      ['l', TIME],
    ],
  );
});

test('hard links are one file, also to an unchanged one; a link replaced by a copy is two', async (t) => {
  const linked = file('same');
  const before: Tree = new Tree([
    ['a', linked],
    ['b', linked],
    ['c', linked],
  ]);
  const link = (path: string, linkTarget: string): Packed => ({
    ...packed(path, ''),
    type: 'hardlink',
    linkTarget,
  });
  const { tree } = await captured(
    t,
    [packed('a', 'same'), link('b', 'a'), packed('c', 'same'), link('d', 'a')],
    before,
  );
  assert.equal(tree.get('a'), linked);
  assert.equal(tree.get('b'), linked);
  assert.equal(tree.get('d'), linked);
  assert.notEqual(tree.get('c'), linked);
  assert.equal(bytesOf(tree.get('c')).toString(), 'same');
});

test('an attribute that the sandbox cannot have is not missed, and is not lost with a change', async (t) => {
  const xattrs = { 'trusted.overlay': 'eA==', 'user.x': 'eA==' };
  const before: Tree = new Tree([
    ['same', file('x', { xattrs })],
    ['changed', file('x', { xattrs })],
  ]);
  const kept = { xattrs: { 'user.x': 'eA==' } };
  const { tree } = await captured(t, [packed('same', 'x', kept), packed('changed', 'y', kept)], before);
  assert.equal(tree.get('same'), before.get('same'));
  assert.deepEqual(tree.get('changed')?.xattrs, xattrs);
});

test('large contents are files, and only of what changed', async (t) => {
  const large = 'l'.repeat(200_000);
  const before: Tree = new Tree([['same', file(large)]]);
  const { tree, folder } = await captured(
    t,
    [packed('same', large), packed('new', 'n'.repeat(200_000)), packed('empty', '')],
    before,
  );
  assert.equal(tree.get('same'), before.get('same'));
  assert.equal(tree.get('new')?.content?.kind, 'file');
  assert.equal(bytesOf(tree.get('new')).toString(), 'n'.repeat(200_000));
  assert.equal(bytesOf(tree.get('empty')).length, 0);
  assert.equal(readdirSync(folder).length, 1);
});

test('what differs from run to run is settled, what packages ship is left alone', async (t) => {
  const day = (seconds: number): number => Math.floor(seconds / 86_400);
  const shadow = (last: number): string =>
    `root:::0:::::\nsshd:!:${last}:0:99999:7:::\nold:!:17000:0:99999:7:::\n`;
  const shipped = file('log of a package');
  const before: Tree = new Tree([['var/log/shipped', shipped]]);
  const { tree } = await captured(
    t,
    [
      packed('etc/machine-id', '0123456789abcdef0123456789abcdef\n', { mtime: NOW, mode: 0o444 }),
      packed('etc/shadow', shadow(day(NOW)), { mtime: NOW, mode: 0o640 }),
      packed('var/cache/ldconfig/aux-cache', 'inodes', { mtime: NOW }),
      packed('var/lib/dbus/machine-id', 'x', { mtime: NOW }),
      packed('var/log/made', 'at 12:34', { mtime: NOW }),
      packed('var/log/shipped', 'log of a package'),
    ],
    before,
  );
  assert.deepEqual([...tree.keys()], ['etc/machine-id', 'etc/shadow', 'var/log/made', 'var/log/shipped']);
  assert.equal(bytesOf(tree.get('etc/machine-id')).length, 0);
  assert.equal(tree.get('etc/machine-id')?.mode, 0o444);
  assert.equal(bytesOf(tree.get('etc/shadow')).toString(), shadow(day(TIME)));
  assert.equal(tree.get('var/log/made')?.sizeBytes, 0);
  assert.equal(tree.get('var/log/shipped'), shipped);
});

test('docs/sandbox.md names every nondeterministic file, and why', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/sandbox.md'), 'utf8');
  const rows =
    /<!-- nondeterministic files -->\n([\s\S]*?)<!-- end/.exec(text)?.[1]?.trim().split('\n').slice(2) ?? [];
  assert.deepEqual(
    rows.map((row) => row.split(' | ')[1]),
    NONDETERMINISTIC_FILES.map(({ why }) => why),
  );
});

/** JKS as the JDK writes it: one trusted certificate an entry. */
function keyStore(times: readonly number[], password = 'changeit'): Buffer {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const text = (value: string): Buffer =>
    Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)]);
  const entries = times.flatMap((seconds, at) => {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(seconds) * 1000n);
    return [number(2), text(`certificate ${at}`), time, text('X.509'), number(3), Buffer.from('der')];
  });
  const body = Buffer.concat([number(0xfeedfeed), number(2), number(times.length), ...entries]);
  const key = Buffer.from(password, 'utf16le').swap16();
  return Buffer.concat([
    body,
    createHash('sha1').update(key).update('Mighty Aphrodite').update(body).digest(),
  ]);
}

test('a Java key store gets the image’s time and its checksum; a broken or foreign one stays', async (t) => {
  const settledOf = async (content: Buffer): Promise<Buffer> => {
    const path = 'etc/ssl/certs/java/cacerts';
    const { tree } = await captured(t, [packed(path, content, { mtime: NOW })]);
    return bytesOf(tree.get(path));
  };
  assert.deepEqual(await settledOf(keyStore([NOW, OLD, NOW + 1])), keyStore([TIME, OLD, TIME]));
  assert.deepEqual(await settledOf(keyStore([])), keyStore([]));
  const whole = keyStore([NOW, NOW]);
  for (const other of [keyStore([NOW], 'secret'), whole.subarray(0, 60), whole.subarray(1), Buffer.alloc(0)])
    assert.deepEqual(await settledOf(other), other);
});

test('a tar that ends early is no tree', async (t) => {
  async function* tar(): AsyncGenerator<Buffer> {
    yield packTar([packed('f', 'x'.repeat(100_000))]).subarray(0, 70_000);
  }
  const folder = tempDir(t);
  await assert.rejects(capturedTree(tar(), { before: new Tree(), folder, times: TIMES }), /missing|ends at/);
});
