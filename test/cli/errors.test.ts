import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT_CODES, EXIT_MEANINGS } from '../../src/cli/exit-codes.ts';
import { AppError, type ErrorCode } from '../../src/model/app-error.ts';
import { runFake } from './fake-app.ts';

const failing = (error: unknown) => ({ answers: { compose: async () => Promise.reject(error) } });

test('every code has its own exit code, and a meaning', () => {
  const codes = Object.values(EXIT_CODES);
  assert.equal(new Set(codes).size, codes.length);
  const explained = EXIT_MEANINGS.map(([exitCode]) => exitCode);
  assert.equal(new Set(explained).size, explained.length);
  for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
    assert.ok(
      EXIT_MEANINGS.some(([code, meant]) => code === exitCode && meant === name),
      name,
    );
    assert.ok(exitCode > 1 && exitCode < 144);
  }
});

for (const code of Object.keys(EXIT_CODES) as ErrorCode[]) {
  test(`${code} is rendered as text and as JSON with the same exit code`, async () => {
    const error = new AppError(code, 'out.tar: no room', { hint: 'free some', details: { path: 'out.tar' } });
    const plain = await runFake(['gcc'], failing(error));
    assert.deepEqual([plain.exitCode, plain.stdout], [EXIT_CODES[code], '']);
    assert.equal(plain.stderr, 'error: out.tar: no room\nhint: free some\n');
    const json = await runFake(['gcc', '--json'], failing(error));
    assert.deepEqual([json.exitCode, json.stderr], [EXIT_CODES[code], '']);
    assert.deepEqual(JSON.parse(json.stdout), {
      error: { code, message: 'out.tar: no room', hint: 'free some', details: { path: 'out.tar' } },
    });
  });
}

test('text from outside makes no line of its own', async () => {
  const text = 'a\nerror: fake\r\nnote: fake\u001b[2J\u2028';
  const error = new AppError('NETWORK', text, { hint: text, cause: new Error(text) });
  const { stderr } = await runFake(['gcc', '--verbose'], failing(error));
  assert.deepEqual(
    stderr.split('\n').filter((line) => line !== '' && !line.startsWith('  ')),
    ['error: a', 'hint: a', 'caused by: Error: a'],
  );
  assert.ok(!stderr.includes('\u001b') && !stderr.includes('\r') && !stderr.includes('\u2028'));
});

test('causes are shown with --verbose', async () => {
  const cause = new Error('ECONNRESET', { cause: 'the wire' });
  const error = new AppError('NETWORK', 'no mirror answered', { cause });
  assert.doesNotMatch((await runFake(['gcc'], failing(error))).stderr, /ECONNRESET/);
  assert.match(
    (await runFake(['gcc', '--verbose'], failing(error))).stderr,
    /^caused by: Error: ECONNRESET\ncaused by: the wire$/m,
  );
});

test('a cause that names itself ends', async () => {
  const error = new AppError('NETWORK', 'x');
  Object.defineProperty(error, 'cause', { value: error });
  assert.equal((await runFake(['gcc', '--verbose'], failing(error))).exitCode, 5);
});

test('a bug is exit code 70, with its stack and a request to report it', async () => {
  const { exitCode, stderr } = await runFake(['gcc'], failing(new TypeError('x is not a function')));
  assert.equal(exitCode, 70);
  assert.match(
    stderr,
    /^error: internal error: this is a bug[\s\S]*TypeError: x is not a function\n {4}at [\s\S]*report it/,
  );
  const json = await runFake(['gcc', '--json'], failing('a string'));
  assert.equal(json.exitCode, 70);
  assert.deepEqual(JSON.parse(json.stdout).error.message, 'a string');
});

test('what the system refuses at a path is STORAGE, whoever met it', async () => {
  const refusal = (code: string) => Object.assign(new Error('x'), { code, syscall: 'open', path: 'b.tar' });
  const { exitCode, stderr } = await runFake(['gcc'], failing(refusal('EACCES')));
  assert.deepEqual([exitCode, stderr], [EXIT_CODES.STORAGE, 'error: b.tar: permission denied\n']);
  const json = await runFake(['gcc', '--json'], failing(refusal('EXDEV')));
  assert.deepEqual(JSON.parse(json.stdout).error.details, { path: 'b.tar', errno: 'EXDEV' });
});

test('an error in the command line is JSON too when --json was asked for', async () => {
  const { stdout, stderr, exitCode } = await runFake(['--json', 'gcc', '--bogus']);
  assert.deepEqual([exitCode, stderr], [2, '']);
  assert.equal(JSON.parse(stdout).error.code, 'USAGE');
  assert.equal((await runFake(['gcc', '--bogus', '--', '--json'])).stdout, '');
});

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} cancels, whatever the work then says`, async () => {
    for (const outcome of [new AppError('NETWORK', 'aborted'), new Error('aborted')]) {
      const controller = new AbortController();
      const compose = async () => {
        controller.abort(signal);
        throw outcome;
      };
      const { exitCode, stderr } = await runFake(['gcc'], {
        signal: controller.signal,
        answers: { compose },
      });
      assert.deepEqual([exitCode, stderr], [expected, 'error: interrupted\n']);
    }
  });
}
