import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tree } from '../../../src/distros/alpine/tree.ts';
import { installed } from './installed.ts';

test('dot files of the root are never installed, whichever member holds them', () => {
  for (const path of ['.PKGINFO', '.SIGN.RSA.x.rsa.pub', '.post-install', '.anything']) {
    assert.ok(tree.isMetadata(path), path);
  }
  for (const path of ['etc', 'etc/.hidden', '.dir/file', 'a.b']) assert.ok(!tree.isMetadata(path), path);
});

test('a directory: the lower owner wins, the same owner keeps common bits', () => {
  const own = (mode: number, uid = 0, gid = 0): { mode: number; uid: number; gid: number } => ({
    mode,
    uid,
    gid,
  });
  assert.deepEqual(tree.mergeDirectory(own(0o755), own(0o711)), own(0o711));
  assert.deepEqual(tree.mergeDirectory(own(0o1777), own(0o755)), own(0o755));
  assert.deepEqual(tree.mergeDirectory(own(0o700, 5), own(0o755)), own(0o755));
  assert.deepEqual(tree.mergeDirectory(own(0o755), own(0o700, 5)), own(0o755));
  assert.deepEqual(tree.mergeDirectory(own(0o700, 5, 9), own(0o755, 5, 2)), own(0o755, 5, 2));
});

test('a file that two packages ship', async () => {
  const decide = async (
    earlier: { origin?: string; replaces?: string[]; replacesPriority?: number },
    later: typeof earlier,
  ): Promise<unknown> => {
    const [a, b] = await installed(
      { name: 'a', version: '1-r0', ...earlier },
      { name: 'b', version: '2-r0', ...later },
    );
    assert.ok(a !== undefined && b !== undefined);
    return tree.decideClash(a, b, 'etc/x');
  };
  assert.equal(await decide({}, {}), 'refuse');
  assert.equal(await decide({ origin: 'o' }, { origin: 'o' }), 'later');
  assert.equal(await decide({}, { replaces: ['a'] }), 'later');
  assert.equal(await decide({}, { replaces: ['a>2'] }), 'refuse');
  assert.equal(await decide({ replaces: ['b'] }, {}), 'earlier');
  assert.equal(await decide({ replaces: ['b'] }, { replaces: ['a'] }), 'later');
  assert.equal(
    await decide({ replaces: ['b'], replacesPriority: 5 }, { replaces: ['a'], replacesPriority: 4 }),
    'earlier',
  );
});
