import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetTree } from '../../../src/compose/target-tree.ts';
import { installer } from '../../../src/distros/arch/installer.ts';
import { tree as rules } from '../../../src/distros/arch/tree.ts';
import type { Installation } from '../../../src/distros/install.ts';
import { FileEntries } from '../../../src/model/file-entries.ts';
import { hookText, installed } from './installed.ts';

const HOOKS = 'usr/share/libalpm/hooks';
const PACKAGES = [
  installed({ name: 'a', install: 'pre_install() { strange; }\npost_install() { strange; }\n' }),
  installed({
    name: 'b',
    install: 'post_install() { strange; }\n',
    files: {
      'etc/': '',
      'etc/ld.so.conf': '',
      'usr/': '',
      'usr/bin/': '',
      'usr/bin/ldconfig': '',
      sbin: '-> usr/bin',
      [`${HOOKS}/2.hook`]: hookText({ target: '*' }, '/strange'),
      [`${HOOKS}/1.hook`]: hookText({ target: '*' }, '/strange', 'Depends = nothing'),
    },
  }),
];
const ORDER = [
  'a-1-1 pre_install',
  'a-1-1 post_install',
  'b-1-1 post_install',
  'ldconfig (/sbin/ldconfig is not a program)',
  'hook 2.hook',
];

function install(more: Partial<Installation>) {
  const installation: Installation = {
    packages: PACKAGES,
    targets: [],
    architecture: 'x86_64',
    system: { release: 'rolling', packageManager: '' },
    repositories: [],
    keys: [],
    mode: 'deferred',
    scripts: true,
    database: true,
    time: 5,
    ...more,
  };
  const { packages } = installation;
  return targetTree({ packages, rules, installer: installer(installation), time: 5 });
}

test('every step is left in pacman’s order, and the first unknown one leaves all that follow', () => {
  for (const mode of ['deferred', 'run', 'static'] as const) {
    const { tree, pendingSteps, appliedSteps } = install({ mode });
    assert.deepEqual([pendingSteps, appliedSteps], [ORDER, []], mode);
    assert.equal(tree.get('.pkg/state')?.sizeBytes, 0);
    // A scriptlet's scratch folder is there before the first package, when scripts are taken as run.
    assert.equal(tree.get('tmp')?.mode, mode === 'static' ? 0o1777 : undefined);
  }
});

test('ldconfig is a step only where it and its configuration are', () => {
  const [first] = PACKAGES;
  assert.ok(first !== undefined);
  assert.deepEqual(install({ packages: [first] }).pendingSteps, ['a-1-1 pre_install', 'a-1-1 post_install']);
});

test('no scripts, no database: nothing but the packages', () => {
  const { tree, pendingSteps } = install({ scripts: false, database: false });
  assert.deepEqual(pendingSteps, []);
  assert.deepEqual(
    [...tree.keys()].filter((path) => /^(var|\.pkg|tmp)/.test(path)),
    [],
  );
  const folders = [...install({ scripts: false, packages: [] }).tree].map(
    ([path, { type, mode }]) => `${type} ${mode.toString(8)} ${path}`,
  );
  assert.deepEqual(folders, [
    ...['var', 'var/lib', 'var/lib/pacman'].map((path) => `directory 755 ${path}`),
    'directory 755 var/lib/pacman/local',
    'directory 755 var/lib/pacman/sync',
    'file 644 var/lib/pacman/local/ALPM_DB_VERSION',
  ]);
});

test('a known hook is taken after ldconfig is left, unless it looks at what ldconfig writes', () => {
  const hook = (script: string) => hookText({ target: '*' }, `/bin/sh -c "${script}"`);
  const programs = installed({
    name: 'a',
    files: {
      'etc/': '',
      'etc/ld.so.conf': '',
      'usr/': '',
      'usr/bin/': '',
      'usr/bin/bash': '',
      'usr/bin/sh': '-> bash',
      'usr/bin/mkdir': '',
      'usr/bin/ldconfig': '',
      bin: '-> usr/bin',
      sbin: '-> usr/bin',
      [`${HOOKS}/1.hook`]: hook('mkdir /one'),
      [`${HOOKS}/2.hook`]: hook('test -e /etc/ld.so.cache && mkdir /two'),
      [`${HOOKS}/3.hook`]: hook('mkdir /three'),
    },
  });
  const files = FileEntries.of(programs.facts.files.map((entry) => ({ ...entry, mode: 0o755 })));
  const packages = [{ ...programs, facts: { ...programs.facts, files } }];
  const { pendingSteps, appliedSteps, tree } = install({ mode: 'static', packages });
  assert.deepEqual(appliedSteps, ['hook 1.hook']);
  assert.deepEqual(pendingSteps, ['ldconfig (/sbin/ldconfig is not glibc’s)', 'hook 2.hook', 'hook 3.hook']);
  assert.equal(tree.get('one')?.type, 'directory');
  assert.equal(tree.get('.pkg/state')?.sizeBytes, 'hook 1.hook\n'.length);
});

test('a configuration file that a scriptlet made stays; another gives way', () => {
  const [a, b] = [
    installed({ name: 'a' }),
    installed({ name: 'b', files: { 'etc/x': 'theirs', 'etc/y': 'theirs' } }),
  ];
  const configured = { ...b, facts: { ...b.facts, info: { backup: ['etc/x'] } } };
  const what = installer({
    packages: [a, configured],
    targets: [],
    architecture: 'x86_64',
    system: { release: 'rolling', packageManager: '' },
    repositories: [],
    keys: [],
    mode: 'static',
    scripts: true,
    database: false,
    time: 5,
  });
  const made = { type: 'file', mode: 0o600, content: Buffer.from('made') } as const;
  const { tree } = targetTree({
    packages: [a, configured],
    rules,
    time: 5,
    installer: {
      ...what,
      after(one, root) {
        if (one !== a) return;
        root.put('etc/x', made);
        root.put('etc/y', made);
      },
    },
  });
  const modes = [...tree].filter(([path]) => path.startsWith('etc/')).map(([path, { mode }]) => [path, mode]);
  assert.deepEqual(modes, [
    ['etc/x', 0o600],
    ['etc/y', 0o644],
    ['etc/x.pacnew', 0o644],
  ]);
});
