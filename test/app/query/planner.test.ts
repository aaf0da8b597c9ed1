import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPlanner } from '../../../src/app/query/planner.ts';
import { run } from '../../../src/cli/run.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import type { PlanAnswer } from '../../../src/model/request.ts';
import { indexOf } from '../../distros/alpine/memory-source.ts';
import { makeApkIndexOf } from '../../fixtures/apk.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { index } from '../harness.ts';
import { alpineShelf, archShelf, type Shelf } from '../repositories/index-folders.ts';

interface Ended {
  readonly exitCode: number;
  readonly stderr: string;
  readonly answers: readonly PlanAnswer[];
}

async function ask(shelf: Shelf, input: string, more: readonly string[] = []): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const { distro, repositories } = shelf.source;
  const words = [
    '--distro',
    distro,
    '--arch',
    'x86_64',
    '--allow-untrusted',
    '--cache',
    shelf.cache,
    ...more,
  ];
  async function* stdin(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(input);
  }
  const exitCode = await run(
    ['plan', '--batch', ...words, ...repositories.flatMap((line) => ['--repo', line])],
    {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      env: {},
      stdin,
    },
  );
  const lines = stdout.split('\n').slice(0, -1);
  return { exitCode, stderr, answers: lines.map((line) => JSON.parse(line) as PlanAnswer) };
}

const lines = (...questions: readonly unknown[]): string =>
  questions.map((question) => `${JSON.stringify(question)}\n`).join('');

test('a batch answers each question in its order, with the packages or the words of apk', async (t) => {
  const shelf = alpineShelf(tempDir(t), { main: ['a-1-r0 D:b', 'b-1-r0'], '@edge more': ['a-2-r0 D:b'] });
  const { exitCode, answers } = await ask(
    shelf,
    lines({ add: ['a'] }, { add: ['gone'] }, { add: ['a@edge'] }, { add: [] }, { add: ['b', 'a'] }),
  );
  assert.deepEqual(answers, [
    { add: ['a'], install: ['b-1-r0', 'a-1-r0'] },
    {
      add: ['gone'],
      error: [
        'ERROR: unable to select packages:',
        '  gone (no such package):',
        '    required by: world[gone]',
      ],
    },
    { add: ['a@edge'], install: ['b-1-r0', 'a-2-r0@edge'] },
    { add: [], install: [] },
    { add: ['b', 'a'], install: ['b-1-r0', 'a-1-r0'] },
  ]);
  assert.equal(exitCode, 0, 'a refusal is an answer');
});

test('a batch of pacman, in its own words', async (t) => {
  const shelf = archShelf(tempDir(t), {
    core: [
      { name: 'a', version: '1-1', depends: ['b'] },
      { name: 'b', version: '1-1' },
    ],
  });
  const { answers } = await ask(shelf, lines({ add: ['a'] }, { add: ['gone'] }));
  assert.deepEqual(answers, [
    { add: ['a'], install: ['b-1-1', 'a-1-1'] },
    { add: ['gone'], error: ['error: target not found: gone'] },
  ]);
});

test('a line that is no question is answered with what is wrong, and the exit code says so at the end', async (t) => {
  const shelf = alpineShelf(tempDir(t), { main: ['a-1-r0'] });
  const bad = [
    'junk',
    '[]',
    '{}',
    'null',
    '{"add":"a"}',
    '{"add":[1]}',
    '{"add":[""]}',
    '{"add":["a"],"del":["b"]}',
  ];
  const { exitCode, answers } = await ask(shelf, `${bad.join('\n')}\n\n{"add":["a"]}`);
  assert.equal(answers.length, bad.length + 1, 'an empty line is no question');
  for (const [at, line] of bad.entries()) {
    const answer = answers[at] as { add: string[]; error: string[] };
    assert.match(answer.error.join('\n'), /^expected \{"add":\["NAME",…\]\}, got /, line);
  }
  assert.deepEqual(answers.at(-1), { add: ['a'], install: ['a-1-r0'] });
  assert.equal(exitCode, 2);
});

test('packages beside --batch are refused before anything is read', async (t) => {
  const shelf = alpineShelf(tempDir(t), { main: ['a-1-r0'] });
  const { exitCode, stderr, answers } = await ask(shelf, lines({ add: ['a'] }), ['a']);
  assert.deepEqual([exitCode, answers], [2, []]);
  assert.match(stderr, /expected no arguments, got "a"/);
});

test('a repository that cannot be read fails the batch, not its answers', async (t) => {
  const dir = tempDir(t);
  const shelf = alpineShelf(dir, { main: ['a-1-r0'] });
  writeFileSync(join(dir, 'main', 'APKINDEX.tar.gz'), 'damaged');
  const { exitCode, stderr, answers } = await ask(shelf, lines({ add: ['a'] }));
  assert.deepEqual(answers, []);
  assert.notEqual(exitCode, 0);
  assert.match(stderr, /^error: [\s\S]*APKINDEX/m);
});

test('all answers are over one state of the repositories, whatever is indexed meanwhile', async (t) => {
  const dir = tempDir(t);
  const shelf = alpineShelf(dir, { main: ['a-1-r0 D:b', 'b-1-r0'] });
  const planner = await openPlanner(
    { env: {}, progress: silentProgress, signal: new AbortController().signal, cacheDirectory: shelf.cache },
    shelf.source,
  );
  writeFileSync(
    join(dir, 'main', 'APKINDEX.tar.gz'),
    makeApkIndexOf(indexOf('b-2-r0', 'c-1-r0', 'a-2-r0 D:c')),
  );
  await index(shelf.cache, shelf.source);
  // More questions than one source answers: later ones are opened over the same state.
  for (let n = 0; n < 700; n += 1) {
    assert.deepEqual(planner.plan(['a']), { add: ['a'], install: ['b-1-r0', 'a-1-r0'] });
  }
  planner.close();
  const { answers } = await ask(shelf, lines({ add: ['a'] }));
  assert.deepEqual(answers, [{ add: ['a'], install: ['c-1-r0', 'a-2-r0'] }]);
});
