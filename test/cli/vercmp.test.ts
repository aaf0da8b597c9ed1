import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_LINE_CHARS, readLines } from '../../src/cli/render/lines.ts';
import { run } from '../../src/cli/run.ts';
import { sharedData } from '../fixtures/shared.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

async function* bytes(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function vercmp(argv: readonly string[], input: AsyncIterable<Uint8Array> = bytes()): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const exitCode = await run(['vercmp', ...argv], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    stdin: () => input,
  });
  return { exitCode, stdout, stderr };
}

/** What is printed, with the exit code where it is not 0. */
async function told(line: string, input?: AsyncIterable<Uint8Array>): Promise<string> {
  const { exitCode, stdout } = await vercmp(line.split(' '), input);
  return exitCode === 0 ? stdout : `${stdout}[${exitCode}]`;
}

test('two versions are ordered as each package manager orders them', async () => {
  assert.equal(await told('1.2_rc1 1.2'), '<\n');
  assert.equal(await told('1.2_rc1 1.2 --distro arch'), '>\n');
  assert.equal(await told('1.0 1.0-2 --distro arch'), '=\n');
  assert.deepEqual(JSON.parse(await told('1.10 1.9 --json')), { a: '1.10', b: '1.9', result: '>' });
});

test('with an operator the answer is true or false, and the exit code says so too', async () => {
  assert.equal(await told('1.2.3-r0 ~ 1.2'), 'true\n');
  assert.equal(await told('1.2.3-r0 = 1.2'), 'false\n[1]');
  assert.equal(await told('1:1 >= 2 --distro arch'), 'true\n');
  assert.deepEqual(JSON.parse(await told('1 < 2 --json')), { a: '1', operator: '<', b: '2', result: true });
});

test('what is no comparison is refused', async () => {
  for (const line of ['1', '1 2 3 4', '1 ? 2', '1 ~ 2 --distro arch', '1 >< 2', '1 2 --batch']) {
    const { exitCode, stdout, stderr } = await vercmp(line.split(' '));
    assert.equal(exitCode, 2, line);
    assert.equal(stdout, '');
    assert.match(stderr, /^error: compose vercmp: expected /);
  }
  assert.equal((await vercmp([])).exitCode, 2);
});

test('--validate says of each whether it is a version', async () => {
  assert.equal(await told('--validate 1.2-r0 1.2a_p1~ab'), 'valid\nvalid\n');
  assert.equal(await told('--validate 1.2-r0 1..2'), 'valid\ninvalid\n[1]');
  assert.deepEqual(JSON.parse(await told('--validate 1:2 --json --distro arch')), [
    { version: '1:2', valid: true },
  ]);
});

test('a version of Arch is [epoch:]pkgver[-pkgrel]', async () => {
  const valid = ['1', '1-1', '1-1.5', '2:1.0rc1+r5.gabc-1', '20240101_~x'];
  const invalid = ['', '-1', '1-', '1-a', '1-2-3', 'a:1', ':1', '1:', '1:2:3', '1/2', '1 2', 'é', '1-1.'];
  const { stdout } = await vercmp(
    ['--validate', '--batch', '--distro', 'arch'],
    bytes(`${[...valid, ...invalid].join('\n')}\n`),
  );
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    ...valid.map(() => 'valid'),
    ...invalid.map((version) =>
      version.includes(' ') ? 'error: expected one version, got "1 2"' : 'invalid',
    ),
  ]);
});

test('--batch answers line by line, a bad line too', async () => {
  const input = () => bytes('1 2\n1.2 ~ ', '1\r\nx', '\n\n', '\t\n1\t\n 2   1 ');
  assert.equal(
    await told('--batch', input()),
    [
      '<',
      'true',
      'error: expected two versions, or a version, an operator and a version, got "x"',
      'error: expected two versions, or a version, an operator and a version, got ""',
      '=',
      '>',
      '>',
      '[2]',
    ].join('\n'),
  );
  const lines = (await told('--batch --json', input())).split('\n');
  assert.deepEqual(JSON.parse(lines[0] ?? ''), { a: '1', b: '2', result: '<' });
  assert.deepEqual(Object.keys(JSON.parse(lines[2] ?? '')), ['error']);
});

test('--batch without input answers nothing', async () => {
  assert.equal(await told('--batch'), '');
});

test('an answer is written before the next question is asked', async () => {
  const events: string[] = [];
  async function* questions(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < 5; at += 1) {
      events.push('question');
      yield Buffer.from('1 2\n');
      // The answer needs a few turns of the event loop to come out.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  await run(['vercmp', '--batch'], {
    stdout: { write: () => events.push('answer') },
    stderr: { write: () => undefined },
    env: {},
    stdin: questions,
  });
  assert.ok(events.indexOf('answer') < 4, events.join());
});

test('a line without end is refused and does not fill the memory', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < 40; at += 1) yield Buffer.alloc(65_536, 'x');
    yield Buffer.from('\n1 2\n');
  }
  const { exitCode, stdout } = await vercmp(['--batch'], endless());
  assert.match(stdout, /^error: expected at most 1048576 characters, got "x{40}…"\n<\n$/);
  assert.equal(exitCode, 2);
});

test('an interrupt ends a batch that waits for its next line', async () => {
  const controller = new AbortController();
  async function* waiting(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('1 2\n');
    controller.abort('SIGINT');
    await new Promise(() => undefined);
  }
  const exitCode = await run(['vercmp', '--batch'], {
    stdout: { write: () => undefined },
    stderr: { write: () => undefined },
    env: {},
    signal: controller.signal,
    stdin: waiting,
  });
  assert.equal(exitCode, 130);
});

async function linesOf(input: AsyncIterable<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of readLines(input)) lines.push(...some);
  return lines;
}

test('lines are the same however the bytes are cut', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '𝄞', '\n', '\t'), maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 5 }), async (whole, size) => {
      const encoded = Buffer.from(whole);
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < encoded.length; at += size) yield encoded.subarray(at, at + size);
      }
      const lines = await linesOf(pieces());
      assert.deepEqual(
        lines,
        whole.split('\n').slice(0, whole === '' || whole.endsWith('\n') ? -1 : undefined),
      );
    }),
  );
  const longest = await linesOf(bytes('x'.repeat(MAX_LINE_CHARS + 9)));
  assert.deepEqual(
    longest.map((line) => line.length),
    [MAX_LINE_CHARS + 1],
  );
});

/** A table of the real tools' answers: the questions of one row, and what must be answered. */
interface Table {
  readonly file: string;
  readonly options: readonly string[];
  readonly rows: (cells: readonly string[]) => readonly (readonly [question: string, answer: string])[];
}

const ORDERS: Readonly<Record<string, string>> = { '-1': '<', '0': '=', '1': '>' };
const OPERATORS = ['=', '<', '>', '<=', '>=', '~', '>~', '<~'];
const validity = (bit: string): string => (bit === '1' ? 'valid' : 'invalid');

const TABLES: readonly Table[] = [
  {
    file: 'apk-version.tsv',
    options: [],
    rows: ([a, operator, b, , , apk3, , cmp3]) => [
      [`${a}\t${operator}\t${b}`, String(apk3 === '1')],
      [`${a}\t${b}`, cmp3 ?? ''],
    ],
  },
  { file: 'apk-version-real.tsv', options: [], rows: ([a, b, , apk3]) => [[`${a}\t${b}`, apk3 ?? '']] },
  {
    file: 'apk-version-fuzz.tsv',
    options: [],
    rows: ([a, b, , cmp3, , ops3 = '']) => [
      [`${a}\t${b}`, cmp3 ?? ''],
      ...OPERATORS.map((operator, at) => [`${a}\t${operator}\t${b}`, String(ops3[at] === '1')] as const),
    ],
  },
  {
    file: 'apk-version-valid.tsv',
    options: ['--validate'],
    rows: ([version, , , apk3 = '']) => [[version ?? '', validity(apk3)]],
  },
  {
    file: 'apk-version-valid-fuzz.tsv',
    options: ['--validate'],
    rows: ([version, , apk3 = '']) => [[version ?? '', validity(apk3)]],
  },
  ...['vercmp.tsv', 'vercmp-fuzz.tsv'].map((file): Table => {
    return {
      file,
      options: ['--distro', 'arch'],
      rows: ([a, b, expected = '']) => [[`${a}\t${b}`, ORDERS[expected] ?? '']],
    };
  }),
];

for (const { file, options, rows } of TABLES) {
  test(`one batch process answers every row of ${file}`, (t) => {
    const path = sharedData(`vectors/${file}`);
    if (path === undefined) return t.skip(`skipped: shared/vectors/${file} is not here`);
    const [, ...lines] = readFileSync(path, 'utf8').replace(/\n$/, '').split('\n');
    const asked = lines.flatMap((line) => rows(line.split('\t')));
    assert.ok(asked.length > 20);
    const { status, stdout } = spawnSync(process.execPath, [MAIN, 'vercmp', '--batch', ...options], {
      encoding: 'utf8',
      input: asked.map(([question]) => `${question}\n`).join(''),
      maxBuffer: 64_000_000,
      env: { PATH: process.env.PATH, NODE_DISABLE_COMPILE_CACHE: '1' },
    });
    assert.equal(status, 0);
    const answers = stdout.split('\n');
    const wrong = asked.filter(([, answer], at) => answer !== answers[at]);
    assert.deepEqual(wrong, []);
    assert.equal(answers.length, asked.length + 1);
  });
}
