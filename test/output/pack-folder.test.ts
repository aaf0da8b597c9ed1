import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TarEntry } from '../../src/archive/tar-entry.ts';
import { TarScanner } from '../../src/archive/tar-reader.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { packFolder } from '../../src/output/pack-folder.ts';
import { unpackFolder } from '../../src/output/unpack-folder.ts';
import { tempDir } from '../fixtures/temp.ts';

function entriesOf(tar: Buffer): readonly TarEntry[] {
  const entries: TarEntry[] = [];
  const scanner = new TarScanner({ entry: (entry) => entries.push(entry) });
  scanner.write(tar);
  scanner.finish();
  return entries;
}

const pack = async (folder: string, prefix = 'dir', newest?: number): Promise<Buffer> =>
  buffer(packFolder(folder, { prefix, newest }));

test('the order of names, root as owner, whole seconds, no newer than SOURCE_DATE_EPOCH', async (t) => {
  const folder = tempDir(t);
  for (const name of ['b', 'a-', 'a']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'a/file'), 'x', { mode: 0o640 });
  writeFileSync(join(folder, 'B'), 'y');
  symlinkSync('anywhere', join(folder, 'b/link'));
  for (const name of ['a/file', 'B', 'a', 'a-', 'b', '']) utimesSync(join(folder, name), 2000.75, 2000.75);
  utimesSync(join(folder, 'B'), 500, 500);
  const entries = entriesOf(await pack(folder, 'sub/dir', 1000));
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['sub/dir', 'sub/dir/B', 'sub/dir/a', 'sub/dir/a/file', 'sub/dir/a-', 'sub/dir/b', 'sub/dir/b/link'],
  );
  assert.ok(entries.every(({ uid, gid, uname, gname }) => uid === 0 && gid === 0 && uname + gname === ''));
  assert.deepEqual(
    entries.filter(({ type }) => type !== 'symlink').map(({ mtime }) => mtime),
    [1000, 500, 1000, 1000, 1000, 1000],
  );
  assert.equal(entries.find(({ path }) => path.endsWith('file'))?.mode, 0o640);
  assert.equal(entriesOf(await pack(folder))[0]?.mtime, 2000);
  assert.deepEqual(await pack(folder), await pack(`${folder}/`));
});

test('links that whoever unpacks would refuse are refused', async (t) => {
  for (const target of ['/etc/passwd', '../x', 'sub/../../x', 'missing/../x', 'other']) {
    const folder = tempDir(t);
    mkdirSync(join(folder, 'sub'));
    symlinkSync('..', join(folder, 'other'));
    symlinkSync(target, join(folder, 'a'));
    await assert.rejects(
      () => pack(folder, 'x'),
      (error) =>
        isAppError(error, 'UNSUPPORTED') && /\/(?:a|other): symlink out of the folder/.test(error.message),
      target,
    );
  }
  const folder = tempDir(t);
  mkdirSync(join(folder, 'sub'));
  symlinkSync('sub/../file', join(folder, 'a'));
  symlinkSync('../file', join(folder, 'sub/b'));
  assert.equal(entriesOf(await pack(folder, 'x')).length, 4);
});

test('another place, owner and order of making give the same bytes', async (t) => {
  const [one, two] = [tempDir(t), tempDir(t)];
  const names = ['z', 'ä', 'm/n', 'm/o'];
  for (const [folder, order] of [
    [one, names],
    [two, names.toReversed()],
  ] as const) {
    mkdirSync(join(folder, 'm'));
    for (const name of order) writeFileSync(join(folder, name), name, { mode: 0o644 });
    for (const name of [...names, 'm', '']) utimesSync(join(folder, name), 1, 1);
    chmodSync(folder, 0o700);
  }
  assert.deepEqual(await pack(one), await pack(two));
});

test('a name or a link in other than UTF-8 is refused; long and foreign names are what tar reads', async (t) => {
  const folder = tempDir(t);
  for (const name of ['n'.repeat(200), `${'d'.repeat(120)}/ü`, 'ß']) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), 'x');
  }
  const read = ['-tf', '-', '--quoting-style=literal'];
  const listing = execFileSync('tar', read, { input: await pack(folder), encoding: 'utf8' });
  assert.deepEqual(listing.trim().split('\n'), [
    'dir/',
    `dir/${'d'.repeat(120)}/`,
    `dir/${'d'.repeat(120)}/ü`,
    `dir/${'n'.repeat(200)}`,
    'dir/ß',
  ]);
  const latin1 = Buffer.from('caf\xe9', 'latin1');
  const refuses = (error: unknown) =>
    isAppError(error, 'UNSUPPORTED') && /expected a name in UTF-8/.test(error.message);
  symlinkSync(latin1, join(folder, 'link'));
  await assert.rejects(pack(folder), refuses);
  rmSync(join(folder, 'link'));
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), latin1]), '');
  await assert.rejects(pack(folder), refuses);
});

test('modes without a bit, and times beyond 31 bits', async (t) => {
  const [from, to] = [tempDir(t), join(tempDir(t), 'to')];
  writeFileSync(join(from, 'none'), '');
  chmodSync(join(from, 'none'), 0);
  utimesSync(join(from, 'none'), 2 ** 33 - 1, 2 ** 33 - 1);
  const tar = await pack(from);
  const entry = entriesOf(tar)[1];
  assert.equal(entry?.mode, 0);
  assert.equal(entry?.mtime, 2 ** 33 - 1);
  await unpackFolder(Readable.from([tar]), { target: to, prefix: 'dir', where: 'test', keepOldFiles: false });
  assert.equal(lstatSync(join(to, 'none')).mtimeMs / 1000, 2 ** 33 - 1);
});

test('whoever stops reading early ends the packing', async (t) => {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'large'), Buffer.alloc(3_000_000));
  let seen = 0;
  for await (const chunk of packFolder(folder, { prefix: 'dir', newest: undefined })) {
    seen += chunk.length;
    if (seen > 100_000) break;
  }
  assert.ok(seen < 1_000_000, `${seen}`);
});

test('a socket, a pipe or a folder that is gone is said', async (t) => {
  const folder = tempDir(t);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const says = (code: 'UNSUPPORTED' | 'STORAGE', pattern: RegExp) => (error: unknown) =>
    isAppError(error, code) && pattern.test(error.message);
  await assert.rejects(() => pack(folder), says('UNSUPPORTED', /pipe: expected a file, folder or symlink/));
  await assert.rejects(
    () => pack(join(folder, 'nothing')),
    says('STORAGE', /nothing: no such file or folder/),
  );
});

const name = fc
  .stringMatching(/^[ -~äß€]{1,12}$/)
  .filter((text) => !text.includes('/') && text !== '.' && text !== '..');
const leaf = fc.oneof(
  fc.record({ content: fc.uint8Array({ maxLength: 2000 }), mode: fc.constantFrom(0o644, 0o755, 0o600) }),
  fc.record({ link: name }),
);
type Leaf = { content: Uint8Array; mode: number } | { link: string };
type Tree = Map<string, Leaf | Tree>;
const { tree } = fc.letrec<{ tree: Tree; node: Leaf | Tree }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('tree')),
  tree: fc
    .array(fc.tuple(name, tie('node')), { maxLength: 4 })
    .map((pairs) => new Map(pairs.map(([key, value]) => [key, value] as const))),
}));

function lay(folder: string, wanted: Tree): void {
  for (const [key, node] of wanted) {
    const path = join(folder, key);
    if (node instanceof Map) {
      mkdirSync(path);
      lay(path, node);
    } else if ('link' in node) symlinkSync(node.link, path);
    else writeFileSync(path, node.content, { mode: node.mode });
  }
}

function read(folder: string): unknown {
  return readdirSync(folder)
    .sort()
    .map((key) => {
      const path = join(folder, key);
      const stats = lstatSync(path);
      const time = Math.floor(stats.mtimeMs / 1000);
      if (stats.isDirectory()) return [key, stats.mode, time, read(path)];
      if (stats.isSymbolicLink()) return [key, readlinkSync(path)];
      return [key, stats.mode, time, readFileSync(path, 'latin1')];
    });
}

test('unpacked again it is the same tree, and packs to the same bytes', async (t) => {
  const base = tempDir(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(tree, fc.integer({ min: 1, max: 3000 }), async (wanted, pieceBytes) => {
      run += 1;
      const [from, to] = [join(base, `${run}-from`), join(base, `${run}-to`)];
      mkdirSync(from);
      lay(from, wanted);
      const tar = await pack(from, 'x/y');
      async function* pieces(): AsyncGenerator<Buffer> {
        for (let at = 0; at < tar.length; at += pieceBytes) yield tar.subarray(at, at + pieceBytes);
      }
      await unpackFolder(pieces(), { target: to, prefix: 'x/y', where: 'test', keepOldFiles: false });
      assert.deepEqual(read(to), read(from));
      assert.deepEqual(
        entriesOf(await pack(to, 'x/y')).filter(({ type }) => type !== 'symlink'),
        entriesOf(tar).filter(({ type }) => type !== 'symlink'),
      );
    }),
    { numRuns: 60 },
  );
});
