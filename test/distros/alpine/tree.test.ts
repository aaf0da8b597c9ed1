import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tree } from '../../../src/distros/alpine/tree.ts';
import type { InstalledPackage, RootEntry } from '../../../src/distros/install.ts';
import type { FileEntry } from '../../../src/model/file-entry.ts';
import { installed } from './installed.ts';

const FILE = { path: 'x', content: 'x' };

function entryOf({ facts }: InstalledPackage, path = 'x'): FileEntry {
  const entry = facts.files.find((one) => one.path === path);
  assert.ok(entry !== undefined, path);
  return entry;
}

function existingOf(entry: FileEntry): RootEntry {
  assert.notEqual(entry.type, 'hardlink');
  return { ...entry, type: entry.type as RootEntry['type'] };
}

test('dot files of the root and .keep_ files are never installed, whichever member holds them', () => {
  for (const path of ['.PKGINFO', '.SIGN.RSA.x.rsa.pub', '.post-install', '.anything']) {
    assert.ok(tree.isMetadata({ path, type: 'file' }), path);
  }
  for (const path of ['.dir/file', 'usr/.keep_x', '.keep_x'])
    assert.ok(tree.isMetadata({ path, type: 'file' }), path);
  for (const path of [
    'etc',
    'etc/.hidden',
    'a.b',
    'usr/.keep_',
    'usr/.keep',
    'usr/.keep_d/x',
    'usr/x.keep_y',
  ])
    assert.ok(!tree.isMetadata({ path, type: 'file' }), path);
  assert.ok(!tree.isMetadata({ path: 'usr/.keep_d', type: 'directory' }), 'a directory of such a name');
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
      { name: 'a', version: '1-r0', files: [FILE], ...earlier },
      { name: 'b', version: '2-r0', files: [FILE], ...later },
    );
    assert.ok(a !== undefined && b !== undefined);
    const [one, other] = [entryOf(a), entryOf(b)];
    const existing = existingOf(one);
    const decision = tree.decideClash({
      path: 'x',
      entry: other,
      later: b,
      existing,
      earlier: { installed: a, entry: one },
    });
    assert.equal(typeof decision, 'string');
    return decision as string;
  };
  assert.equal(await decide({}, {}), 'refuse');
  assert.equal(await decide({ origin: 'o' }, { origin: 'o' }), 'later');
  assert.equal(await decide({ origin: 'o', replaces: ['b'] }, { origin: 'o' }), 'later');
  assert.equal(await decide({}, { replaces: ['a'] }), 'later');
  assert.equal(await decide({}, { replaces: ['a>2'] }), 'refuse');
  assert.equal(await decide({ replaces: ['b'] }, {}), 'earlier');
  assert.equal(await decide({ replaces: ['b'] }, { replaces: ['a'] }), 'later');
  assert.equal(
    await decide({ replaces: ['b'], replacesPriority: 5 }, { replaces: ['a'], replacesPriority: 4 }),
    'earlier',
  );
});

test('what no package put there by this path gives way, but in /etc', async () => {
  const files = ['usr/f', 'etc/f', 'etc/init.d/f'].map((path) => ({ path, content: 'new' }));
  const [later] = await installed({ name: 'b', version: '1', files });
  assert.ok(later !== undefined);
  const decide = (path: string, existing: Partial<RootEntry>, changed = false): unknown => {
    const entry = entryOf(later, path);
    const there = { ...existingOf(entry), ...existing };
    // The earlier package's name is the same, so its file may always be replaced.
    const earlier = changed
      ? { installed: later, entry: { ...entry, sha256: 'what it shipped' } }
      : undefined;
    return tree.decideClash({ path, entry, later, existing: there, earlier });
  };
  assert.equal(decide('usr/f', { sha256: 'other' }), 'later');
  assert.equal(decide('usr/f', { sha256: 'other' }, true), 'later');
  assert.deepEqual(decide('etc/f', { sha256: 'other' }), { beside: 'etc/f.apk-new' });
  assert.deepEqual(decide('etc/init.d/f', { sha256: 'other' }, true), { beside: 'etc/init.d/f.apk-new' });
  assert.equal(decide('etc/f', { mode: 0o600 }), 'keep');
  assert.equal(decide('etc/f', { sha256: 'what it shipped' }, true), 'later');
  assert.deepEqual(decide('etc/f', { type: 'symlink', linkTarget: 'x', sha256: '' }), {
    beside: 'etc/f.apk-new',
  });
});
