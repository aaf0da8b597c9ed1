import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TarRecord } from '../../src/archive/tar-writer.ts';
import { type ErrorCode, isAppError } from '../../src/model/app-error.ts';
import { type UnpackOptions, unpackFolder } from '../../src/output/unpack-folder.ts';
import { packTar } from '../fixtures/pack-tar.ts';
import { tempDir } from '../fixtures/temp.ts';

type Member = Partial<TarRecord> & { readonly path: string; readonly content?: Buffer };

const tarOf = (members: readonly Member[]): Buffer =>
  packTar(members.map((member) => ({ type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 1000, ...member })));

async function* pieces(bytes: Buffer, size = 700): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

interface Unpacking extends Partial<UnpackOptions> {
  readonly target: string;
}

const unpack = (members: readonly Member[], options: Unpacking) =>
  unpackFolder(pieces(tarOf(members)), { prefix: 'dir', where: 'test', keepOldFiles: false, ...options });

async function refused(work: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isAppError(error, code), String(error));
    assert.match(error.message, message);
    return true;
  });
}

test('folders, files, links; modes, times; nothing else is left', async (t) => {
  const folder = tempDir(t);
  const target = join(folder, 'out');
  const done = await unpack(
    [
      { path: 'dir', type: 'directory', mode: 0o750, mtime: 5 },
      { path: 'dir/deep/er/file', content: Buffer.from('deep'), mode: 0o4555 },
      { path: 'dir/empty' },
      { path: 'dir/deep', type: 'directory', mode: 0o500, mtime: 7 },
      { path: 'dir/hard', type: 'hardlink', linkTarget: 'dir/deep/er/file' },
      { path: 'dir/link', type: 'symlink', linkTarget: 'deep/er/../er/file' },
      { path: 'dir/dangling', type: 'symlink', linkTarget: 'nowhere/at/all' },
      { path: 'dir/deep/up', type: 'symlink', linkTarget: '../empty' },
      { path: 'dir/pipe', type: 'fifo' },
      { path: 'dir/null', type: 'character', deviceMajor: 1, deviceMinor: 3 },
      { path: 'dir/empty', content: Buffer.from('the last one counts') },
    ],
    { target },
  );
  assert.deepEqual(done, { entries: 11, skipped: 2 });
  assert.deepEqual(readdirSync(folder), ['out']);
  assert.deepEqual(readdirSync(target).sort(), ['dangling', 'deep', 'empty', 'hard', 'link']);
  assert.equal(readFileSync(join(target, 'link'), 'utf8'), 'deep');
  assert.equal(readFileSync(join(target, 'deep/up'), 'utf8'), 'the last one counts');
  assert.equal(readlinkSync(join(target, 'dangling')), 'nowhere/at/all');
  const file = statSync(join(target, 'hard'));
  assert.equal(file.ino, statSync(join(target, 'deep/er/file')).ino);
  assert.equal(file.mode & 0o7777, 0o555 & ~process.umask(), 'no set-uid bit');
  assert.equal(file.mtimeMs, 1_000_000);
  assert.equal(statSync(target).mode & 0o777, 0o750 & ~process.umask());
  assert.equal(statSync(target).mtimeMs, 5_000);
  assert.equal(statSync(join(target, 'deep')).mode & 0o777, 0o700, 'its owner can go on');
  assert.equal(statSync(join(target, 'deep')).mtimeMs, 7_000);
});

describe('nothing gets out of the folder', () => {
  const secret = Buffer.from('not yours');
  const hostile: readonly (readonly [string, readonly Member[], ErrorCode, RegExp])[] = [
    ['a file elsewhere', [{ path: 'other/file', content: secret }], 'BAD_ARCHIVE', /not below dir/],
    ['a name that only begins so', [{ path: 'dirty/file', content: secret }], 'BAD_ARCHIVE', /not below dir/],
    [
      'a file through a link',
      [
        { path: 'dir/l', type: 'symlink', linkTarget: '.' },
        { path: 'dir/l/file', content: secret },
      ],
      'BAD_ARCHIVE',
      /goes through "l", which is a symlink/,
    ],
    [
      'a folder through a link',
      [
        { path: 'dir/l', type: 'symlink', linkTarget: '..' },
        { path: 'dir/l/out', type: 'directory', mode: 0o755 },
      ],
      'BAD_ARCHIVE',
      /goes through/,
    ],
    [
      'a folder in the place of a link',
      [
        { path: 'dir/l', type: 'symlink', linkTarget: 'x' },
        { path: 'dir/l', type: 'directory', mode: 0o755 },
      ],
      'BAD_ARCHIVE',
      /already exists as a symlink/,
    ],
    [
      'an absolute link',
      [{ path: 'dir/l', type: 'symlink', linkTarget: '/etc/passwd' }],
      'BAD_ARCHIVE',
      /symlink out of the folder/,
    ],
    [
      'a link above',
      [{ path: 'dir/l', type: 'symlink', linkTarget: '../x' }],
      'BAD_ARCHIVE',
      /symlink out of the folder/,
    ],
    [
      'links that are harmless one by one',
      [
        { path: 'dir/a/b/root', type: 'symlink', linkTarget: '../..' },
        { path: 'dir/out', type: 'symlink', linkTarget: 'a/b/root/../x' },
      ],
      'BAD_ARCHIVE',
      /"out" is a symlink out of the folder/,
    ],
    [
      'a link whose way out comes later',
      [
        { path: 'dir/out', type: 'symlink', linkTarget: 'a/b/root/../x' },
        { path: 'dir/a/b/root', type: 'symlink', linkTarget: '../..' },
      ],
      'BAD_ARCHIVE',
      /"out" is a symlink out of the folder/,
    ],
    [
      'a hard link to what is not of the archive',
      [{ path: 'dir/h', type: 'hardlink', linkTarget: 'dir/passwd' }],
      'BAD_ARCHIVE',
      /not an earlier file/,
    ],
    [
      'a hard link elsewhere',
      [{ path: 'dir/h', type: 'hardlink', linkTarget: 'etc/passwd' }],
      'BAD_ARCHIVE',
      /not below/,
    ],
    [
      'a hard link to a link',
      [
        { path: 'dir/l', type: 'symlink', linkTarget: 'x' },
        { path: 'dir/h', type: 'hardlink', linkTarget: 'dir/l' },
      ],
      'BAD_ARCHIVE',
      /not an earlier file/,
    ],
    ['a file as the folder', [{ path: 'dir', content: secret }], 'BAD_ARCHIVE', /instead of the folder/],
    [
      'a link as the folder',
      [{ path: 'dir', type: 'symlink', linkTarget: 'x' }],
      'BAD_ARCHIVE',
      /instead of the folder/,
    ],
    [
      'a file in the place of a folder',
      [{ path: 'dir/a/b', content: secret }, { path: 'dir/a' }],
      'BAD_ARCHIVE',
      /already exists as a folder/,
    ],
    [
      'a folder below a file',
      [{ path: 'dir/a' }, { path: 'dir/a/b', content: secret }],
      'BAD_ARCHIVE',
      /goes through "a", which is a file/,
    ],
  ];
  for (const [what, members, code, message] of hostile) {
    test(what, async (t) => {
      const folder = tempDir(t);
      await refused(unpack(members, { target: join(folder, 'out') }), code, message);
      assert.deepEqual(readdirSync(folder), [], 'nothing is left');
    });
  }

  test('a loop of links leads nowhere', async (t) => {
    const target = join(tempDir(t), 'out');
    await unpack(
      [
        { path: 'dir/a', type: 'symlink', linkTarget: 'b' },
        { path: 'dir/b', type: 'symlink', linkTarget: 'a' },
        { path: 'dir/c', type: 'symlink', linkTarget: 'c/c' },
      ],
      { target },
    );
    assert.deepEqual(readdirSync(target).sort(), ['a', 'b', 'c']);
  });

  test('links that would take for ever to follow are refused', async (t) => {
    const folder = tempDir(t);
    const deep = Array(300).fill('a').join('/');
    // Down, to and fro, and up again
    const long = [deep, ...Array(500).fill('../a'), ...Array(300).fill('..')].join('/');
    const links = Array.from(
      { length: 600 },
      (_, at): Member => ({
        path: `dir/l${at}`,
        type: 'symlink',
        linkTarget: at === 0 ? long : `l${Math.max(0, at - 1)}/${long}`,
      }),
    );
    const all: readonly Member[] = [{ path: `dir/${deep}`, type: 'directory' }, ...links];
    await refused(unpack(all, { target: join(folder, 'out') }), 'LIMIT', /too many links to follow/);
    assert.deepEqual(readdirSync(folder), []);
  });
});

test('`..` is taken from folders of the archive alone: what lies beside them may be a link', async (t) => {
  const folder = tempDir(t);
  const link = (linkTarget: string): Member => ({ path: 'dir/l', type: 'symlink', linkTarget });
  for (const target of ['a/9/../..', 'a/..', 'a/../dir/x', './missing/../f']) {
    await refused(
      unpack([link(target)], { target: join(folder, 'out') }),
      'BAD_ARCHIVE',
      /"l" is a symlink out of the folder/,
    );
  }
  const own: Member = { path: 'dir/a/b', type: 'directory' };
  await unpack([own, link('a/b/../b')], { target: join(folder, 'out') });
  assert.equal(readlinkSync(join(folder, 'out/l')), 'a/b/../b');
  // Two archives into one folder: neither alone leads out, and together they must not.
  mkdirSync(join(folder, 'both'));
  await unpack(
    [
      { path: 'dir/1/2', type: 'directory' },
      { path: 'dir/1/2/9', type: 'symlink', linkTarget: '../..' },
    ],
    {
      target: join(folder, 'both'),
    },
  );
  await refused(
    unpack([link('1/2/9/../../..')], { target: join(folder, 'both') }),
    'BAD_ARCHIVE',
    /symlink out of the folder/,
  );
});

describe('a folder that is there', () => {
  const members: readonly Member[] = [
    { path: 'dir/a/new', content: Buffer.from('new') },
    { path: 'dir/a/file', content: Buffer.from('new') },
  ];

  test('keeps what the archive does not have; files are replaced, links are not followed', async (t) => {
    const folder = tempDir(t);
    mkdirSync(join(folder, 'out/a'), { recursive: true });
    writeFileSync(join(folder, 'out/a/old'), 'old');
    writeFileSync(join(folder, 'elsewhere'), 'untouched');
    symlinkSync('../../elsewhere', join(folder, 'out/a/file'));
    await unpack(members, { target: join(folder, 'out') });
    assert.deepEqual(readdirSync(join(folder, 'out/a')).sort(), ['file', 'new', 'old']);
    assert.ok(lstatSync(join(folder, 'out/a/file')).isFile());
    assert.equal(readFileSync(join(folder, 'elsewhere'), 'utf8'), 'untouched');
    assert.deepEqual(readdirSync(join(folder, 'out')), ['a']);
  });

  test('nothing is written through a link in a folder’s place, nor in the place of the whole', async (t) => {
    const folder = tempDir(t);
    mkdirSync(join(folder, 'out'));
    mkdirSync(join(folder, 'elsewhere'));
    symlinkSync('../elsewhere', join(folder, 'out/a'));
    symlinkSync('elsewhere', join(folder, 'link'));
    await refused(unpack(members, { target: join(folder, 'out') }), 'CONFLICT', /out\/a: expected a folder/);
    await refused(unpack(members, { target: join(folder, 'link') }), 'CONFLICT', /link: expected a folder/);
    assert.deepEqual(readdirSync(join(folder, 'elsewhere')), []);
    assert.deepEqual(readdirSync(join(folder, 'out')), ['a']);
  });

  test('with --keep-old-files nothing is moved when one file is there', async (t) => {
    const folder = tempDir(t);
    mkdirSync(join(folder, 'out/a'), { recursive: true });
    writeFileSync(join(folder, 'out/a/file'), 'old');
    await refused(
      unpack(members, { target: join(folder, 'out'), keepOldFiles: true }),
      'CONFLICT',
      /a\/file: already exists/,
    );
    assert.deepEqual(readdirSync(join(folder, 'out/a')), ['file']);
    assert.equal(readFileSync(join(folder, 'out/a/file'), 'utf8'), 'old');
  });
});

test('without a prefix the entries are the folder’s', async (t) => {
  const folder = tempDir(t);
  await unpack([{ path: 'a', content: Buffer.from('a') }], { target: `${folder}/`, prefix: '' });
  assert.deepEqual(readdirSync(folder), ['a']);
});

test('what fails on the way, or is cut, leaves nothing', async (t) => {
  const folder = tempDir(t);
  const tar = tarOf([{ path: 'dir/a', content: Buffer.alloc(5000, 1) }]);
  const options = { target: join(folder, 'out'), prefix: 'dir', where: 'test', keepOldFiles: false };
  await refused(
    unpackFolder(pieces(tar.subarray(0, 3000)), options),
    'BAD_ARCHIVE',
    /cannot read the tar: Unexpected end of data/,
  );
  async function* failing(): AsyncGenerator<Buffer> {
    yield tar.subarray(0, 2000);
    throw new Error('the line is dead');
  }
  await assert.rejects(unpackFolder(failing(), options), /the line is dead/);
  async function* wrongAtTheEnd(): AsyncGenerator<Buffer> {
    yield tar;
    throw new Error('another digest');
  }
  await assert.rejects(unpackFolder(wrongAtTheEnd(), options), /another digest/);
  assert.deepEqual(readdirSync(folder), []);
});
