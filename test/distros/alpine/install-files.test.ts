import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  installFiles as filesOf,
  type InstallFilesInput,
} from '../../../src/distros/alpine/install-files.ts';
import { triggerRuns } from '../../../src/distros/alpine/triggers.ts';
import type { GeneratedFile, InstalledPackage } from '../../../src/distros/install.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { installed } from './installed.ts';

function installFiles(
  packages: readonly InstalledPackage[],
  more: Partial<InstallFilesInput> = {},
): readonly GeneratedFile[] {
  return filesOf({
    packages,
    runs: triggerRuns(packages),
    hooks: [],
    pendingSteps: [],
    appliedSteps: [],
    late: () => [],
    shell: '/bin/sh',
    scriptFolder: '',
    ...more,
  });
}

const DIRECTORY = { type: 'directory', mode: 0o755 } as const;

function textOf(packages: readonly InstalledPackage[], path: string): string {
  const file = installFiles(packages).find((entry) => entry.path === path);
  assert.ok(file !== undefined, path);
  return Buffer.from(file.content).toString('utf8');
}

/** Unpacks the files below a folder and runs install.sh there as if the folder were `/`. */
function run(
  t: TestContext,
  packages: readonly InstalledPackage[],
): () => { status: number | null; out: string; err: string } {
  const root = tempDir(t);
  for (const file of installFiles(packages)) {
    const path = join(root, file.path);
    mkdirSync(dirname(path), { recursive: true });
    const content = Buffer.from(file.content).toString('utf8');
    const here = file.path.endsWith('.sh') ? content.replaceAll('/.pkg/', `${root}/.pkg/`) : content;
    writeFileSync(path, here.replaceAll('@ROOT@', root).replace('cd / ||', `cd ${root} ||`), {
      mode: file.mode,
    });
  }
  return () => {
    const result = spawnSync('/bin/sh', [join(root, '.pkg/install.sh')], {
      encoding: 'utf8',
      env: { PATH: '/bin', LEAK: 'yes\nexport X=1' },
    });
    return {
      status: result.status,
      out: result.stdout.replaceAll(root, ''),
      err: result.stderr.replaceAll(root, ''),
    };
  };
}

const SAY = `#!/bin/sh
echo "$APK_PACKAGE $APK_SCRIPT [$*] $PWD $PATH \${LEAK-clean}"
`;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

test('scripts run in install order with the version, then triggers with what changed', async (t) => {
  const packages = await installed(
    {
      name: 'a',
      version: '1-r0',
      scripts: { 'post-install': SAY, 'pre-install': SAY, trigger: SAY, 'pre-upgrade': SAY },
      triggers: ['/usr/*', '/none', 'usr', '+/usr'],
      files: [
        { path: 'usr', ...DIRECTORY },
        { path: 'usr/bin', ...DIRECTORY },
        { path: 'usr/bin/deep', ...DIRECTORY },
      ],
    },
    {
      name: 'b',
      version: '2-r1',
      scripts: { 'post-install': SAY },
      files: [{ path: "usr/it's $(x)", ...DIRECTORY }],
    },
    { name: 'c', version: '3', scripts: { trigger: SAY }, triggers: ['/srv'] },
  );
  const shell = run(t, packages);
  const first = shell();
  assert.equal(first.err, '');
  assert.equal(first.status, 0);
  assert.deepEqual(first.out.trim().split('\n'), [
    'Executing a-1-r0.pre-install',
    `a pre-install [1-r0]  ${PATH} clean`,
    'Executing a-1-r0.post-install',
    `a post-install [1-r0]  ${PATH} clean`,
    'Executing b-2-r1.post-install',
    `b post-install [2-r1]  ${PATH} clean`,
    'Executing a-1-r0.trigger',
    `a trigger [${triggerArguments(packages)}]  ${PATH} clean`,
  ]);
  assert.deepEqual(shell(), { status: 0, out: '', err: '' }, 'a second run does nothing');
});

function triggerArguments(packages: readonly InstalledPackage[]): string {
  const manifest = JSON.parse(textOf(packages, '.pkg/manifest.json'));
  const directories: string[] = manifest.packages[0].triggerDirectories;
  assert.deepEqual(directories.toSorted(), ['/usr/bin', "/usr/it's $(x)"]);
  return directories.join(' ');
}

test('a failing script is reported, the rest still run, and only it runs again', async (t) => {
  const packages = await installed(
    {
      name: 'a',
      version: '1',
      scripts: { 'post-install': '#!/bin/sh\n[ -e @ROOT@/fixed ] || exit 3\necho fixed\n' },
    },
    { name: 'b', version: '2', scripts: { 'post-install': '#!/bin/sh\necho b; echo > @ROOT@/fixed\n' } },
  );
  const shell = run(t, packages);
  const first = shell();
  assert.equal(first.status, 1);
  assert.match(first.err, /^ERROR: a-1\.post-install: script exited with error 3$/m);
  assert.match(first.out, /Executing b-2\.post-install\nb\n/);
  const second = shell();
  assert.deepEqual(second, { status: 0, out: 'Executing a-1.post-install\nfixed\n', err: '' });
});

test('a script with an interpreter of its own is run by it', async (t) => {
  const python = ['/usr/bin/perl', '/usr/bin/awk'].find((path) => existsSync(path));
  if (python === undefined) return t.skip('skipped: neither perl nor awk is here');
  const content = python.endsWith('perl')
    ? '#!/usr/bin/perl\nprint "perl @ARGV\\n";\n'
    : '#!/usr/bin/awk -f\nBEGIN{print "awk"}\n';
  const result = run(t, await installed({ name: 'a', version: '1', scripts: { 'post-install': content } }))();
  assert.equal(result.status, 0, result.err);
  assert.match(result.out, /\n(perl|awk)/);
});

test('a script that the kernel cannot run fails with 127, as under apk, and is no shell script', async (t) => {
  const broken = [
    'echo ran\n',
    '\ufeff#!/bin/sh\necho ran\n',
    '\n#!/bin/sh\necho ran\n',
    '',
    '#!\necho ran\n',
    '#! \necho ran\n',
  ];
  for (const text of broken) {
    const packages = await installed({ name: 'a', version: '1-r0', scripts: { 'post-install': text } });
    const { status, out, err } = run(t, packages)();
    assert.equal(status, 1, JSON.stringify(text));
    assert.doesNotMatch(out, /ran/);
    assert.match(err, /a-1-r0\.post-install: script exited with error 127/);
  }
  const carriage = { name: 'a', version: '1-r0', scripts: { 'post-install': '#!/bin/sh\r\necho ran\r\n' } };
  assert.equal(run(t, await installed(carriage))().status, 1);
  const sound = { name: 'a', version: '1-r0', scripts: { 'post-install': '#! /bin/sh\necho ran' } };
  assert.match(run(t, await installed(sound))().out, /ran/);
});

test('names from archives cannot break out of the script', async (t) => {
  const safe = `x';echo\${IFS}evil;'$(echo\${IFS}evil>&2)\`id\`"`;
  const packages = await installed({
    name: safe,
    version: '1\'"$x',
    scripts: { 'post-install': '#!/bin/sh\necho ok\n' },
  });
  const result = run(t, packages)();
  assert.equal(result.status, 0, result.err);
  assert.equal(result.err, '');
  assert.match(result.out, /^Executing x';[^\n]*\nok\n$/);
});

test('the files are the same for the same packages, and hold the scripts as they are', async () => {
  const make = () =>
    installed({
      name: 'a',
      version: '1',
      scripts: { 'post-install': '#!/bin/sh\n', trigger: '#!/bin/sh\n' },
    });
  const [one, two] = [installFiles(await make()), installFiles(await make())];
  assert.deepEqual(one, two);
  assert.deepEqual(
    one.map((file) => [file.path, file.mode]),
    [
      ['.pkg/alpine/a/post-install', 0o755],
      ['.pkg/alpine/a/trigger', 0o755],
      ['.pkg/install.sh', 0o755],
      ['.pkg/manifest.json', 0o644],
      ['.pkg/state', 0o644],
    ],
  );
  assert.equal(textOf(await make(), '.pkg/alpine/a/post-install'), '#!/bin/sh\n');
});

test('busybox ash and bash take the script as well', async (t) => {
  const packages = await installed({ name: 'a', version: '1', scripts: { 'post-install': '#!/bin/sh\n' } });
  const path = join(tempDir(t), 'install.sh');
  writeFileSync(path, textOf(packages, '.pkg/install.sh'));
  const shells = [['busybox', 'sh'], ['dash'], ['bash', '--posix']].filter(
    ([command = '']) => spawnSync('which', [command]).status === 0,
  );
  if (shells.length === 0) return t.skip('skipped: no other shell is here');
  for (const [command = '', ...args] of shells) {
    const result = spawnSync(command, [...args, '-n', path], { encoding: 'utf8' });
    assert.equal(result.status, 0, `${command}: ${result.stderr}`);
  }
  assert.ok(readFileSync(path, 'utf8').startsWith('#!/bin/sh\n'));
});
