import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Change, difference } from '../../src/compose/difference.ts';
import { stackTree } from '../../src/compose/stack-tree.ts';
import { directoryInode, type Inode, parentOf, Tree } from '../../src/compose/tree.ts';
import { facts } from './entries.ts';

function tree(...lines: string[]): Tree {
  const one = facts('p', lines);
  return stackTree([{ parts: [{ digest: one.digest, files: one.files }] }]);
}

/** What an overlay shows when the changes are one more layer; written without the code under test. */
function overlay(below: Tree, changes: readonly Change[]): Tree {
  const result: Tree = new Tree(below);
  for (const change of changes) {
    if (change.kind === 'whiteout') {
      const path = change.path.replace(/(^|\/)\.wh\.([^/]*)$/, '$1$2');
      result.delete(path);
      result.removeBelow(path);
      continue;
    }
    const parent = parentOf(change.path);
    assert.ok(parent === '' || result.get(parent)?.type === 'directory', `${change.path} has no parent`);
    const inode = change.kind === 'put' ? change.inode : (result.get(change.target) as Inode);
    if (inode.type !== 'directory') result.removeBelow(change.path);
    result.set(change.path, inode);
  }
  return result;
}

function plain(of: Tree): Record<string, unknown> {
  const ids = new Map<Inode, string>();
  const rows = [...of.keys()].sort().map((path) => {
    const inode = of.get(path) as Inode;
    if (!ids.has(inode)) ids.set(inode, path);
    const { content: _, uncertain: __, ...rest } = inode;
    return [
      path,
      {
        ...rest,
        mtime: inode.type === 'directory' ? 0 : inode.mtime,
        sameAs: inode.type === 'directory' ? path : ids.get(inode),
      },
    ];
  });
  return Object.fromEntries(rows);
}

const show = (changes: readonly Change[]) => changes.map((change) => `${change.kind} ${change.path}`);

describe('difference', () => {
  test('equal trees need no layer', () => {
    const a = tree('d lib', 'f lib/x 1', 'l so lib/x');
    assert.deepEqual(difference(a, tree('d lib', 'f lib/x 1', 'l so lib/x')), []);
  });

  test('a changed file brings its parents, so that their modes stay', () => {
    const changes = difference(tree('d tmp 1777', 'f tmp/x 1'), tree('d tmp 1777', 'f tmp/x 2'));
    assert.deepEqual(show(changes), ['put tmp', 'put tmp/x']);
    assert.equal(changes[0]?.kind === 'put' && changes[0].inode.mode, 0o1777);
  });

  test('a whiteout brings its parents too', () => {
    const changes = difference(tree('d a 700', 'f a/x 1', 'f .PKGINFO n'), tree('d a 700'));
    assert.deepEqual(show(changes), ['put a', 'whiteout .wh..PKGINFO', 'whiteout a/.wh.x']);
  });

  test('a directory that goes is one whiteout', () => {
    assert.deepEqual(show(difference(tree('d a', 'd a/b', 'f a/b/c 1'), new Tree())), ['whiteout .wh.a']);
  });

  test('a directory that hides a symlink gives way to it', () => {
    const from = stackTree(
      [
        ['l lib usr/lib', 'd usr', 'd usr/lib'],
        ['d lib', 'f lib/x 1'],
      ].map((lines, at) => {
        const one = facts(String(at), lines);
        return { parts: [{ digest: one.digest, files: one.files }] };
      }),
    );
    const to = tree('l lib usr/lib', 'd usr', 'd usr/lib', 'f usr/lib/x 1');
    const changes = difference(from, to);
    assert.deepEqual(show(changes), ['put lib', 'put usr', 'put usr/lib', 'put usr/lib/x']);
    assert.deepEqual(plain(overlay(from, changes)), plain(to));
  });

  test('a hard-link group with one new member is put whole', () => {
    const changes = difference(tree('f a 1', 'h b a'), tree('f a 1', 'h b a', 'h c a'));
    assert.deepEqual(show(changes), ['put a', 'link b', 'link c']);
  });

  test('a directory that files imply without an entry is always put', () => {
    const from = tree('f root/x 1');
    assert.equal(from.get('root')?.uncertain, true);
    const to: Tree = new Tree(from).set('root', directoryInode({ mode: 0o755, uid: 0, gid: 0, mtime: 0 }));
    assert.deepEqual(show(difference(from, to)), ['put root']);
  });

  test('every field of an inode is seen, of every type', () => {
    const other: { readonly [Key in keyof Required<Inode>]: Inode[Key] | undefined } = {
      type: 'fifo',
      mode: 0o4711,
      uid: 7,
      gid: 8,
      mtime: 9,
      sizeBytes: 99,
      linkTarget: 'elsewhere',
      sha256: 'f'.repeat(64),
      deviceMajor: 10,
      deviceMinor: 11,
      xattrs: { 'security.capability': 'AQ==' },
      // Where the bytes are is no property of the file, its sha256 is.
      content: undefined,
      uncertain: true,
    };
    const { content: _, ...fields } = other;
    for (const line of ['f x 1', 'd x', 'l x y']) {
      const from = tree(line);
      const inode = from.get('x') as Inode;
      for (const [field, value] of Object.entries(fields)) {
        const to: Tree = new Tree([['x', { ...inode, [field]: value }]]);
        const isSeen = !(field === 'mtime' && inode.type === 'directory');
        assert.deepEqual(show(difference(from, to)), isSeen ? ['put x'] : [], `${line}: ${field}`);
        assert.deepEqual(show(difference(to, from)), isSeen ? ['put x'] : [], `${line}: ${field} back`);
      }
      const xattrs = (value: Record<string, string>): Tree => new Tree([['x', { ...inode, xattrs: value }]]);
      assert.deepEqual(show(difference(xattrs({ a: '1' }), xattrs({ a: '2' }))), ['put x']);
      assert.deepEqual(show(difference(xattrs({ a: '1' }), xattrs({ b: '1' }))), ['put x']);
      assert.deepEqual(show(difference(xattrs({ a: '1' }), xattrs({ a: '1' }))), []);
    }
  });

  test('laid over the first tree it gives the second, whatever they are', () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const line = fc.oneof(
      fc.tuple(
        fc.constant('d'),
        fc.array(names, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('755', '700', '1777'),
      ),
      fc.tuple(fc.constant('f'), fc.array(names, { minLength: 1, maxLength: 3 }), fc.constantFrom('1', '22')),
      fc.tuple(
        fc.constant('l'),
        fc.array(names, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('a', 'b/c'),
      ),
    );
    const trees = fc.array(line, { maxLength: 12 }).map((lines) => {
      const built: Tree = new Tree();
      for (const [kind, parts, rest] of lines) {
        const path = parts.join('/');
        for (let at = 1; at < parts.length; at++) {
          const parent = parts.slice(0, at).join('/');
          if (built.get(parent)?.type !== 'directory')
            built.set(parent, directoryInode({ mode: 0o755, uid: 0, gid: 0, mtime: 0 }));
        }
        const inode = tree(`${kind} x ${rest}`).get('x') as Inode;
        if (inode.type !== 'directory') built.removeBelow(path);
        built.set(path, inode);
      }
      const files = [...built].filter(([, inode]) => inode.type === 'file');
      const [first] = files;
      if (first !== undefined && files.length > 2) built.set('z', first[1]);
      return built;
    });
    fc.assert(
      fc.property(trees, trees, (from, to) => {
        assert.deepEqual(plain(overlay(from, difference(from, to))), plain(to));
      }),
      { numRuns: 500 },
    );
  });
});
