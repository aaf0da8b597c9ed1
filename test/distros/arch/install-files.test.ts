import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hookText, installed } from './installed.ts';
import { filesOf, layDown, runScript } from './lay-down.ts';

const VENDOR = 'usr/share/libalpm/hooks';

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
  const { status, out, err } = runScript(root);
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
  runScript(root);
  const { out } = runScript(root);
  assert.doesNotMatch(out, /base-p/);
  assert.doesNotMatch(out, /Say it/);
  assert.match(out, /loud-post/);
});

test('ldconfig runs between scriptlets and hooks, where there is one and its configuration', (t) => {
  const root = layDown(t, PACKAGES);
  mkdirSync(join(root, 'sbin'));
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'sbin/ldconfig'), '#!/bin/sh\necho ldconfig-ran\n', { mode: 0o755 });
  assert.doesNotMatch(runScript(root).out, /ldconfig-ran/);
  writeFileSync(join(root, 'etc/ld.so.conf'), '');
  assert.match(runScript(root).out, /loud-post\nldconfig-ran\n:: Running/);
  assert.doesNotMatch(runScript(root).out, /ldconfig-ran/);
});

test('what the tree has already is not run, and the head says what is left', (t) => {
  const appliedSteps = ['base-1:2-3 pre_install', 'hook 10-cat.hook'];
  const pendingSteps = ['base-1:2-3 post_install', 'hook evil\nrm -rf.hook'];
  const root = layDown(t, PACKAGES, { appliedSteps, pendingSteps });
  const { out } = runScript(root);
  assert.doesNotMatch(out, /base-pre|10-cat/);
  assert.match(out, /base-post/);
  const script = readFileSync(join(root, '.pkg/install.sh'), 'utf8');
  assert.match(
    script,
    /\n# Left to do, in this order:\n# {3}base-1:2-3 post_install\n# {3}hook evil\?rm -rf\.hook\numask/,
  );
  assert.match(
    readFileSync(join(layDown(t, []), '.pkg/install.sh'), 'utf8'),
    /\n# Nothing is left to do\.\n/,
  );
});

test('scriptlets find /tmp, as pacman makes it', (t) => {
  const root = layDown(t, PACKAGES);
  runScript(root);
  assert.equal(statSync(join(root, 'tmp')).mode & 0o7777, 0o1777);
  const none = layDown(t, [installed({ name: 'a' })]);
  runScript(none);
  assert.throws(() => statSync(join(none, 'tmp')), { code: 'ENOENT' });
});

test('a state that cannot be kept stops with status 2', (t) => {
  const root = layDown(t, PACKAGES);
  const script = join(root, '.pkg/install.sh');
  writeFileSync(script, readFileSync(script, 'utf8').replace(/^state=.*$/m, 'state=/dev/null/state'));
  const { status, err } = runScript(root);
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
  const { out, err } = runScript(root);
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
