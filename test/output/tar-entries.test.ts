import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ErrorCode, isAppError } from '../../src/model/app-error.ts';
import { readEntries, type UnpackedEntry } from '../../src/output/tar-entries.ts';
import { END_OF_ARCHIVE, extendedHeader, headerBlock, padded, paxRecord, tarEntry } from '../fixtures/tar.ts';

interface ReadEntry extends UnpackedEntry {
  readonly content: string;
}

async function read(tar: Buffer, pieceBytes = 700): Promise<readonly ReadEntry[]> {
  const entries: ReadEntry[] = [];
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let start = 0; start < tar.length; start += pieceBytes)
      yield tar.subarray(start, start + pieceBytes);
  }
  let content = '';
  let ended = 0;
  await readEntries(
    pieces(),
    {
      entry: (entry) => entries.push({ ...entry, content: '' }),
      content: (chunk) => {
        content += Buffer.from(chunk).toString('latin1');
      },
      end: () => {
        entries.push({ ...(entries.pop() as ReadEntry), content });
        content = '';
        ended += 1;
      },
    },
    'test',
  );
  assert.equal(ended, entries.filter(({ type }) => type === 'file').length, 'every file ends once');
  return entries;
}

/** A header as a hostile or an old writer might make it. */
function header(flag: string, name: Buffer, more: Partial<Parameters<typeof headerBlock>[0]> = {}): Buffer {
  return headerBlock({
    name,
    flag,
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    mtime: 7,
    link: Buffer.alloc(0),
    uname: '',
    gname: '',
    device: undefined,
    ...more,
  });
}

/** The block with `text` at `offset`, its checksum right again. */
function patched(block: Buffer, offset: number, text: string): Buffer {
  const copy = Buffer.from(block);
  copy.write(text, offset, 'latin1');
  copy.write('        ', 148);
  const sum = copy.reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return copy;
}

test('every kind of entry, in pieces of any size; the root itself is passed over', async () => {
  const tar = Buffer.concat([
    tarEntry({ path: './' }),
    tarEntry({ path: './d/', mode: 0o750 }),
    tarEntry({ path: 'd/f', content: 'x'.repeat(1500), mode: 0o4755, mtime: 5 }),
    tarEntry({ path: 'd/late', content: '', pax: { mtime: '5000000000.5' } }),
    tarEntry({ path: 'd/h', type: 'hardlink', linkTarget: './d//f' }),
    tarEntry({ path: 'd/l', linkTarget: '../up' }),
    tarEntry({ path: 'd/p', type: 'fifo' }),
    tarEntry({ path: `d/${'n'.repeat(150)}`, content: 'long' }),
    extendedHeader('L', `d/${'g'.repeat(150)}\0`),
    header('0', Buffer.from('short')),
    END_OF_ARCHIVE,
  ]);
  for (const pieceBytes of [1, 511, 700, 1e6]) {
    const entries = await read(tar, pieceBytes);
    assert.deepEqual(
      entries.map(({ path, type, mode, mtime, linkTarget, content }) =>
        [path.slice(0, 9), type, mode.toString(8), mtime, linkTarget, content.length].join(' ').trim(),
      ),
      [
        'd directory 750 1700000000  0',
        'd/f file 4755 5  1500',
        'd/late file 644 5000000000.5  0',
        'd/h hardlink 644 1700000000 d/f 0',
        'd/l symlink 777 1700000000 ../up 0',
        'd/p fifo 644 1700000000  0',
        'd/nnnnnnn file 644 1700000000  4',
        'd/ggggggg file 644 7  0',
      ],
    );
  }
});

test('names in headers need not be UTF-8', async () => {
  const latin1 = Buffer.from('caf\xe9', 'latin1');
  const tar = Buffer.concat([header('0', latin1), header('2', Buffer.from('l'), { link: latin1 })]);
  const entries = await read(tar);
  assert.deepEqual(
    entries.map(({ path, linkTarget }) => [path, linkTarget]),
    [
      ['caf\udce9', ''],
      ['l', 'caf\udce9'],
    ],
  );
});

describe('refused', () => {
  const name = Buffer.from('f');
  const cases: readonly (readonly [string, Buffer, ErrorCode, RegExp])[] = [
    ['a sparse file', header('S', name), 'UNSUPPORTED', /such as a sparse file/],
    ['a piece of several volumes', header('M', name), 'UNSUPPORTED', /cannot be read/],
    [
      'a sparse file of pax',
      tarEntry({ path: 'f', pax: { 'GNU.sparse.major': '1' } }),
      'UNSUPPORTED',
      /such as a sparse file/,
    ],
    [
      'a pax name that is not UTF-8',
      Buffer.concat([
        header('x', name, { sizeBytes: paxRecord('path', Buffer.of(0xe9)).length }),
        padded(paxRecord('path', Buffer.of(0xe9))),
        header('0', name),
      ]),
      'UNSUPPORTED',
      /is not UTF-8/,
    ],
    [
      'a link with content',
      Buffer.concat([header('2', name, { sizeBytes: 512, link: name }), Buffer.alloc(512, 1)]),
      'BAD_ARCHIVE',
      /is a symlink with 512 bytes of content/,
    ],
    ['a link to nowhere', header('2', name), 'BAD_ARCHIVE', /symlink target "" is not a file name/],
    [
      'a link with NUL',
      tarEntry({ path: 'f', linkTarget: 'a', pax: { linkpath: 'a\0b' } }),
      'BAD_ARCHIVE',
      /is not a file name/,
    ],
    [
      'a link that is too long',
      tarEntry({ path: 'f', linkTarget: 'a/'.repeat(2500) }),
      'BAD_ARCHIVE',
      /is not a file name/,
    ],
    [
      'a hard link above',
      tarEntry({ path: 'f', type: 'hardlink', linkTarget: '../f' }),
      'BAD_ARCHIVE',
      /\.\./,
    ],
    ['an absolute path', tarEntry({ path: '/f' }), 'BAD_ARCHIVE', /is absolute/],
    ['a path above in pax', tarEntry({ path: 'f', pax: { path: 'a/../../f' } }), 'BAD_ARCHIVE', /\.\./],
    ['a file as the root', tarEntry({ path: '.', content: 'x' }), 'BAD_ARCHIVE', /archive's root as a file/],
    ['a time that is none', tarEntry({ path: 'f', pax: { mtime: 'soon' } }), 'BAD_ARCHIVE', /not a number/],
    ['a damaged header', Buffer.alloc(512, 0x41), 'BAD_ARCHIVE', /cannot read the tar: Invalid tar header/],
    [
      'a size that is not a number',
      patched(header('0', name), 124, 'zzzzzzzzzzz'),
      'BAD_ARCHIVE',
      /cannot read the tar: Invalid header/,
    ],
    [
      'a huge extended header',
      header('x', name, { sizeBytes: 5 * 2 ** 20 }),
      'BAD_ARCHIVE',
      /Header exceeds max size/,
    ],
    [
      'a cut header',
      tarEntry({ path: 'f', content: 'x' }).subarray(0, 300),
      'BAD_ARCHIVE',
      /Unexpected end of data/,
    ],
    [
      'a cut file',
      tarEntry({ path: 'f', content: 'x'.repeat(600) }).subarray(0, 900),
      'BAD_ARCHIVE',
      /Unexpected end of data/,
    ],
    [
      'what follows the end of the archive and is no tar',
      Buffer.concat([tarEntry({ path: 'f' }), END_OF_ARCHIVE, Buffer.alloc(512, 1)]),
      'BAD_ARCHIVE',
      /cannot read the tar/,
    ],
  ];
  for (const [what, tar, code, message] of cases) {
    test(what, async () => {
      await assert.rejects(read(tar), (error) => {
        assert.ok(isAppError(error, code), String(error));
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

test('an error of the bytes or of the visitor is thrown as it is, and ends the reading', async () => {
  const tar = tarEntry({ path: 'f', content: 'x'.repeat(3000) });
  const visitor = { entry: () => {}, content: () => {}, end: () => {} };
  const wrong = new Error('the line is dead');
  let closed = false;
  async function* failing(): AsyncGenerator<Buffer> {
    yield tar.subarray(0, 1000);
    throw wrong;
  }
  async function* endless(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield tar;
    } finally {
      closed = true;
    }
  }
  await assert.rejects(readEntries(failing(), visitor, 'test'), wrong);
  const full = () => {
    throw wrong;
  };
  await assert.rejects(readEntries(endless(), { ...visitor, content: full }, 'test'), wrong);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(closed);
});
