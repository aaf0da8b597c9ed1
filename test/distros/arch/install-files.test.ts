import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { planHooks } from '../../../src/distros/arch/hooks.ts';
import { installFiles } from '../../../src/distros/arch/install-files.ts';
import type { InstalledPackage } from '../../../src/distros/install.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { hookText, installed } from './installed.ts';

const VENDOR = 'usr/share/libalpm/hooks';

function filesOf(packages: readonly InstalledPackage[]) {
  return installFiles(packages, { plan: planHooks(packages), done: [], left: [] });
}

/** Lays the files below a folder, with every absolute path of the script moved there. */
function layDown(t: { after(fn: () => void): void }, packages: readonly InstalledPackage[]): string {
  const root = tempDir(t);
  for (const file of filesOf(packages)) {
    const path = join(root, file.path);
    mkdirSync(dirname(path), { recursive: true });
    const text = Buffer.from(file.content).toString();
    const isScript = file.path === '.pkg/install.sh';
    const moved = text
      .replaceAll('/.pkg/', `${root}/.pkg/`)
      .replace('cd / ||', `cd ${root} ||`)
      .replaceAll('/sbin/ldconfig', `${root}/sbin/ldconfig`)
      .replaceAll('/etc/ld.so.conf', `${root}/etc/ld.so.conf`);
    writeFileSync(path, isScript ? moved : file.content);
    chmodSync(path, file.mode);
  }
  return root;
}

function run(root: string): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('/bin/sh', [join(root, '.pkg/install.sh')], {
    encoding: 'utf8',
    input: 'not for scriptlets',
    env: { PATH: process.env.PATH ?? '', BASH_ENV: '/nonexistent' },
  });
  return { status, out: stdout, err: stderr };
}

const PACKAGES = [
  installed({
    name: 'base',
    install: 'pre_install() { echo base-pre "$@" $#; }\npost_install() { echo base-post "$1"; cat; }\n',
    version: '1:2-3',
  }),
  installed({ name: 'quiet', install: '# post_install is only named here\nexit 9\n' }),
  installed({
    name: 'loud',
    install: 'post_install() { echo loud-post; false; }\n',
    files: {
      [`${VENDOR}/10-cat.hook`]: hookText({ target: ['*', '!quiet'] }, '/bin/cat', 'NeedsTargets'),
      [`${VENDOR}/20-quote.hook`]: hookText(
        { target: 'base' },
        `/bin/sh -c "echo '$HOME' \\"two  words\\""`,
        'Description = Say it',
      ),
      [`${VENDOR}/30-fail.hook`]: hookText({ target: 'base' }, '/bin/sh -c "exit 3"'),
      [`${VENDOR}/40-dep.hook`]: hookText({ target: 'base' }, '/bin/sh', 'Depends = zzz'),
      [`${VENDOR}/50-bare.hook`]: hookText({ target: 'base' }, 'true'),
      [`${VENDOR}/60-bad.hook`]: 'nonsense',
    },
  }),
];

test('install.sh runs scriptlets, then hooks, in order, and goes on over failures with status 0', (t) => {
  const root = layDown(t, PACKAGES);
  const { status, out, err } = run(root);
  assert.equal(status, 0);
  assert.equal(
    out,
    `pre_install base-1:2-3
base-pre 1:2-3 1
post_install base-1:2-3
base-post 1:2-3
post_install loud-1-1
loud-post
:: Running post-transaction hooks...
(1/5) 10-cat.hook
base
loud
(2/5) Say it
$HOME two  words
(3/5) 30-fail.hook
(4/5) 40-dep.hook
(5/5) 50-bare.hook
`,
  );
  const errors = err.split('\n');
  assert.ok(
    errors.includes('error: loud-1-1: post_install: command failed to execute correctly (exit status 1)'),
  );
  assert.ok(errors.includes(`error: hook ${VENDOR}/60-bad.hook line 1: invalid option nonsense`));
  assert.ok(errors.includes('error: hook 30-fail.hook: command failed to execute correctly (exit status 3)'));
  assert.ok(errors.includes('error: unable to run hook 40-dep.hook: could not satisfy dependencies (zzz)'));
  // A bare name is looked for in the root folder only, as execv does.
  assert.ok(
    errors.includes('error: hook 50-bare.hook: command failed to execute correctly (exit status 127)'),
  );
  assert.equal(errors.at(-2), "error: 4 of the packages' commands failed, see above; pacman goes on as well");
});

test('the second run repeats only what failed', (t) => {
  const root = layDown(t, PACKAGES);
  run(root);
  const { out } = run(root);
  assert.doesNotMatch(out, /base-p/);
  assert.doesNotMatch(out, /Say it/);
  assert.match(out, /loud-post/);
});

test('ldconfig runs between scriptlets and hooks, where there is one and its configuration', (t) => {
  const root = layDown(t, PACKAGES);
  mkdirSync(join(root, 'sbin'));
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'sbin/ldconfig'), '#!/bin/sh\necho ldconfig-ran\n', { mode: 0o755 });
  assert.doesNotMatch(run(root).out, /ldconfig-ran/);
  writeFileSync(join(root, 'etc/ld.so.conf'), '');
  assert.match(run(root).out, /loud-post\nldconfig-ran\n:: Running/);
  assert.doesNotMatch(run(root).out, /ldconfig-ran/);
});

test('a state that cannot be kept stops with status 2', (t) => {
  const root = layDown(t, PACKAGES);
  const script = join(root, '.pkg/install.sh');
  writeFileSync(script, readFileSync(script, 'utf8').replace(/^state=.*$/m, 'state=/dev/null/state'));
  const { status, err } = run(root);
  assert.equal(status, 2);
  assert.match(err, /cannot write/);
});

test('hostile names stay words of the shell', (t) => {
  const root = layDown(t, [
    installed({
      name: "a'$(touch$IFS pwned)`touch pwned`",
      version: '1;touch pwned',
      install: 'post_install() { echo "ran $1"; }',
    }),
    installed({
      name: 'b',
      files: { [`${VENDOR}/$(touch pwned)'.hook`]: hookText({ target: 'b' }, '/bin/cat', 'NeedsTargets') },
    }),
  ]);
  const { out, err } = run(root);
  assert.match(out, /ran 1;touch pwned/);
  assert.equal(err, '');
  assert.throws(() => readFileSync(join(root, 'pwned')), { code: 'ENOENT' });
});

test('files are the same for the same packages; the script is valid POSIX sh', (t) => {
  assert.deepEqual(filesOf(PACKAGES), filesOf(PACKAGES));
  const root = layDown(t, PACKAGES);
  execFileSync('/bin/sh', ['-n', join(root, '.pkg/install.sh')]);
  assert.deepEqual(
    filesOf(PACKAGES).map(({ path, mode }) => `${path} ${mode.toString(8)}`),
    [
      '.pkg/arch/base/INSTALL 644',
      '.pkg/arch/quiet/INSTALL 644',
      '.pkg/arch/loud/INSTALL 644',
      '.pkg/arch-hooks/10-cat.hook.targets 644',
      '.pkg/install.sh 755',
      '.pkg/manifest.json 644',
      '.pkg/state 644',
    ],
  );
  const manifest = JSON.parse(readFileSync(join(root, '.pkg/manifest.json'), 'utf8'));
  assert.deepEqual(
    manifest.packages.map(({ name, scripts }: { name: string; scripts: string[] }) => [name, scripts]),
    [
      ['base', ['pre_install', 'post_install']],
      ['quiet', []],
      ['loud', ['post_install']],
    ],
  );
});
