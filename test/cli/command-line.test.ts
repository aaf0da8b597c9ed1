import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitCommand } from '../../src/cli/args/command-word.ts';
import { parseArgs } from '../../src/cli/args/parse-args.ts';
import { commandNames, loadCommand, loadCommands } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runFake } from './fake-app.ts';

const composeCommand = await loadCommand(COMMANDS, '');

function read(...line: string[]) {
  const { options, args } = parseArgs(composeCommand.options, line);
  return { args, ...Object.fromEntries(options) };
}

test('values stay the text that was typed', () => {
  for (const text of [
    '3.20',
    '007',
    '1e3',
    '0x10',
    'true',
    '',
    '"quoted"',
    "'q'",
    'a.b',
    'two\nlines',
    'ä=b',
  ]) {
    assert.deepEqual(read(`--release=${text}`, 'gcc'), { args: ['gcc'], release: [text] });
    assert.deepEqual(read('gcc', '--env', text), { args: ['gcc'], env: [text] });
  }
  assert.deepEqual(read('1', '1.0', '0x1', 'a.b', 'true', ''), {
    args: ['1', '1.0', '0x1', 'a.b', 'true', ''],
  });
});

test('an option takes one word each time, in order', () => {
  assert.deepEqual(read('-t', 'a', 'gcc', '--tag', 'b', 'git', '--tag=c'), {
    args: ['gcc', 'git'],
    tag: ['a', 'b', 'c'],
  });
  assert.deepEqual(read('-qt', 'a', 'gcc', '-o', '-'), {
    args: ['gcc'],
    quiet: ['true'],
    tag: ['a'],
    output: ['-'],
  });
});

test('a letter takes the rest of its word, with or without =', () => {
  const tagged = { args: ['gcc'], tag: ['q'] };
  for (const word of ['-tq', '-t=q']) assert.deepEqual(read(word, 'gcc'), tagged);
  assert.deepEqual(read('-qt=', 'gcc'), { args: ['gcc'], quiet: ['true'], tag: [''] });
  assert.throws(() => read('-q=true'), /^AppError: -q: expected no value, got one$/);
  assert.throws(() => read('-q-', 'gcc'), /unknown option -q-$/);
  assert.throws(() => read('---'), /unknown option ---$/);
});

test('a value that looks like an option is missing, unless it is a number or a dash', () => {
  for (const line of [['--tag'], ['--tag', '--quiet'], ['-t', '--', 'gcc'], ['-qt', '-x']]) {
    assert.throws(() => read(...line), /^AppError: (-t|--tag): expected a value, got none$/);
  }
  for (const text of ['-', '-1', '-1.5', '-.5']) {
    assert.deepEqual(read('-t', text, text), { args: [text], tag: [text] });
  }
  assert.deepEqual(read('--tag=--quiet'), { args: [], tag: ['--quiet'] });
  assert.deepEqual(read('-12', 'x', '-3'), { args: ['-12', 'x', '-3'] });
});

test('a switch takes no word', () => {
  assert.deepEqual(read('--json', 'true', '-q', 'false', '--no-progress', 'gcc'), {
    args: ['true', 'false', 'gcc'],
    json: ['true'],
    quiet: ['true'],
    'no-progress': ['true'],
  });
  assert.throws(() => read('--no-json', 'gcc'), /unknown option --no-json/);
});

test('--load takes its engine with = alone, and -- ends the options', () => {
  assert.deepEqual(read('--load', 'docker'), { args: ['docker'], load: ['auto'] });
  assert.deepEqual(read('gcc', '--load=docker', '--', '--load', '-q'), {
    args: ['gcc', '--load', '-q'],
    load: ['docker'],
  });
});

test('the command is the first word that is no option and no value of one', async () => {
  const nameOf = async (...line: string[]) => (await splitCommand(line, COMMANDS)).name;
  assert.equal(await nameOf('plan', 'gcc'), 'plan');
  assert.equal(await nameOf('--json', 'plan', 'gcc'), 'plan');
  assert.equal(await nameOf('--distro', 'arch', '-qt', 'build', '--load', 'index'), 'index');
  assert.equal(await nameOf('--max-size', '-1', 'cache'), 'cache');
  assert.equal(await nameOf('-tx', 'plan', '-tq', 'index'), 'plan');
  assert.equal(await nameOf('-t', 'plan', 'gcc', 'index'), '');
  assert.equal(await nameOf('--', 'plan'), '');
  assert.equal(await nameOf('-t', '--', 'plan'), '');
  assert.deepEqual((await splitCommand(['-q', 'plan', 'plan', '--', 'plan'], COMMANDS)).rest, [
    '-q',
    'plan',
    '--',
    'plan',
  ]);
});

test('an option of another command is named as that', async () => {
  const { stdout, exitCode } = await runFake(['plan', 'gcc', '-t', 'x', '--json']);
  assert.equal(exitCode, 2);
  const { message, details } = JSON.parse(stdout).error;
  assert.equal(message, 'not an option of compose plan: -t');
  assert.deepEqual([details.option, details.got], ['-t', '-t']);
  assert.ok(details.expected.includes('--distro') && !details.expected.includes('--tag'));
});

test('names that every object has are unknown options like others', async () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    for (const line of [[`--${name}`], ['plan', 'gcc', `--${name}=x`], ['cache', 'ls', `--${name}`]]) {
      const { exitCode, stderr } = await runFake(line);
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, new RegExp(`^error: unknown option --${name}$`, 'm'));
    }
  }
});

test('any line is done or refused, never a bug', async () => {
  const commands = await loadCommands(COMMANDS);
  const names = commands.flatMap(({ options }) => Object.keys(options)).map((name) => `--${name}`);
  const odd = [
    '--',
    '-',
    '---',
    '--=',
    '--=x',
    '-=',
    '--_',
    '-_',
    '--_=x',
    '-q_',
    '--$0',
    '--a.b',
    '--a.b=c',
    '-e.x=1',
  ];
  const proto = [
    '--__proto__',
    '--__proto__=x',
    '--constructor',
    '--toString',
    '--__proto__.x=1',
    '-t5',
    '-ofile',
    '-9',
  ];
  const word = fc.oneof(
    fc.constantFrom(
      ...names,
      ...odd,
      ...proto,
      // A server is not done before it is told to end.
      ...commandNames(COMMANDS).filter((name) => name !== 'serve'),
      'gcc',
      '-t',
      '-e',
      '-o',
      '-q',
      '-qt',
    ),
    fc.tuple(fc.constantFrom(...names), fc.string()).map(([name, text]) => `${name}=${text}`),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (line) => {
      const { exitCode, stderr, stdout } = await runFake(line);
      assert.ok([0, 1, 2].includes(exitCode), `${stderr}${stdout}`);
      assert.equal(Object.hasOwn(Object.prototype, 'x'), false);
    }),
    { numRuns: 300 },
  );
});
