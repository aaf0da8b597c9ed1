import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandNames, loadCommand, loadCommands } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { run } from '../../src/cli/run.ts';
import { PLAN, REPORT, runFake } from './fake-app.ts';
import { INSPECTED } from './registry-samples.ts';

const text = async (...line: string[]) => (await runFake(line)).stdout;

test('the closing summary says what was made, where it is and how to run it', async () => {
  const { stdout, stderr, exitCode } = await runFake(['gcc']);
  assert.equal(exitCode, 0);
  assert.equal(stderr, '');
  assert.equal(
    stdout,
    [
      'packages     2 (alpine v3.19 x86_64)',
      'layers       3 (2 package, 1 install)',
      'size         52.4 MB',
      `digest       ${REPORT.digest}`,
      `image id     ${REPORT.imageId}`,
      'tag          pkgcompose/gcc:latest',
      'written to   out.tar',
      'note: gcc-13.2.1-r0 was repacked: end-of-archive blocks before the last gzip member',
      '',
      'load it: docker load -i out.tar',
      'run it:  docker run --rm -it pkgcompose/gcc:latest',
      '',
    ].join('\n'),
  );
});

test('a loaded image is run by the engine that has it; no file is spoken of', async () => {
  const compose = async () => ({ ...REPORT, output: undefined, loadedInto: 'podman 4.3.1' });
  const { stdout } = await runFake(['gcc', '--load'], { answers: { compose } });
  assert.match(stdout, /^loaded into {2}podman 4\.3\.1$/m);
  assert.match(stdout, /^run it: podman run --rm -it pkgcompose\/gcc:latest$/m);
  assert.doesNotMatch(stdout, /written to|load it/);
});

test('an OCI folder is not loaded with docker load', async () => {
  const compose = async () => ({ ...REPORT, output: 'my out' });
  const { stdout } = await runFake(['gcc', '--format', 'oci-dir'], { answers: { compose } });
  assert.match(stdout, /^load it: skopeo copy 'oci:my out' docker-daemon:pkgcompose\/gcc:latest$/m);
});

test('--quiet prints the digest alone, --verbose every layer', async () => {
  assert.equal(await text('gcc', '-q'), `${REPORT.digest}\n`);
  const verbose = await text('gcc', '--verbose');
  assert.match(verbose, /^LAYER +SIZE +KIND +CONTENTS +DERIVED$/m);
  assert.match(verbose, /52\.0 MB {2}package {2}gcc-13\.2\.1-r0 +gcc: repacked$/m);
});

test('--dry-run shows the plan and says that nothing was written', async () => {
  assert.match(await text('gcc', '--dry-run'), /^gcc .*to download$[\s\S]*dry run: nothing was written\n$/m);
});

test('a plan is a table in install order, with sums', async () => {
  assert.equal(
    await text('plan', 'gcc'),
    [
      'PACKAGE  VERSION    REPOSITORY  REASON       ARCHIVE  INSTALLED  STATE',
      'musl     1.2.4-r2   main        dependency  397.0 kB   634.9 kB  cached',
      'gcc      13.2.1-r0  main        requested    52.0 MB   160.0 MB  to download',
      '',
      'alpine v3.19 x86_64: 2 packages, 160.6 MB installed, 52.0 MB to download',
      '',
    ].join('\n'),
  );
});

test('index, ingest and cache reports', async () => {
  assert.match(await text('index'), /^main +indexed +5443 {2}key-1 +https:\/\/mirror\.example\/main$/m);
  assert.match(
    await text('ingest', 'a.apk'),
    /^a +1-r0 +1\.2 kB +3 {2}unsigned +added$[\s\S]*^note: a\.apk will be repacked as a layer: one stray zero block$/m,
  );
  assert.match(
    await text('cache', 'ls'),
    /1\.5 MB {2}2026-01-02T03:04:05\.000Z {2}git-2\.43\.0-r0 \(alpine\)$[\s\S]*^1 blob, 1\.5 MB$/m,
  );
  assert.equal(await text('cache', 'gc'), '1 blob removed, 1.5 MB freed, 0 B kept\n');
  assert.equal(await text('index', '--quiet'), '');
});

test('cache verify: damage is exit code 1, unless it was repaired', async () => {
  const found = await runFake(['cache', 'verify']);
  assert.equal(found.exitCode, 1);
  assert.match(found.stdout, /^damaged: sha256:[0-9a-f]{64}: expected its own digest, got sha256:beef$/m);
  assert.match(found.stdout, /cache verify --repair/);
  assert.deepEqual(found.calls, [{ name: 'cacheVerify', argument: { repair: false } }]);
  const repaired = await runFake(['cache', 'verify', '--repair']);
  assert.equal(repaired.exitCode, 0);
  assert.deepEqual(repaired.calls, [{ name: 'cacheVerify', argument: { repair: true } }]);
  const sound = async () => ({ checked: 3, damaged: [], missing: [], repaired: 0 });
  assert.equal((await runFake(['cache', 'verify'], { answers: { cacheVerify: sound } })).exitCode, 0);
});

for (const line of [
  'gcc',
  'plan gcc',
  'index',
  'ingest a.apk',
  'cache ls',
  'cache verify',
  'cache gc',
  'build r.yaml a'.replace(' a', ''),
  'completion bash',
  '--version',
  '--help',
]) {
  test(`--json is one document: compose ${line}`, async () => {
    const answers = { readRecipe: async () => ({ packages: ['gcc'] }) };
    const { stdout, stderr } = await runFake([...line.split(' '), '--json'], { answers });
    assert.equal(stderr, '');
    assert.equal(typeof JSON.parse(stdout), 'object');
    assert.ok(stdout.endsWith('\n'));
  });
}

test('--json holds the report itself: exact sizes, null for what there is none of', async () => {
  assert.deepEqual(
    JSON.parse(await text('gcc', '--json')),
    JSON.parse(JSON.stringify({ ...REPORT, loadedInto: null })),
  );
  assert.deepEqual(JSON.parse(await text('plan', 'gcc', '--json')), PLAN);
});

test('terminal control bytes from outside are shown, not obeyed', async () => {
  const evil = { ...REPORT, notes: ['\u001b]0;owned\u0007'] };
  const { stdout } = await runFake(['gcc'], { answers: { compose: async () => evil } });
  assert.match(stdout, /^note: \\u001b\]0;owned\\u0007$/m);
});

test('--json escapes what a terminal would obey, in the eighth bit too, and is the same data', async () => {
  const description = 'a \u001b[2J \u009b31m \u0085 \u202e \u007f ü\n';
  const compose = async () => ({ ...REPORT, digest: description as typeof REPORT.digest });
  const { stdout } = await runFake(['gcc', '--json'], { answers: { compose } });
  assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.equal(JSON.parse(stdout).digest, description);
});

test('help of every command names its options, once and no others', async () => {
  const help = await text('plan', '--help');
  assert.match(help, /^Usage: compose plan PKG… \[options\]$/m);
  assert.match(help, /^ {6}--distro +<alpine\|arch> /m);
  assert.match(help, /^ {2}-q, --quiet +Print only/m);
  assert.doesNotMatch(help, /--layers/);
  for (const command of ['gcc', ...commandNames(COMMANDS)]) {
    const page = await text(command, '-h');
    const [options, examples] = page.split('\nExamples:\n');
    assert.match(examples ?? '', /^ {2}# .*\n {2}\S/);
    for (const row of options!.split('\n')) assert.ok(row.length <= 80, row);
    for (const [line] of (await loadCommand(COMMANDS, command === 'gcc' ? '' : command)).examples) {
      assert.ok(page.includes(`\n  ${line}\n`), 'whole, to be copied');
    }
  }
  assert.match(await text('mirror', '-h'), /--all +Mirror every package/);
  assert.match(await text('why', '-h'), /--all +Show a chain for every relation/);
  assert.match(await text('gcc', '-h'), /^ {6}--load +\[=docker\|podman\|auto\] /m);
});

test('with --quiet only the essential', async () => {
  assert.equal(await text('plan', 'gcc', '-q'), 'musl-1.2.4-r2\ngcc-13.2.1-r0\n');
  assert.equal(await text('gcc', '--dry-run', '-q'), 'musl-1.2.4-r2\ngcc-13.2.1-r0\n');
  assert.equal(await text('inspect', 'a:1', '-q'), `${INSPECTED.digest}\n`);
  for (const line of [
    ['verify', 'a.tar', '-q'],
    ['diff', 'a', 'b', '-q'],
    ['cache', 'verify', '-q'],
    ['index', '-q'],
  ]) {
    assert.equal((await runFake(line)).stdout, '', line.join(' '));
  }
  assert.match(await text('search', 'git', '-q'), /^[a-z0-9.+-]+\n/);
});

test('colours on terminals alone, and never where NO_COLOR or a pipe is', async () => {
  const error = async (env: NodeJS.ProcessEnv, isTTY: boolean) => {
    let written = '';
    const stream = { isTTY, write: (part: string) => (written += part) };
    await run(['gcc', '--bogus'], { stdout: stream, stderr: stream, env });
    return written;
  };
  assert.match(await error({}, true), /^\u001b\[1m\u001b\[31merror:\u001b/);
  assert.match(await error({ FORCE_COLOR: '1' }, false), /^\u001b/);
  for (const [env, isTTY] of [
    [{}, false],
    [{ NO_COLOR: '1' }, true],
    [{ TERM: 'dumb' }, true],
  ] as const) {
    assert.match(await error(env, isTTY), /^error: /);
  }
});

test('the manual page names every command and option', async () => {
  const page = await text('help', '--man');
  assert.match(page, /^\.TH COMPOSE 1 /);
  for (const name of commandNames(COMMANDS)) assert.ok(page.includes(`\n.SS "compose ${name}`), name);
  for (const name of (await loadCommands(COMMANDS)).flatMap(({ options }) => Object.keys(options))) {
    assert.ok(page.includes(`\\-\\-${name.replaceAll('-', '\\-')}`), name);
  }
  for (const line of page.split('\n')) assert.doesNotMatch(line, /^\.(?!TH|SH|SS|TP|PP|nf|fi|br)/);
});
