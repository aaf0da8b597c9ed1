import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TarScanner } from '../../src/archive/tar-reader.ts';
import { difference } from '../../src/compose/difference.ts';
import { layerTar } from '../../src/compose/layer-tar.ts';
import { isFile, TreeRoot } from '../../src/compose/root.ts';
import { stackTree } from '../../src/compose/stack-tree.ts';
import { Tree } from '../../src/compose/tree.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { entry, facts } from './entries.ts';

function tree(...lines: Parameters<typeof facts>[1]): Tree {
  const one = facts('p', lines);
  return stackTree([{ parts: [{ digest: one.digest, files: one.files }] }]);
}

const text = (content: string) => Buffer.from(content);

test('paths are resolved through symlinks, and missing parents made', () => {
  const root = new TreeRoot(
    tree('l lib usr/lib', 'd usr', 'd usr/lib', 'f usr/file x', 'l abs /usr/lib/'),
    5,
  );
  root.put('lib/new/one', { type: 'file', mode: 0o600, content: text('one') });
  assert.deepEqual([...root.tree.keys()].sort(), [
    'abs',
    'lib',
    'usr',
    'usr/file',
    'usr/lib',
    'usr/lib/new',
    'usr/lib/new/one',
  ]);
  const made = root.tree.get('usr/lib/new');
  assert.deepEqual(
    [made?.type, made?.mode, made?.uid, made?.gid, made?.mtime],
    ['directory', 0o755, 0, 0, 5],
  );
  for (const path of ['lib/new/one', 'abs/new/one', 'usr/../lib/./new/one'])
    assert.equal(Buffer.from(root.read(path) ?? []).toString(), 'one', path);
  assert.deepEqual([...root.list('lib')], ['new']);
  assert.deepEqual(
    [root.isDirectory('lib'), root.isDirectory('abs'), root.isDirectory('usr/file')],
    [true, true, false],
  );
  assert.deepEqual([root.isDirectory('missing'), root.isDirectory('')], [false, true]);
  assert.throws(
    () => root.put('usr/file/below', { type: 'file', mode: 0o644, content: text('') }),
    (error) => isAppError(error, 'CONFLICT') && /usr\/file is a file/.test(error.message),
  );
});

test('a file is read through links of every form; what is not a file is not', () => {
  const root = new TreeRoot(new Tree(), 1);
  root.put('d/e/file', { type: 'file', mode: 0o644, content: text('here') });
  for (const [name, target] of [
    ['one', 'e/file'],
    ['two', '/d/e/file'],
    ['three', 'one'],
    ['four', '../d/one'],
    ['five', 'e/../e/file'],
    ['up', 'e/..'],
    ['dir', 'e/.'],
    ['slash', 'e/'],
    ['loop', 'loop'],
    ['gone', 'nowhere/file'],
  ] as const) {
    root.put(`d/${name}`, { type: 'symlink', linkTarget: target });
  }
  for (const name of ['one', 'two', 'three', 'four', 'five'])
    assert.equal(String(root.read(`d/${name}`)), 'here', name);
  for (const name of ['up', 'dir', 'slash', 'loop', 'gone', 'e', 'missing'])
    assert.equal(root.read(`d/${name}`), undefined, name);
  assert.deepEqual([...root.list('d/slash')], ['file']);
  assert.equal(root.list('d/up').length, 11);
  assert.equal(root.stat('d/one')?.type, 'symlink');
  assert.throws(
    () => root.put('d/loop/x', { type: 'file', mode: 0o644, content: text('') }),
    (error) => isAppError(error, 'BAD_ARCHIVE'),
  );
});

test('what a folder held goes with it; names of one file change together', () => {
  const root = new TreeRoot(tree('d a', 'd a/b', 'f a/b/c 1', 'f ab 2'), 1);
  root.link('ab', 'a/link');
  root.change('a/link', { mode: 0o600, uid: 3 });
  assert.deepEqual([root.tree.get('ab')?.mode, root.tree.get('ab')?.uid], [0o600, 3]);
  assert.throws(() => root.link('a', 'x'), /no such file to link to/);
  root.remove('a/b');
  assert.deepEqual([...root.tree.keys()].sort(), ['a', 'a/link', 'ab']);
  root.put('a', { type: 'symlink', linkTarget: 'ab' });
  assert.deepEqual([...root.tree.keys()].sort(), ['a', 'ab']);
  root.remove('missing/x');
});

test('isFile: through links in the middle and at the end, never through a file', () => {
  const of = tree(
    'l bin usr/bin',
    'd usr',
    'd usr/bin',
    'f usr/bin/sh x',
    'l usr/bin/ash sh',
    'l usr/up ../usr/bin/sh',
  );
  for (const path of ['/bin/sh', 'bin/ash', '/usr/up', 'usr/./bin/../bin/sh'])
    assert.equal(isFile(of, path), true, path);
  for (const path of ['/bin', '/bin/sh/x', '/usr/bin/none', '/', ''])
    assert.equal(isFile(of, path), false, path);
});

test('a hard link whose header is not its target’s is uncertain, for both of its names', () => {
  const linked = (more: Parameters<typeof entry>[1]) => tree('f a 1', entry('h b a', more));
  assert.equal(linked({}).get('a')?.uncertain, false);
  for (const more of [{ mode: 0o600 }, { uid: 5 }, { gid: 5 }]) {
    const of = linked(more);
    assert.deepEqual([of.get('a')?.uncertain, of.get('b')?.uncertain], [true, true], JSON.stringify(more));
    assert.equal(of.get('a'), of.get('b'));
  }
  assert.equal(tree('f a 1', entry('f b 1', { mode: 0o600 })).get('b')?.uncertain, false);
});

test('the tar of a layer: parents, files in the order of their archive, links with their target, whiteouts', async () => {
  const target = tree(
    entry('d d 700'),
    entry('f d/late 22', { offset: 5000 }),
    entry('f d/early 333', { offset: 100, mode: 0o4755, uid: 1, gid: 2, mtime: 77 }),
    entry('h z d/early', { mode: 0o4755, uid: 1, gid: 2, mtime: 77 }),
    'l s d/late',
  );
  new TreeRoot(target, 9).put('made', { type: 'file', mode: 0o600, content: text('made') });
  const asked: number[] = [];
  async function* read(_digest: string, ranges: readonly { offset: number; sizeBytes: number }[]) {
    for (const { offset, sizeBytes } of ranges) {
      asked.push(offset);
      yield Buffer.alloc(sizeBytes, 'x');
    }
  }
  const entries: string[] = [];
  const scanner = new TarScanner({
    entry: ({ path, type, mode, uid, gid, mtime, sizeBytes, linkTarget }) =>
      void entries.push(
        [path, type, mode.toString(8), uid, gid, mtime, sizeBytes, linkTarget].join(' ').trim(),
      ),
  });
  const changes = difference(tree('f gone 1'), target);
  for await (const chunk of layerTar(changes, { time: 42, read, readFile: () => assert.fail() }))
    scanner.write(Buffer.from(chunk));
  scanner.finish();
  assert.deepEqual(entries, [
    'd directory 700 0 0 1000 0',
    'made file 600 0 0 9 4',
    's symlink 777 0 0 1000 0 d/late',
    'd/early file 4755 1 2 77 3',
    'd/late file 644 0 0 1000 2',
    'z hardlink 4755 1 2 77 0 d/early',
    '.wh.gone file 644 0 0 42 0',
  ]);
  assert.deepEqual(asked, [100, 5000]);
});
