import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { mtreePaths } from '../../../src/distros/arch/mtree.ts';

/** Rows of test/proof/pacman-foreign-cases.ts, where real pacman says the same; null: it lists the archive's entries. */
const ROWS: readonly (readonly [text: string, paths: readonly string[] | null])[] = [
  ['#mtree\n./etc/ mode=755 type=dir\n./etc/a type=file\n', ['etc/', 'etc/a']],
  ['#mtree\n/set type=file uid=0\n./etc type=dir\n./etc/a mode=644\n', ['etc/', 'etc/a']],
  ['#mtree\netc type=dir\n  a type=file\n..\nb type=file\n', ['etc/', 'etc/a', 'b']],
  ['#mtree\n. type=dir\n./.PKGINFO type=file\n.x/y type=file\n./etc/.b type=file\n', ['etc/.b']],
  ['#mtree\n./a\\040b\\sc type=file\n./d \\\n type=dir\n', ['a b c', 'd/']],
  ['#mtree\n./b type=file\n./a type=file\n./b type=dir\n', ['b/', 'a']],
  [
    '#mtree\n/set type=dir uid=0\n./a\n/unset type\n./b type=link\n/unset all\n./c type=file\n',
    ['a/', 'b', 'c'],
  ],
  ['#mtree\n./a type=file\n./b type=dir', ['a']],
  ['./a type=file\n./b type=dir mode=755\n', ['a', 'b/']],
  ['#mtree\n', []],
  ['', null],
  ['hello\n', null],
  ['#mtree\n/a type=file\n', null],
  ['#mtree\n./a size=1\n', null],
  ['#mtree\n./a type=socket\n', null],
  ['#mtree\n./a type=file colour=red\n', null],
  ['#mtree\n./a type=file verbatim\n', null],
  ['#mtree\n./a type=file mode=u=rw\n', null],
  ['#mtree\n./a type=file sha256digest=00\n', null],
  ['#mtree\n./a type=file\r\n', null],
];

test('.MTREE lists what pacman takes from it, in any of its forms', async () => {
  for (const [text, paths] of ROWS) {
    for (const bytes of [Buffer.from(text), gzipSync(text), zstdCompressSync(text)])
      assert.deepEqual((await mtreePaths(bytes)) ?? null, paths, JSON.stringify(text));
  }
});

test('what cannot be read lists nothing, and never throws', async () => {
  const gzip = gzipSync('#mtree\n./a type=file\n'.repeat(99));
  for (const bytes of [
    gzip.subarray(0, 30),
    gzipSync(Buffer.alloc(300 * 2 ** 20)),
    Buffer.from('BZh9damaged'),
  ])
    assert.equal(await mtreePaths(bytes), undefined);
});
