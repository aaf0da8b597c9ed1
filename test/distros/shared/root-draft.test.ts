import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RootDraft } from '../../../src/distros/shared/root-draft.ts';
import { Undecided } from '../../../src/distros/shared/shell/undecided.ts';
import { rootWith, snapshot, textOf } from '../../fixtures/script-root.ts';

const FILES = {
  'usr/lib/x': 'X',
  lib: '-> usr/lib',
  'a/up': '-> ../../../usr',
  'a/abs': '-> /usr/lib/x',
  'a/loop': '-> loop2',
  'a/loop2': '-> loop',
  'a/broken': '-> nowhere/x',
  'a/dangling': '-> new',
  'proc/': '',
};

test('paths resolve as the kernel resolves them, never out of the root', () => {
  const draft = new RootDraft(rootWith(FILES));
  assert.equal(draft.real('/lib/x', false), 'usr/lib/x');
  assert.equal(draft.real('a/up/lib/../lib//x', true), 'usr/lib/x');
  assert.equal(draft.real('a/abs', false), 'a/abs');
  assert.equal(draft.real('a/abs', true), 'usr/lib/x');
  assert.equal(draft.real('../../lib/.', true), 'usr/lib');
  assert.equal(draft.real('a/new', false), 'a/new');
  assert.equal(draft.real('a/dangling', true), 'a/new');
  for (const nowhere of [
    '',
    'a/loop',
    'a/loop/x',
    'a/broken',
    'no/x',
    'no/..',
    'lib/x/y',
    'lib/x/..',
    'lib/x/',
  ])
    assert.equal(draft.real(nowhere, true), undefined, nowhere);
  assert.throws(() => draft.stat('x'.repeat(256)), Undecided);
  assert.throws(() => draft.stat('x/'.repeat(2048)), Undecided);
  assert.throws(() => draft.stat('proc/self'), Undecided);
  assert.throws(() => draft.put('dev/x', { type: 'directory', mode: 0o755 }), Undecided);
});

test('what changes shows in the draft, and in the root only after the commit', () => {
  const root = rootWith(FILES);
  const before = snapshot(root);
  const draft = new RootDraft(root);
  draft.put('lib/new', { type: 'file', mode: 0o600, content: Buffer.from('new'), uid: 5 });
  draft.link('usr/lib/x', 'a/x-');
  draft.put('lib/x', { type: 'file', mode: 0o644, content: Buffer.from('Y') });
  draft.change('lib/new', { gid: 6 });
  draft.remove('a/abs');
  assert.deepEqual(draft.list('lib'), ['new', 'x']);
  assert.deepEqual(draft.list('a'), ['broken', 'dangling', 'loop', 'loop2', 'up', 'x-']);
  assert.equal(Buffer.from(draft.read('usr/lib/x') ?? []).toString(), 'Y');
  assert.equal(Buffer.from(draft.read('a/x-') ?? []).toString(), 'X');
  assert.equal(snapshot(root), before);
  draft.commit();
  assert.equal(textOf(root, 'usr/lib/x'), 'Y');
  assert.equal(textOf(root, 'a/x-'), 'X');
  assert.equal(root.stat('a/abs'), undefined);
  const made = root.stat('usr/lib/new');
  assert.deepEqual([made?.mode, made?.uid, made?.gid], [0o600, 5, 6]);
});

test('below a setgid directory nothing is made: its group would be handed down', () => {
  const root = rootWith({ 'd/': '' });
  root.change('d', { mode: 0o2755 });
  assert.throws(() => new RootDraft(root).put('d/x', { type: 'directory', mode: 0o755 }), Undecided);
});
