import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { relocateEntries, relocateTree } from '../../src/compose/relocate.ts';
import { stackTree } from '../../src/compose/stack-tree.ts';
import type { FileEntry } from '../../src/model/file-entry.ts';
import { entry, facts } from './entries.ts';

const LINES = [
  'd usr',
  'd usr/lib',
  'f usr/lib/a.so.1 x',
  'l usr/lib/a.so a.so.1',
  'l usr/lib/b.so /usr/lib/a.so.1',
  'l usr/lib/up ../..',
  'l usr/lib/dots /usr//lib/../lib/a.so.1',
  'h usr/lib/hard usr/lib/a.so.1',
  'l mounts /proc/mounts',
  'l other /usr/share/other/file',
];

function targets(entries: readonly FileEntry[]): Record<string, string> {
  return Object.fromEntries(
    entries.filter(({ linkTarget }) => linkTarget !== '').map(({ path, linkTarget }) => [path, linkTarget]),
  );
}

test('absolute links inside the package follow it, relative ones and links out of it stay', () => {
  const moved = relocateEntries(
    LINES.map((line) => entry(line)),
    'opt/tools',
  );
  assert.ok(moved.every(({ path }) => path.startsWith('opt/tools/')));
  assert.deepEqual(targets(moved), {
    'opt/tools/usr/lib/a.so': 'a.so.1',
    'opt/tools/usr/lib/b.so': '/opt/tools/usr/lib/a.so.1',
    'opt/tools/usr/lib/up': '../..',
    'opt/tools/usr/lib/dots': '/opt/tools/usr//lib/../lib/a.so.1',
    'opt/tools/usr/lib/hard': 'opt/tools/usr/lib/a.so.1',
    'opt/tools/mounts': '/proc/mounts',
    'opt/tools/other': '/usr/share/other/file',
  });
});

function treeOf(...packages: readonly (readonly string[])[]) {
  return stackTree(
    packages.map((lines, at) => {
      const { digest, files } = facts(`p${at}`, lines);
      return { parts: [{ digest, files }] };
    }),
  );
}

test('of a tree, links to what another package ships follow as well, and hard links stay one file', () => {
  const tree = treeOf(LINES, [
    'd usr',
    'd usr/share',
    'd usr/share/other',
    'f usr/share/other/file y',
    'l lib usr/lib',
    'l through /lib/a.so.1',
  ]);
  const moved = relocateTree(tree, 'opt/tools', 7);
  assert.equal(moved.get('opt/tools/other')?.linkTarget, '/opt/tools/usr/share/other/file');
  assert.equal(moved.get('opt/tools/through')?.linkTarget, '/opt/tools/lib/a.so.1');
  assert.equal(moved.get('opt/tools/mounts')?.linkTarget, '/proc/mounts');
  assert.ok(moved.get('opt/tools/usr/lib/hard') !== undefined);
  assert.equal(moved.get('opt/tools/usr/lib/hard'), moved.get('opt/tools/usr/lib/a.so.1'));
  const { type, mode, uid, mtime } = moved.get('opt') ?? {};
  assert.deepEqual({ type, mode, uid, mtime }, { type: 'directory', mode: 0o755, uid: 0, mtime: 7 });
});

test('no prefix: nothing changes', () => {
  const tree = treeOf(LINES);
  assert.equal(relocateTree(tree, '', 0), tree);
  const entries = LINES.map((line) => entry(line));
  assert.equal(relocateEntries(entries, ''), entries);
});

test('below a folder that is the root again, every link leads where it led', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const link = fc.record({ path, target: path, absolute: fc.boolean() });
  fc.assert(
    fc.property(fc.array(path, { maxLength: 6 }), fc.array(link, { maxLength: 4 }), (folders, links) => {
      const lines = [
        ...folders.map((folder) => `d ${folder}`),
        ...links.map((one) => `l ${one.path}.l ${one.absolute ? '/' : ''}${one.target}`),
      ];
      const tree = treeOf(lines);
      const moved = relocateTree(tree, 'p/q', 0);
      for (const [at, { type, linkTarget }] of tree) {
        if (type !== 'symlink') continue;
        const expected =
          linkTarget.startsWith('/') && tree.has(linkTarget.slice(1)) ? `/p/q${linkTarget}` : linkTarget;
        assert.equal(moved.get(`p/q/${at}`)?.linkTarget, expected);
      }
      assert.equal(moved.size, tree.size + 2);
    }),
  );
});
