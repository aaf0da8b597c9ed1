import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toggle } from '../../src/cli/args/option.ts';
import { defineAction, defineActions, loadCommands } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { type Fakes, runFake } from './fake-app.ts';
import { command as greet } from './greet.ts';

const door = defineActions({
  name: 'door',
  argument: 'open|close',
  group: 'Shell',
  summary: 'Open or close a door',
  actions: {
    open: defineAction({
      argument: 'DOOR…',
      options: { wide: toggle({ group: 'Query', describe: 'As far as it goes' }) },
      run: async ({ args, options: { wide } }) => ({ kind: 'text', data: args, text: `${args}, ${wide}\n` }),
    }),
    close: defineAction({
      argument: '',
      options: {},
      run: async () => ({ kind: 'text', data: {}, text: 'closed\n' }),
    }),
  },
  examples: [['compose door close', 'the one there is']],
});

/** All that a command needs besides its file: its line. */
const commands = {
  ...COMMANDS,
  greet: async () => ({ command: greet }),
  door: async () => ({ command: door }),
};

const run = (line: string, fakes: Fakes = {}) => runFake(line.split(' '), { commands, ...fakes });

test('the guide to adding a command shows that file, as it would be in src/cli/commands', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/architecture.md'), 'utf8');
  const file = readFileSync(join(import.meta.dirname, 'greet.ts'), 'utf8');
  const moved = file.replaceAll('../../src/app/', '../../app/').replaceAll('../../src/cli/', '../');
  assert.ok(guide.includes(`\`\`\`ts\n${moved}\`\`\`\n`), moved);
});

test('a command runs with the typed values of its options and arguments', async () => {
  assert.equal((await run('greet Ann')).stdout, 'hello Ann\n');
  assert.equal((await run('--times 2 greet Ann Dr. -l')).stdout, 'HELLO DR.ANN\nHELLO DR.ANN\n');
  assert.deepEqual(JSON.parse((await run('greet Ann --distro arch --json')).stdout), {
    who: 'Ann',
    distro: 'arch',
  });
  assert.equal((await run('greet Ann -q')).stdout, '');
});

test('its command line is checked as it is declared', async () => {
  for (const [line, message] of [
    ['greet', /compose greet: expected WHO \[TITLE\], got none/],
    ['greet a b c', /compose greet: expected WHO \[TITLE\], got "a b c"/],
    ['greet a --times 4', /--times: expected a whole number from 1 to 3, got "4"/],
    ['greet a --tims 4', /unknown option --tims\nhint: Did you mean --times\?/],
    ['greet a --tag x', /not an option of compose greet: --tag/],
    ['gcc --times 2', /not an option of compose PKG…: --times/],
    ['gret a', /no command "gret"\nhint: Did you mean compose greet\?/],
  ] as const) {
    const { exitCode, stderr, calls } = await run(line);
    assert.equal(exitCode, 2, line);
    assert.match(stderr, message);
    assert.deepEqual(
      calls.filter(({ name }) => name !== 'packageNames'),
      [],
    );
  }
});

test('an action takes its own options and arguments', async () => {
  assert.equal((await run('door open front back --wide')).stdout, 'front,back, true\n');
  assert.equal((await run('--wide door open front')).stdout, 'front, true\n');
  assert.equal((await run('door close')).stdout, 'closed\n');
  for (const [line, message] of [
    ['door', /compose door: expected open or close, got none/],
    ['door slam', /compose door: expected open or close, got "slam"/],
    ['door open', /compose door open: expected at least one DOOR, got none/],
    ['door close x', /compose door close: expected no arguments, got "x"/],
    [
      'door close --wide',
      /not an option of compose door close: --wide\nhint: It is an option of compose door open/,
    ],
  ] as const) {
    const { exitCode, stderr } = await run(line);
    assert.equal(exitCode, 2, line);
    assert.match(stderr, message);
  }
});

test('it is in the help, the manual page and the completion', async () => {
  assert.match((await run('help')).stdout, /^ {2}greet WHO \[TITLE\] +Greet somebody$/m);
  const help = (await run('greet --help')).stdout;
  assert.match(help, /^Usage: compose greet WHO \[TITLE\] \[options\]$/m);
  assert.match(help, /--times +<N> How often \[default: 1\]/);
  assert.match(help, /-l, --loud +In capitals/);
  assert.match(help, /--distro .*--json /s);
  const page = (await run('help --man')).stdout;
  assert.match(page, /\.SS "compose greet WHO \[TITLE\]"/);
  assert.match(page, /\\fB\\-l, \\-\\-loud\\fR/);
  const completed = async (line: string) =>
    (await run(`--get-yargs-completions compose ${line}`)).stdout.split('\n');
  assert.deepEqual(await completed('gree'), ['greet\tGreet somebody', '']);
  assert.deepEqual(await completed('greet --lo'), ['--loud\tIn capitals', '']);
  assert.deepEqual(await completed('door '), ['open', 'close', '']);
  assert.deepEqual(await completed('door open --w'), ['--wide\tAs far as it goes', '']);
  assert.deepEqual(await completed('door close --w'), ['']);
});

test('a command is listed under the name that its file gives', async () => {
  assert.deepEqual(
    (await loadCommands(COMMANDS)).map(({ name }) => name),
    Object.keys(COMMANDS),
  );
});

test('an option takes a word, or none, whatever the command: the command is found before it is known', async () => {
  const kinds = new Map<string, string>();
  for (const command of await loadCommands(COMMANDS)) {
    for (const [name, { takes, short = '' }] of Object.entries(command.options)) {
      for (const key of [name, ...(short === '' ? [] : [short])]) {
        assert.equal(kinds.get(key) ?? takes, takes, `${command.name} --${name}`);
        kinds.set(key, takes);
      }
    }
  }
});
