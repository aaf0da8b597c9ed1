import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { difference } from '../../src/compose/difference.ts';
import { stackTree } from '../../src/compose/stack-tree.ts';
import { targetTree } from '../../src/compose/target-tree.ts';
import { Tree } from '../../src/compose/tree.ts';
import type { Installer, TreeRules } from '../../src/distros/install.ts';
import { foldersOf } from '../../src/model/folders.ts';
import { installed } from './entries.ts';

const RULES: TreeRules = {
  isMetadata: ({ path }) => path.startsWith('.'),
  mergeDirectory: (current) => current,
  decideClash: () => 'later',
};
const INSTALLER: Installer = {
  begin() {},
  before() {},
  owner: ({ uid, gid }) => ({ uid, gid }),
  after() {},
  end: () => ({ pendingSteps: [], appliedSteps: [] }),
};

function treesOf(packages: readonly (readonly string[])[]) {
  const all = packages.map((lines, at) => installed(`p${at}`, lines));
  const stack = stackTree(all.map(({ facts }) => ({ parts: [facts] })));
  return { stack, target: targetTree({ packages: all, rules: RULES, installer: INSTALLER, time: 1 }).tree };
}

test('what one package alone holds is never laid out; what others touch is', () => {
  const { stack, target } = treesOf([
    ['d usr', 'd usr/a', 'f usr/a/x 1', 'd usr/a/b', 'f usr/a/b/y 1', 'd usr/c', 'f usr/c/x 1'],
    ['d usr', 'd usr/c', 'f usr/c/z 2'],
  ]);
  assert.deepEqual(difference(stack, target), []);
  for (const tree of [stack, target]) {
    assert.deepEqual([...tree.folds.keys()], ['usr/a']);
    assert.deepEqual([...tree.laid()].map(([path]) => path).sort(), [
      'usr',
      'usr/a',
      'usr/c',
      'usr/c/x',
      'usr/c/z',
    ]);
    assert.equal(tree.get('usr/a/b/y')?.sizeBytes, 1);
    assert.equal(tree.has('usr/a/b/none'), false);
    assert.equal([...tree].length, 8);
  }
});

test('entries that are not laid down as listed keep their folders open', () => {
  const plain = (...lines: string[]) => {
    const { files } = installed('p', lines).facts;
    const { plain, root } = foldersOf(files);
    return [...plain].flatMap((is, index) => (is === 1 ? [index === root ? '/' : files.path(index)] : []));
  };
  assert.deepEqual(plain('d a', 'f a/y 1', 'f a/x 1', 'l b a'), ['a', '/']);
  assert.deepEqual(plain('d a', 'd a/b', 'd a/c', 'f a/c/x 1', 'h a/c/y a/c/x'), ['a/b']);
  assert.deepEqual(plain('d a', 'f a/x 1', 'f a/y 1', 'f a/x 1', 'd b'), ['b']);
  assert.deepEqual(plain('d a', 'd a/b', 'd a/c', 'd a/b'), ['a/b', 'a/c', 'a/b']);
  assert.deepEqual(plain('f b/x 1', 'd a'), ['a']);
});

const NAMES = ['a', 'b', 'c'];
const path = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 })
  .map((names) => names.join('/'));
/** Packages whose directories come before what is in them, or not; names that one has as a directory are no files of another. */
const packages = fc
  .array(fc.array(fc.tuple(path, fc.constantFrom('1', '2', ' ')), { maxLength: 12 }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((lists) => {
    const folders = new Set(
      lists.flat().flatMap(([name]) => name.split('/').map((_, at, all) => all.slice(0, at).join('/'))),
    );
    return lists.map((list) => [
      ...new Map(list.flatMap(([name, text]) => linesOf(name, text, folders))).values(),
    ]);
  });

function linesOf(name: string, text: string, folders: ReadonlySet<string>): [string, string][] {
  const names = name.split('/');
  const above = names.slice(0, -1).map((_, at): [string, string] => {
    const folder = names.slice(0, at + 1).join('/');
    return [folder, `d ${folder}`];
  });
  if (folders.has(name)) return [...above, [name, `d ${name}`]];
  return text === ' ' ? above : [...above, [name, `f ${name} ${text}`]];
}

test('trees with folds are the trees without, and so is their difference', () => {
  fc.assert(
    fc.property(packages, fc.array(path, { maxLength: 4 }), (lists, looked) => {
      const folded = treesOf(lists);
      const open = treesOf(lists);
      const whole = { stack: new Tree(open.stack), target: new Tree(open.target) };
      for (const name of looked) {
        assert.deepEqual(folded.target.get(name), whole.target.get(name));
        assert.equal(folded.stack.has(name), whole.stack.has(name));
      }
      assert.deepEqual(difference(folded.stack, folded.target), difference(whole.stack, whole.target));
      for (const name of looked) {
        folded.target.removeBelow(name);
        whole.target.removeBelow(name);
      }
      assert.deepEqual(difference(folded.stack, folded.target), difference(whole.stack, whole.target));
      assert.deepEqual(new Map([...folded.target].sort()), new Map([...whole.target].sort()));
      assert.deepEqual(difference(new Tree(), folded.stack), difference(new Tree(), whole.stack));
    }),
    { numRuns: 500 },
  );
});
