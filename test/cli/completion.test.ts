import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { loadCommands } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { COMPLETION_SCRIPTS, SHELLS } from '../../src/cli/completion-scripts.ts';
import { runFake } from './fake-app.ts';

async function candidates(...words: string[]): Promise<readonly string[]> {
  const { stdout, exitCode } = await runFake(['--get-yargs-completions', 'compose', ...words]);
  assert.equal(exitCode, 0);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0]!);
}

test('commands and options say what they do, behind a tab', async () => {
  const { stdout } = await runFake(['--get-yargs-completions', 'compose', 'pl']);
  assert.match(stdout, /^plan\tShow what would be installed/);
  const options = await runFake(['--get-yargs-completions', 'compose', 'mirror', 'add', '--al']);
  assert.match(options.stdout, /^--all\tMirror every package of the repositories\n--allow-untrusted\t/);
});

test('commands, options, values and packages', async () => {
  assert.deepEqual(await candidates('pl'), ['plan']);
  assert.deepEqual(await candidates('gc'), ['gcc', 'gcc-doc']);
  assert.deepEqual(await candidates('plan', 'gc'), ['gcc', 'gcc-doc']);
  assert.deepEqual(await candidates('gcc', 'pla'), []);
  assert.deepEqual(await candidates('cache', ''), ['ls', 'verify', 'gc']);
  assert.deepEqual(await candidates('cache', 'ls', ''), []);
  assert.deepEqual(await candidates('--distro', 'a'), ['alpine', 'arch']);
  assert.deepEqual(await candidates('--distro=ar'), ['--distro=arch']);
  assert.deepEqual(await candidates('gcc', '--load=d'), ['--load=docker']);
  assert.deepEqual(await candidates('-t', 'x', '--dist'), ['--distro']);
  assert.deepEqual(await candidates('plan', '--lay'), []);
  assert.deepEqual(await candidates('gcc', '--layers', ''), ['package', 'auto', 'bundle', 'single']);
  assert.deepEqual(await candidates('completion', 'f'), ['fish']);
  assert.deepEqual(await candidates('build', ''), [], 'file names are the shell’s');
  assert.deepEqual(await candidates('-o', ''), [], 'file names are the shell’s');
  assert.deepEqual(await candidates('--', '--dis'), []);
  assert.deepEqual(await candidates('gcc', '--bogus', '--nope=', '-', 'x'), []);
});

test('the first word is a command as long as one begins like it, then a package', async () => {
  const first = await candidates('');
  for (const word of ['build', 'index', 'plan', 'cache', 'help']) assert.ok(first.includes(word), word);
  assert.ok(!first.includes('gcc'));
  assert.deepEqual(await candidates('gcc-d'), ['gcc-doc']);
  assert.deepEqual(await candidates('gcc', '--arch', 'arm6'), ['arm64']);
  assert.deepEqual(await candidates('help', 'pus'), ['push']);
  assert.ok(!(await candidates('--', '')).includes('build'));
});

test('package names are those of the distribution on the line', async () => {
  const distros: unknown[] = [];
  const packageNames = async (query: { distro: string }) => {
    distros.push(query.distro);
    return [];
  };
  for (const line of [['--distro', 'arch', 'bz'], ['--distro=arch', 'bz'], ['bz']]) {
    await runFake(['--get-yargs-completions', 'compose', ...line], { answers: { packageNames } });
  }
  assert.deepEqual(distros, ['arch', 'arch', 'alpine']);
});

test('a catalog that cannot be read leaves completion silent', async () => {
  const packageNames = async () => Promise.reject(new Error('locked'));
  const { stdout, stderr, exitCode } = await runFake(['--get-yargs-completions', 'compose', 'pla'], {
    answers: { packageNames },
  });
  assert.match(stdout, /^plan\t/);
  assert.deepEqual([stderr, exitCode], ['', 0]);
});

test('an option is offered where its command takes it, repeated ones again', async () => {
  assert.ok((await candidates('gcc', '--')).includes('--layers'));
  assert.ok(!(await candidates('plan', '--')).includes('--layers'));
  assert.deepEqual(await candidates('gcc', '-t', 'a', '--ta'), ['--tag']);
  assert.deepEqual(await candidates('gcc', '-qt', ''), []);
  assert.deepEqual(await candidates('gcc', '--load', 'gcc-'), ['gcc-doc']);
});

for (const shell of ['/bin/bash', '/usr/bin/zsh', '/usr/bin/fish']) {
  test(`words are bare whatever $SHELL is: ${shell}`, async (t) => {
    const before = process.env.SHELL;
    t.after(() => {
      process.env.SHELL = before;
    });
    process.env.SHELL = shell;
    assert.deepEqual(await candidates('gcc', '--dist'), ['--distro']);
    assert.deepEqual(await candidates('gcc', '--distro', 'a'), ['alpine', 'arch']);
  });
}

test('any line that is being typed is completed, in silence', async () => {
  const options = (await loadCommands(COMMANDS)).flatMap((command) => Object.keys(command.options));
  const word = fc.oneof(
    fc.constantFrom(
      '--',
      '-',
      '',
      '--=',
      '-t',
      'plan',
      'cache',
      '--__proto__',
      '--constructor',
      '--__proto__=',
      '--_',
    ),
    fc.constantFrom(...options.map((name) => `--${name}`)),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 5 }), async (line) => {
      const { exitCode, stderr } = await runFake(['--get-yargs-completions', 'compose', ...line]);
      assert.deepEqual([exitCode, stderr], [0, '']);
    }),
    { numRuns: 200 },
  );
});

for (const shell of SHELLS) {
  test(`completion ${shell} prints a script that ${shell} can read`, async (t) => {
    assert.equal((await runFake(['completion', shell])).stdout, COMPLETION_SCRIPTS[shell]);
    if (spawnSync(shell, ['--version']).error !== undefined) return t.skip(`skipped: no ${shell} here`);
    const directory = mkdtempSync(join(tmpdir(), 'completion-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const script = join(directory, 'script');
    writeFileSync(script, COMPLETION_SCRIPTS[shell]);
    const checked = spawnSync(shell, ['-n', script], { encoding: 'utf8' });
    assert.deepEqual([checked.status, checked.stderr], [0, '']);
  });
}

test('bash completes through the script, values behind = and words with : too', (t) => {
  if (spawnSync('bash', ['--version']).error !== undefined) return t.skip('skipped: no bash here');
  const fake = join(fakeProgram(t), 'compose');
  const complete = (line: string, words: string[]) =>
    execFileSync(
      'bash',
      [
        '-c',
        `${COMPLETION_SCRIPTS.bash}\nCOMP_LINE=$1; COMP_POINT=\${#1}; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _compose_complete; printf '%s\\n' "\${COMPREPLY[@]}"`,
        'bash',
        `${fake} ${line}`,
        fake,
        ...words,
      ],
      { encoding: 'utf8' },
    ).trim();
  assert.equal(complete('pl', ['pl']), 'plan');
  assert.equal(complete('', ['']), 'plan');
  assert.equal(complete('--distro=a', ['--distro', '=', 'a']), 'arch');
  assert.equal(complete('--distro=', ['--distro', '=']), 'arch');
  assert.equal(complete('plan so:li', ['plan', 'so', ':', 'li']), 'libz');
});

test('fish completes through the script', (t) => {
  if (spawnSync('fish', ['--version']).error !== undefined) return t.skip('skipped: no fish here');
  const directory = fakeProgram(t);
  const complete = (line: string) =>
    execFileSync('fish', ['-c', `${COMPLETION_SCRIPTS.fish}\ncomplete -C $argv[1]`, line], {
      encoding: 'utf8',
      env: { ...process.env, HOME: directory, PATH: `${directory}:${process.env.PATH}` },
    }).trim();
  assert.equal(complete('compose pl'), 'plan');
  assert.equal(complete('compose --distro=a'), '--distro=arch');
});

/** A folder with a `compose` that answers as the real one would. */
function fakeProgram(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'completion-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const fake = join(directory, 'compose');
  writeFileSync(
    fake,
    '#!/bin/sh\nfor word; do last=$word; done\ncase $last in --distro=*) echo --distro=arch;; so:*) echo so:libz;; *) echo plan;; esac\n',
  );
  chmodSync(fake, 0o755);
  return directory;
}
