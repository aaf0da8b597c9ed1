import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TAR_END } from '../../src/archive/tar-writer.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { type RawHeader, rawExtension, rawHeader, rawRecord, scan } from './helpers.ts';

const EMPTY = Buffer.alloc(512);

function tar(...blocks: Buffer[]): Buffer {
  return Buffer.concat([...blocks, TAR_END]);
}

function file(name: string, content: string): Buffer {
  const size = `${content.length.toString(8).padStart(11, '0')}\0`;
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  return Buffer.concat([rawHeader({ name, size }), body]);
}

function refuses(bytes: Buffer, code: 'BAD_ARCHIVE' | 'UNSUPPORTED' | 'LIMIT', pattern: RegExp): void {
  assert.throws(
    () => scan(bytes),
    (error) => isAppError(error, code) && pattern.test(error.message),
    String(pattern),
  );
}

test('one entry, whole: every field, content, offsets, however the bytes are cut', () => {
  const header = rawHeader({
    name: './usr/bin//tool',
    mode: '0104755\0',
    uid: '0001750\0',
    size: '00000001001\0',
    mtime: '14524636000\0',
  });
  const body = Buffer.alloc(1024);
  body.fill('x', 0, 0o1001);
  for (const pieceBytes of [1, 3, 511, 512, 513, 4096]) {
    const { entries, contents, ended, scanner } = scan(tar(header, body), { pieceBytes });
    assert.deepEqual(entries, [
      {
        path: 'usr/bin/tool',
        rawPath: './usr/bin//tool',
        isAmbiguous: false,
        type: 'file',
        mode: 0o4755,
        uid: 0o1750,
        gid: 0,
        uname: '',
        gname: '',
        sizeBytes: 0o1001,
        mtime: 0o14524636000,
        linkTarget: '',
        offset: 512,
        deviceMajor: 0,
        deviceMinor: 0,
        xattrs: {},
        pax: [],
      },
    ]);
    assert.equal(contents.get('usr/bin/tool')?.toString(), 'x'.repeat(0o1001));
    assert.deepEqual(ended, ['usr/bin/tool']);
    assert.equal(scanner.endOfArchiveAt, 1536);
    assert.deepEqual([scanner.strayZeroBlockAt, scanner.dataAfterEndAt], [-1, -1]);
  }
});

test('hostile paths are refused, for entries and hard links', () => {
  for (const path of ['/etc/passwd', '../x', 'a/../../x', 'a/..', '..']) {
    refuses(tar(rawHeader({ name: path })), 'BAD_ARCHIVE', /absolute|\.\. component/);
    refuses(tar(rawHeader({ name: 'h', flag: '1', linkTarget: path })), 'BAD_ARCHIVE', /hard link target/);
    refuses(
      tar(rawExtension('x', rawRecord('path', path)), rawHeader({})),
      'BAD_ARCHIVE',
      /absolute|\.\. comp/,
    );
    refuses(tar(rawExtension('L', `${path}\0`), rawHeader({})), 'BAD_ARCHIVE', /absolute|\.\. comp/);
  }
  refuses(tar(rawExtension('x', rawRecord('path', 'a\0b')), rawHeader({})), 'BAD_ARCHIVE', /NUL/);
  refuses(tar(rawHeader({ name: Buffer.of(0, 1) })), 'BAD_ARCHIVE', /is empty/);
  refuses(tar(rawHeader({ name: './' })), 'BAD_ARCHIVE', /slash/);
  refuses(tar(rawHeader({ name: '.' })), 'BAD_ARCHIVE', /is the root itself/);
  refuses(tar(rawHeader({ name: 'dir/', flag: '0' })), 'BAD_ARCHIVE', /ends in a slash/);
  refuses(
    tar(rawExtension('x', rawRecord('path', `${'a/'.repeat(2049)}b`)), rawHeader({})),
    'BAD_ARCHIVE',
    /4096/,
  );
  refuses(tar(rawExtension('L', 'a'.repeat(4098)), rawHeader({})), 'LIMIT', /at most 4097 bytes/);
  refuses(tar(rawHeader({ name: 's', flag: '2' })), 'BAD_ARCHIVE', /symlink target/);
  const names = ['..a', 'a..', '...', 'a/..b/c', '.hidden'];
  assert.deepEqual(
    scan(tar(...names.map((name) => rawHeader({ name })))).entries.map(({ path }) => path),
    names,
  );
});

test('symlink targets stay as written; hard link targets are normalised', () => {
  const { entries } = scan(
    tar(
      rawHeader({ name: 's', flag: '2', linkTarget: '../../etc/./x/' }),
      rawHeader({ name: 'h', flag: '1', linkTarget: './usr//bin/x', size: '00000000777\0' }),
      rawExtension('K', `${'long/'.repeat(40)}target\0`),
      rawHeader({ name: 'k', flag: '2' }),
      rawExtension('x', rawRecord('linkpath', '/abs/é')),
      rawHeader({ name: 'p', flag: '2' }),
    ),
  );
  assert.deepEqual(
    entries.map(({ linkTarget, sizeBytes }) => [linkTarget, sizeBytes]),
    [
      ['../../etc/./x/', 0],
      ['usr/bin/x', 0],
      [`${'long/'.repeat(40)}target`, 0],
      ['/abs/é', 0],
    ],
  );
});

test('types: devices, fifo, contiguous, a v7 directory; what cannot be read is UNSUPPORTED', () => {
  const parts: RawHeader[] = [
    { name: 'c', flag: '3' },
    { name: 'b', flag: '4' },
    { name: 'd/', flag: '5' },
    { name: 'f', flag: '6' },
    { name: 'k', flag: '7' },
    { name: 'v/', flag: '\0', magic: '' },
    { name: 'w', flag: '\0', magic: '' },
  ];
  const types = scan(tar(...parts.map(rawHeader))).entries.map(({ path, type }) => `${path} ${type}`);
  assert.deepEqual(types, [
    'c character',
    'b block',
    'd directory',
    'f fifo',
    'k file',
    'v directory',
    'w file',
  ]);
  refuses(tar(rawHeader({ flag: 'S' })), 'UNSUPPORTED', /sparse/);
  refuses(tar(rawExtension('x', rawRecord('GNU.sparse.major', '1')), rawHeader({})), 'UNSUPPORTED', /sparse/);
  for (const flag of ['M', 'V', 'D', 'N', 'X', 'A', 'z', '8']) {
    refuses(tar(rawHeader({ flag })), 'UNSUPPORTED', /cannot be read/);
  }
});

test('pax: local over global, last record wins, an empty value takes back; records are kept byte for byte', () => {
  const { entries } = scan(
    tar(
      rawExtension(
        'g',
        rawRecord('uname', 'global') + rawRecord('mtime', '5') + rawRecord('comment', 'a=b\nc'),
      ),
      rawExtension('x', rawRecord('uname', 'first') + rawRecord('uname', 'läst') + rawRecord('mtime', '')),
      rawHeader({ name: 'a', mtime: '00000000007\0' }),
      rawExtension(
        'x',
        rawRecord('mtime', '1513123456.25') +
          rawRecord('uid', '3000000') +
          rawRecord('size', '3') +
          rawRecord('SCHILY.xattr.security.capability', '\u0001\u0000x') +
          rawRecord('SCHILY.xattr.__proto__', 'p'),
      ),
      rawHeader({ name: 'b', size: '00000000777\0' }),
      Buffer.concat([Buffer.from('abc'), Buffer.alloc(509)]),
      rawExtension('g', rawRecord('uname', 'later')),
      rawHeader({ name: 'c' }),
    ),
  );
  const [a, b, c] = entries;
  assert.deepEqual([a?.uname, a?.mtime], ['läst', 7]);
  assert.deepEqual(
    a?.pax.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    [
      ['uname', 'global'],
      ['mtime', '5'],
      ['comment', 'a=b\nc'],
      ['uname', 'first'],
      ['uname', 'läst'],
      ['mtime', ''],
    ],
  );
  assert.deepEqual([b?.mtime, b?.uid, b?.sizeBytes, b?.uname], [1513123456.25, 3_000_000, 3, 'global']);
  assert.deepEqual(Object.entries(b?.xattrs ?? {}), [
    ['security.capability', Buffer.from('\u0001\u0000x').toString('base64')],
    ['__proto__', 'cA=='],
  ]);
  assert.deepEqual([c?.uname, c?.mtime], ['later', 5]);
});

test('pax records that lie about their length or value are refused', () => {
  const bodies = [
    '5 a=b\n',
    '7 a=b\n',
    '6 a=bX',
    '6 ab=\n9',
    'x a=b\n',
    '4 =\n',
    '6 =ab\n',
    '00006 a=b\n',
    '99999999999 a=b\n',
  ];
  for (const body of bodies)
    refuses(tar(rawExtension('x', body), rawHeader({})), 'BAD_ARCHIVE', /malformed pax/);
  for (const record of [
    ['size', '-1'],
    ['size', '1e3'],
    ['mtime', 'now'],
    ['uid', '99999999999999999'],
    ['gid', '0x1'],
  ]) {
    const [key = '', value = ''] = record;
    refuses(tar(rawExtension('x', rawRecord(key, value)), rawHeader({})), 'BAD_ARCHIVE', /is not a number/);
  }
  refuses(rawHeader({ flag: 'x', size: '00004000001\0' }), 'LIMIT', /at most 1048576 bytes/);
  const big = rawExtension(
    'g',
    Array.from({ length: 8 }, (_, i) => rawRecord(`k${i}`, 'v'.repeat(100_000))).join(''),
  );
  const more = rawExtension(
    'g',
    Array.from({ length: 8 }, (_, i) => rawRecord(`m${i}`, 'v'.repeat(100_000))).join(''),
  );
  refuses(tar(big, more), 'LIMIT', /global records/);
});

test('names that are not UTF-8 keep their bytes', () => {
  const [entry] = scan(tar(rawHeader({ name: Buffer.from([0x66, 0xff, 0x6f]) }))).entries;
  assert.equal(entry?.path, 'f\udcffo');
});

test('numbers: base-256, spaces, negative times; anything else is refused', () => {
  const size = Buffer.from('800000000000000200000000', 'hex');
  const mtime = Buffer.from('ffffffffffffffffffffffff', 'hex');
  const seen: number[] = [];
  const head = rawHeader({ size, mtime });
  assert.throws(() => {
    const { entries } = scan(head);
    seen.push(entries.length);
  }, /missing 8589934592 bytes/);
  const [entry] = scan(tar(rawHeader({ mtime, uid: '   17 \0 ', mode: ' 644 \0' }))).entries;
  assert.deepEqual([entry?.mtime, entry?.uid, entry?.mode], [-1, 0o17, 0o644]);
  refuses(tar(rawHeader({ size: '0000000008x\0' })), 'BAD_ARCHIVE', /size is not a number/);
  refuses(
    tar(rawHeader({ size: Buffer.from('ffffffffffffffffffffffff', 'hex') })),
    'BAD_ARCHIVE',
    /negative/,
  );
  refuses(
    tar(rawHeader({ size: Buffer.from('80ffffffffffffffffffffff', 'hex') })),
    'BAD_ARCHIVE',
    /not a number/,
  );
  refuses(
    tar(rawHeader({ checksum: '000000\0 ' })),
    'BAD_ARCHIVE',
    /header at byte 0: bad checksum: the field says 0, the bytes add up to \d+/,
  );
  refuses(tar(Buffer.concat([EMPTY.subarray(0, 511), Buffer.of(1)])), 'BAD_ARCHIVE', /checksum/);
});

test('checksums summed over signed bytes are taken', () => {
  const block = rawHeader({ name: Buffer.from([0xe9]) });
  const unsigned = Number.parseInt(block.toString('latin1', 148, 154), 8);
  const signed = rawHeader({
    name: Buffer.from([0xe9]),
    checksum: `${(unsigned - 256).toString(8).padStart(6, '0')}\0 `,
  });
  assert.equal(scan(tar(signed)).entries.length, 1);
});

test('prefix: ustar and star have one, GNU keeps other things there', () => {
  const star = rawHeader({ name: 'n', prefix: `${'p'.repeat(131)}00000000000 ` });
  star.write('tar\0', 508, 'latin1');
  const sum = star.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  star.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const paths = scan(
    tar(
      rawHeader({ name: 'n', prefix: 'a/b' }),
      rawHeader({ name: 'n', prefix: 'a/b', magic: 'ustar  \0' }),
      star,
    ),
  ).entries.map(({ path }) => path);
  assert.deepEqual(paths, ['a/b/n', 'n', `${'p'.repeat(131)}/n`]);
});

test('the end: early, missing, followed by data, a stray zero block', () => {
  const early = tar(file('a', 'x'), TAR_END, file('hidden', 'y'));
  const seen = scan(early);
  assert.deepEqual([...seen.contents.keys()], ['a']);
  assert.deepEqual([seen.scanner.endOfArchiveAt, seen.scanner.dataAfterEndAt], [1024, 2048]);
  const past = scan(early, { readPastEnd: true });
  assert.deepEqual([...past.contents.keys()], ['a', 'hidden']);
  assert.deepEqual([past.scanner.endOfArchiveAt, past.scanner.dataAfterEndAt], [1024, 2048]);

  const missing = scan(file('a', 'x')).scanner;
  assert.deepEqual([missing.endOfArchiveAt, missing.dataAfterEndAt], [-1, -1]);
  const one = scan(Buffer.concat([file('a', 'x'), EMPTY])).scanner;
  assert.deepEqual([one.endOfArchiveAt, one.strayZeroBlockAt], [-1, -1]);

  const stray = scan(tar(file('a', 'x'), EMPTY, file('b', 'y')));
  assert.deepEqual([...stray.contents.keys()], ['a', 'b']);
  assert.deepEqual([stray.scanner.strayZeroBlockAt, stray.scanner.endOfArchiveAt], [1024, 2560]);

  const trailing = scan(Buffer.concat([tar(file('a', 'x')), Buffer.from('junk')])).scanner;
  assert.equal(trailing.dataAfterEndAt, 2048);
  assert.equal(scan(Buffer.concat([tar(file('a', 'x')), Buffer.alloc(9000)])).scanner.dataAfterEndAt, -1);
});

test('every truncation is refused, but at the end of an entry', () => {
  const bytes = Buffer.concat([
    rawExtension('x', rawRecord('mtime', '1.5')),
    file('a', 'x'.repeat(600)),
    file('b', ''),
  ]);
  const complete = new Set([0, bytes.length - 512, bytes.length]);
  for (let length = 0; length <= bytes.length; length += 4) {
    if (complete.has(length)) scan(bytes.subarray(0, length));
    else refuses(bytes.subarray(0, length), 'BAD_ARCHIVE', /ends at byte \d+: missing/);
  }
  refuses(tar(rawExtension('x', rawRecord('mtime', '1.5'))), 'BAD_ARCHIVE', /got a zero block/);
});

test('limits and where: too many entries; the archive is named', () => {
  const many = tar(...Array.from({ length: 5 }, (_, index) => rawHeader({ name: `f${index}` })));
  assert.equal(scan(many, { maxEntries: 5 }).entries.length, 5);
  assert.throws(() => scan(many, { maxEntries: 4, where: 'x.apk' }), {
    code: 'LIMIT',
    message: /^x\.apk: tar header at byte 2048: expected at most 4 entries/,
  });
});

test('extended headers do not count as entries: a package of signed files has one for each', () => {
  const extended = Array.from({ length: 4 }, (_, index) => [
    rawExtension('x', rawRecord('mtime', '1')),
    rawHeader({ name: `f${index}` }),
  ]).flat();
  assert.equal(scan(tar(...extended), { maxEntries: 4 }).entries.length, 4);
  assert.throws(() => scan(tar(...extended), { maxEntries: 3 }), /expected at most 3 entries/);
  const endless = Array.from({ length: 9 }, () => rawExtension('g', rawRecord('comment', 'x')));
  assert.throws(() => scan(tar(...endless), { maxEntries: 2 }), /expected at most 8 extended headers/);
});

test('the root directory is told apart and not handed out', () => {
  const { entries, ended, scanner } = scan(
    tar(rawHeader({ name: './', flag: '5', mode: '0000700\0' }), rawHeader({ name: './a' })),
  );
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['a'],
  );
  assert.deepEqual(ended, ['a']);
  assert.deepEqual([scanner.rootDirectory?.mode, scanner.rootDirectory?.path], [0o700, '']);
});
