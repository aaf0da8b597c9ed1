import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { intendedCommand } from '../../src/cli/args/mistyped.ts';
import { commandNames } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { sharedData } from '../fixtures/shared.ts';
import { runFake } from './fake-app.ts';

const COMMAND_NAMES = commandNames(COMMANDS);

test('typing errors and the words of other tools', () => {
  for (const [word, meant] of [
    ['biuld', 'compose build'],
    ['buld', 'compose build'],
    ['buildd', 'compose build'],
    ['pul', 'compose pull'],
    ['serach', 'compose search'],
    ['inspct', 'compose inspect'],
    ['tag', 'compose tags'],
    ['list', 'compose search or compose cache ls'],
    ['install', 'compose PKG…'],
    ['up', 'compose PKG… --load'],
  ] as const) {
    assert.equal(intendedCommand(word, COMMAND_NAMES), meant, word);
  }
  for (const word of ['gcc', 'git', 'jq', 'mc', 'cpp', 'file', 'constructor', 'ccache', 'bash-completion']) {
    assert.equal(intendedCommand(word, COMMAND_NAMES), undefined, word);
  }
});

test('a mistyped command is told before anything is fetched, unless a repository has such a package', async () => {
  for (const line of [
    ['biuld', 'x.yaml'],
    ['pul', 'git'],
    ['--distro', 'arch', 'list'],
  ]) {
    const { exitCode, stderr, calls } = await runFake(line);
    assert.equal(exitCode, 2, stderr);
    assert.match(
      stderr,
      /^error: no command "(biuld|pul|list)"\nhint: Did you mean compose .*\? .*compose -- /,
    );
    assert.deepEqual(
      calls.map(({ name }) => name).filter((name) => name !== 'packageNames'),
      [],
    );
  }
  const packageNames = async () => ['pul', 'pulp'];
  const known = await runFake(['pul'], { answers: { packageNames } });
  assert.deepEqual(known.calls.map(({ name }) => name).at(-1), 'compose');
  const escaped = await runFake(['--', 'pul']);
  assert.deepEqual(
    escaped.calls.map(({ name }) => name),
    ['compose'],
  );
});

const alpine = sharedData('data/alpine/v3.19');

test(
  'no package of Alpine is taken for a mistyped command',
  { skip: alpine === undefined && 'no ../shared/data' },
  () => {
    for (const repository of ['main', 'community']) {
      const index = gunzipSync(readFileSync(join(alpine!, repository, 'x86_64/APKINDEX.tar.gz'))).toString(
        'latin1',
      );
      const names = [...index.matchAll(/^P:(.*)$/gm)].map(([, name]) => name!);
      assert.ok(names.length > 5000);
      assert.deepEqual(
        names.filter(
          (name) => intendedCommand(name, COMMAND_NAMES) !== undefined && !COMMAND_NAMES.includes(name),
        ),
        [],
      );
    }
  },
);

test('help and version are words', async () => {
  const overview = (await runFake(['help'])).stdout;
  assert.equal((await runFake(['--help'])).stdout, overview);
  for (const line of overview.split('\n')) assert.ok(line.length <= 80, line);
  for (const name of COMMAND_NAMES) assert.match(overview, new RegExp(`^  ${name}\\b`, 'm'));
  assert.equal((await runFake(['help', 'push'])).stdout, (await runFake(['push', '--help'])).stdout);
  assert.match((await runFake(['help', 'compose'])).stdout, /--layer-encoding/);
  assert.equal((await runFake(['help', 'compose'])).stdout, (await runFake(['gcc', '--help'])).stdout);
  const unknown = await runFake(['help', 'biuld']);
  assert.equal(unknown.exitCode, 2);
  assert.match(unknown.stderr, /hint: Did you mean compose help build\?/);
  assert.equal((await runFake(['version'])).stdout, (await runFake(['-V'])).stdout);
});
