import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InstallStep } from '../../../src/distros/arch/known-step.ts';
import * as known from '../../../src/distros/arch/known-step.ts';
import type { Root } from '../../../src/distros/install.ts';
import { rootWith, snapshot, textOf } from '../../fixtures/script-root.ts';
import { installed } from './installed.ts';

const ARCH = {
  bin: '-> usr/bin',
  'usr/sbin': '-> bin',
  'usr/bin/bash': 'x ',
  'usr/bin/sh': '-> bash',
  'usr/bin/cat': 'x ',
  'usr/bin/grep': 'x ',
  'usr/bin/mkdir': 'x ',
  'usr/bin/touch': 'x ',
  'usr/bin/chmod': 'x ',
  'usr/bin/ping': 'x ',
  'etc/shells': '/bin/bash\n',
};
const applyKnownStep = (step: InstallStep, root: Root) => known.applyKnownStep(step, root, []);
const scriptlet = (install: string, name = 'post_install'): InstallStep => ({
  kind: 'scriptlet',
  installed: installed({ name: 'x', install }),
  name,
});
const hook = (...command: string[]): InstallStep => ({
  kind: 'hook',
  hook: { hook: { command } as never, targets: [], unsatisfied: [] },
});

test('a shell is told to etc/shells once', () => {
  const root = rootWith(ARCH);
  const step = scriptlet(
    "post_install() {\n  grep -qe '^/usr/bin/fish$' etc/shells || echo '/usr/bin/fish' >> etc/shells\n}\npost_upgrade() {\n  post_install\n}\n",
  );
  assert.deepEqual([applyKnownStep(step, root), applyKnownStep(step, root)], [undefined, undefined]);
  assert.equal(textOf(root, 'etc/shells'), '/bin/bash\n/usr/bin/fish\n');
});

test('messages have no effect, programs that are not there are not found', () => {
  const root = rootWith(ARCH);
  const before = snapshot(root);
  const scriptlets = [
    'post_install() {\n  cat << EOF || return 1\n\n  modprobe wl\n\nEOF\n}\n',
    'post_install() { echo "==> hi"; printf \'%s\\n\' a b; }',
    'post_upgrade() { if (( $(vercmp $2 1) < 0 )); then x; fi; }\npost_install() { if [ -x usr/bin/pacman-key ]; then post_upgrade; fi; }',
    'post_install() { [[ $1 ]]; }\npost_install() { :; }',
  ];
  for (const text of scriptlets) assert.equal(applyKnownStep(scriptlet(text), root), undefined, text);
  assert.equal(snapshot(root), before);
  const fallback =
    'post_install() { setcap cap_net_raw=ep usr/bin/ping 2>/dev/null || chmod +s usr/bin/ping; }';
  assert.equal(applyKnownStep(scriptlet(fallback), root), undefined);
  assert.equal(root.stat('usr/bin/ping')?.mode, 0o6755);
  assert.match(
    applyKnownStep(scriptlet(fallback), rootWith({ ...ARCH, 'usr/bin/setcap': 'x ' })) ?? '',
    /setcap/,
  );
});

test('what fails, runs a program or lacks its shell is left', () => {
  const left: readonly InstallStep[] = [
    scriptlet('post_install() { false; }'),
    scriptlet('pre_install() { :; }'),
    scriptlet('post_install() { usr/bin/ldconfig -r .; }'),
    scriptlet('post_install() { mkdir -p /a/{b,c}; }'),
    scriptlet('post_install() { [[ -d x ]]; }'),
    { kind: 'ldconfig' },
    scriptlet('post_install() { ldconfig; }'),
    hook('/usr/bin/systemd-hwdb', '--usr', 'update'),
    hook('touch', '/x'),
    hook('/bin/sh', '-c', 'while read -r f; do touch "$f"; done'),
    hook('/bin/sh', '/usr/share/x'),
    hook('/usr/share/libalpm/scripts/x'),
  ];
  const root = rootWith({
    ...ARCH,
    'usr/bin/ldconfig': 'x ',
    'usr/bin/systemd-hwdb': 'x ',
    'usr/share/libalpm/scripts/x': 'x ',
  });
  const before = snapshot(root);
  for (const step of left) assert.notEqual(applyKnownStep(step, root), undefined, JSON.stringify(step));
  assert.equal(snapshot(root), before);
  const { 'usr/bin/bash': _, ...without } = ARCH;
  assert.notEqual(applyKnownStep(scriptlet('post_install() { :; }'), rootWith(without)), undefined);
});

test('a hook that touches a folder', () => {
  const root = rootWith(ARCH);
  const usr = root.tree.get('usr');
  assert.ok(usr !== undefined);
  root.tree.set('usr', { ...usr, mtime: 5 });
  assert.equal(applyKnownStep(hook('/usr/bin/touch', '-c', '/usr'), root), undefined);
  assert.notEqual(root.stat('usr')?.mtime, 5);
  assert.ok(root.stat('usr/bin/bash') !== undefined);
  assert.equal(applyKnownStep(hook('/bin/sh', '-c', 'mkdir -p /var/x'), root), undefined);
  assert.equal(root.stat('var/x')?.type, 'directory');
});
