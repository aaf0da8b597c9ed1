import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compose } from '../../../src/app/compose/compose.ts';
import { checkConfig } from '../../../src/app/compose/config-check.ts';
import { type Inode, inodeOf, Tree } from '../../../src/compose/tree.ts';
import { digestOf } from '../../../src/model/digest.ts';
import type { ConfigOptions, InstallMode } from '../../../src/model/request.ts';
import { entry } from '../../compose/entries.ts';
import { writeAlpineMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { refused, request, small, use } from '../harness.ts';

const FILES: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0::/:/bin/sh\nweb:x:100:101::/:/bin/sh\n',
  'etc/group': 'root:x:0:\nwww:x:101:web\n',
};

function tree(lines: readonly string[]): Tree {
  return new Tree(
    lines.map((line): [string, Inode] => {
      const file = entry(line);
      const mode = /bin\//.test(file.path) ? 0o755 : file.mode;
      return [file.path, inodeOf({ ...file, mode }, digestOf('a'))];
    }),
  );
}

const ROOT = tree([
  'd etc 755',
  'f etc/passwd x',
  'f etc/group x',
  'l bin usr/bin',
  'd usr 755',
  'd usr/bin 755',
  'f usr/bin/sh x',
  'l usr/bin/tool ../../opt/bin/tool',
  'd opt 755',
  'd opt/bin 755',
  'f opt/bin/tool x',
  'f opt/data x',
]);

function check(
  more: Partial<ConfigOptions>,
  { command = ['/bin/sh'], left = [] as string[], root = ROOT, prefix = '' } = {},
) {
  const options: ConfigOptions = {
    env: [],
    entrypoint: undefined,
    cmd: undefined,
    user: '',
    workdir: '',
    labels: {},
    expose: [],
    annotations: {},
    ...more,
  };
  const read = (path: string) => (root.has(path) ? Buffer.from(FILES[path] ?? '') : undefined);
  return checkConfig({
    root: { tree: root, read },
    options,
    command,
    path: '/sbin:/bin',
    prefix,
    pendingSteps: left,
  });
}

test('regression: --user is a number, or a user and a group of the image', () => {
  for (const user of ['web', 'web:www', '12345', '7:8', 'web:9', '7:www'])
    assert.deepEqual(check({ user }).notes, [], user);
  const refusals: readonly [user: string, message: RegExp, hint: RegExp][] = [
    ['nobody', /--user nobody: no user nobody in the image's \/etc\/passwd/, /numeric id/],
    ['wbe', /no user wbe/, /Did you mean web\?/],
    ['web:wheel', /--user web:wheel: no group wheel in the image's \/etc\/group/, /numeric id/],
    ['www', /no user www/, /./],
  ];
  for (const [user, message, hint] of refusals)
    assert.throws(() => check({ user }), { code: 'USAGE', message, hint });
  const bare = tree(['d etc 755']);
  assert.throws(() => check({ user: 'web' }, { root: bare }), { message: /the image has no \/etc\/passwd/ });
  assert.deepEqual(check({ user: '1000' }, { root: bare }).notes, []);
});

test('a user that a script which is left may add is said, not refused', () => {
  const { notes } = check({ user: 'app' }, { left: ['app-1.pre-install'] });
  assert.match(
    notes.join('\n'),
    /^--user app: no user app in the image's \/etc\/passwd; a script that has not run yet/,
  );
});

test('a command whose program is not there is said, and the image does not run', () => {
  const cases: readonly [command: readonly string[], note: RegExp | undefined, env?: readonly string[]][] = [
    [['sh', '-c', 'true'], undefined],
    [['/bin/tool'], undefined],
    [['tool'], undefined],
    [['toll'], /--cmd: "toll" not found in the image's PATH/],
    [['/usr/bin/python3'], /--cmd: \/usr\/bin\/python3 is not an executable file in the image/],
    [['/opt/data'], /\/opt\/data is not an executable file/],
    [['/opt'], /\/opt is not an executable file/],
    [['tool'], /"tool" not found in the image/, ['PATH=/srv']],
    [['tool'], undefined, ['PATH=/srv:/opt/bin']],
    [['./tool'], undefined],
  ];
  for (const [command, note, env = []] of cases) {
    const workdir = '/opt/bin';
    const { notes, runs } = check({ cmd: command, env, workdir }, { command: [...command] });
    assert.equal(runs, note === undefined, command.join(' '));
    if (note === undefined) assert.deepEqual(notes, []);
    else assert.match(notes.join('\n'), note);
  }
  const { notes } = check({ entrypoint: ['x'], cmd: ['sh'] }, { command: ['x', 'sh'], left: ['a'] });
  assert.match(notes.join('\n'), /^--entrypoint: "x" not found .*; a script that has not run yet/);
});

test('without a command there is nothing to run; a cleared one is as it was meant', () => {
  assert.deepEqual(check({}, { command: [] }).runs, false);
  assert.match(check({}, { command: [] }).notes.join(), /no shell in the image/);
  for (const quiet of [check({ cmd: [] }, { command: [] }), check({}, { command: [], prefix: 'opt/x' })])
    assert.deepEqual(quiet, { notes: [], runs: false });
});

test('a working directory that is not there is said', () => {
  assert.deepEqual(check({ workdir: '/' }).notes, []);
  assert.deepEqual(check({ workdir: '/bin/..//bin' }).notes, []);
  assert.match(
    check({ workdir: '/src' }).notes.join(),
    /--workdir \/src: not in the image; engines create it/,
  );
  assert.match(check({ workdir: '/opt/data' }).notes.join(), /not a directory/);
});

async function composeWith(t: TestContext, install: InstallMode, user: string) {
  const dir = tempDir(t);
  const repository = writeAlpineMirror(dir, {
    packages: [
      small('users', {
        files: [{ path: 'etc/' }, ...Object.entries(FILES).map(([path, content]) => ({ path, content }))],
      }),
      small('service', {
        depends: ['users', 'busybox'],
        scripts: {
          'pre-install':
            '#!/bin/sh\naddgroup -S app 2>/dev/null\nadduser -S -D -H -G app app 2>/dev/null\nexit 0\n',
        },
      }),
      small('busybox', {
        files: [
          { path: 'bin/' },
          { path: 'bin/busybox', content: 'x', mode: 0o755 },
          ...['sh', 'addgroup', 'adduser'].map((name) => ({
            path: `bin/${name}`,
            linkTarget: '/bin/busybox',
          })),
        ],
      }),
    ],
  });
  const from = { repositories: [repository], allowUntrusted: true };
  const config = { ...request([], from).config, user };
  return use({ cache: join(dir, 'cache') }, (context) =>
    compose(context, request(['service'], from, { install, config })),
  );
}

test('users that scripts add: in static mode they are there, in deferred mode they are to come', async (t) => {
  assert.deepEqual((await composeWith(t, 'static', 'app')).notes, []);
  await refused(composeWith(t, 'static', 'ap'), 'USAGE', 'no user ap', 'Did you mean app?');
  const { notes } = await composeWith(t, 'deferred', 'app');
  assert.match(notes.join('\n'), /--user app: no user app/);
});
