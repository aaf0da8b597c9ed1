import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ComposeRequest } from '../../src/model/request.ts';
import { type Fakes, runFake } from './fake-app.ts';

const DEFAULTS: ComposeRequest = {
  source: {
    distro: 'alpine',
    release: '',
    architecture: '',
    mirrors: [],
    repositories: [],
    keyring: '',
    allowUntrusted: false,
    sigLevel: '',
  },
  packages: ['gcc'],
  base: undefined,
  tags: [],
  layers: 'package',
  maxLayers: 100,
  layerEncoding: 'keep',
  install: 'static',
  scripts: true,
  database: true,
  prefix: '',
  config: {
    env: [],
    entrypoint: undefined,
    cmd: undefined,
    user: '',
    workdir: '',
    labels: {},
    expose: [],
    annotations: {},
  },
  output: { path: 'out.tar', format: 'tar', load: undefined },
  sourceDateEpoch: undefined,
  dryRun: false,
};

async function request(line: readonly string[], fakes: Fakes = {}): Promise<ComposeRequest> {
  const { exitCode, stderr, calls } = await runFake(line, fakes);
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(
    calls.map(({ name }) => name),
    ['compose'],
  );
  return calls[0]!.argument as ComposeRequest;
}

test('a bare package name composes with the defaults', async () => {
  assert.deepEqual(await request(['gcc']), DEFAULTS);
});

test('every option reaches the request', async () => {
  const line = [
    'bash',
    '--distro',
    'arch',
    'coreutils',
    '--release=rolling',
    '--arch',
    'arm64',
    '--mirror',
    'https://a.example',
    '--mirror=./b',
    '--repo',
    '@edge https://c.example/main',
    '--keyring',
    'keys',
    '--allow-untrusted',
    '--sig-level',
    'Required TrustAll',
    '-o',
    'x',
    '--format',
    'oci-dir',
    '-t',
    'one',
    '--tag=reg.example:5000/team/two:v1',
    '--load=podman',
    '--layers',
    'bundle',
    '--max-layers',
    '7',
    '--layer-encoding',
    'zstd',
    '--install',
    'run',
    '--no-scripts',
    '--no-database',
    '--prefix',
    '/opt/x/',
    '-e',
    'A=1',
    '--env',
    'B=x=y',
    '-e',
    'A=2',
    '--entrypoint',
    '["/bin/x", "-v"]',
    '--cmd',
    'echo hi',
    '--user',
    '1000:100',
    '--workdir',
    '/w',
    '--label',
    'l=1',
    '--expose',
    '80',
    '--expose',
    '53/udp',
    '--annotation',
    'n=v',
    '--dry-run',
  ];
  const expected: ComposeRequest = {
    source: {
      distro: 'arch',
      release: 'rolling',
      architecture: 'arm64',
      mirrors: ['https://a.example', './b'],
      repositories: ['@edge https://c.example/main'],
      keyring: ['keys'],
      allowUntrusted: true,
      sigLevel: 'Required TrustAll',
    },
    packages: ['bash', 'coreutils'],
    base: 'none',
    tags: ['one:latest', 'reg.example:5000/team/two:v1'],
    layers: 'bundle',
    maxLayers: 7,
    layerEncoding: 'zstd',
    install: 'run',
    scripts: false,
    database: false,
    prefix: 'opt/x',
    config: {
      env: ['A=2', 'B=x=y'],
      entrypoint: ['/bin/x', '-v'],
      cmd: ['/bin/sh', '-c', 'echo hi'],
      user: '1000:100',
      workdir: '/w',
      labels: { l: '1' },
      expose: ['80', '53/udp'],
      annotations: { n: 'v' },
    },
    output: { path: 'x', format: 'oci-dir', load: 'podman' },
    sourceDateEpoch: 1_700_000_000,
    dryRun: true,
  };
  assert.deepEqual(await request(line, { env: { SOURCE_DATE_EPOCH: '1700000000' } }), expected);
});

test('--load never swallows a package, and writes no file by itself', async () => {
  const bare = await request(['--load', 'gcc']);
  assert.deepEqual([bare.packages, bare.output], [['gcc'], { path: undefined, format: 'tar', load: 'auto' }]);
  assert.equal((await request(['gcc', '--load', '-o', 'a.tar'])).output.path, 'a.tar');
  assert.equal((await request(['gcc', '--load', '--format', 'tar'])).output.path, 'out.tar');
  assert.equal((await request(['gcc', '--format', 'oci-dir'])).output.path, 'out');
});

test('a package named like a command stands behind --', async () => {
  assert.deepEqual((await request(['--', 'index'])).packages, ['index']);
  assert.deepEqual((await request(['--distro=arch', '--', 'cache', '--json'].slice(0, 3))).packages, [
    'cache',
  ]);
  assert.deepEqual((await request(['gcc', 'index'])).packages, ['gcc', 'index']);
});

test('a value that starts with a dash is taken in the form with =', async () => {
  assert.deepEqual((await request(['gcc', '--cmd=-v'])).config.cmd, ['/bin/sh', '-c', '-v']);
  assert.deepEqual((await request(['gcc', '--cmd', '[]'])).config.cmd, []);
  assert.deepEqual((await request(['gcc', '--cmd', '[ -f /x ] && y'])).config.cmd, [
    '/bin/sh',
    '-c',
    '[ -f /x ] && y',
  ]);
});

test('--cache reaches the app', async () => {
  let directory: string | undefined;
  await request(['gcc', '--cache', '/c'], { onOptions: (options) => (directory = options.cacheDirectory) });
  assert.equal(directory, '/c');
});

const REFUSED: readonly (readonly [line: readonly string[], message: RegExp, hint?: RegExp])[] = [
  [[], /nothing to do: name a package or a command/, /compose help/],
  [['gcc', '--distor', 'arch'], /unknown option --distor$/m, /Did you mean --distro\?/],
  [['gcc', '--__proto__'], /unknown option --_+proto_+$/m],
  [['gcc', '-z'], /unknown option -z/],
  [['gcc', '--distro', 'alpin'], /--distro: expected alpine or arch, got "alpin"/, /Did you mean alpine\?/],
  [['gcc', '--layers', ''], /--layers: expected package, auto, bundle or single, got ""/],
  [['gcc', '--max-layers', '126'], /--max-layers: expected a whole number from 1 to 125, got "126"/],
  [['gcc', '--max-layers', '0'], /--max-layers: .* got "0"/],
  [['gcc', '--max-layers', '1e1'], /--max-layers: .* got "1e1"/],
  [['gcc', '--output'], /--output: expected a value, got none/],
  [
    ['gcc', '-o', '--quiet'],
    /-o: expected a value, got none/,
    /--output=PATH; a value that starts with a dash/,
  ],
  [['gcc', '--json=yes'], /--json: expected no value/],
  [['gcc', '--dry-run=false'], /--dry-run: expected no value/],
  [['gcc', '--env', 'A'], /--env: expected NAME=value, got "A"/],
  [['gcc', '--env', '=1'], /--env: expected NAME=value/],
  [['gcc', '--expose', '0'], /--expose: expected a port/],
  [['gcc', '--expose', '65536/tcp'], /--expose: expected a port/],
  [['gcc', '--workdir', 'app'], /--workdir: expected an absolute path/],
  [['gcc', '--arch', 'amd64', '--arch', 'arm64'], /--arch: expected one, got "amd64 and arm64"/],
  [['gcc', '--user', 'a b'], /--user: expected user, uid/],
  [['gcc', '--user', '1:2147483648'], /--user: expected ids of at most 2147483647, got "1:2147483648"/],
  [['gcc', '--tag', 'GCC'], /--tag: expected an image name/, /lower case/],
  [['gcc', '--tag', `a@sha256:${'0'.repeat(64)}`], /--tag: expected an image name/],
  [['gcc', '--tag', `a/${'b'.repeat(300)}`], /--tag: expected an image name/],
  [['gcc', '--cmd', '["a", 1]'], /--cmd: expected a JSON array of strings/],
  [['gcc', '--cmd', '["a"'], /--cmd: expected a JSON array of strings/],
  [['gcc', '--sig-level', 'Requird'], /--sig-level: expected pacman's words/],
  [['gcc', '--load=dockr'], /--load: expected docker, podman or auto/, /Did you mean docker\?/],
  [['gcc', '--mirror', ' '], /--mirror: expected a non-empty value/],
  [['g cc'], /package: expected a package name/],
  [['gcc', '--repair'], /not an option of compose PKG…: --repair/],
  [['plan', 'gcc', '--tag', 'x'], /not an option of compose plan: --tag/, /compose plan --help/],
  [['plan'], /compose plan: expected at least one PKG, got none/],
  [['build'], /compose build: expected one RECIPE, got none/],
  [['build', 'a', 'b'], /compose build: expected one RECIPE, got "a b"/],
  [['cache', 'ls', 'x'], /compose cache ls: expected no arguments, got "x"/],
  [['plan', '--batch', 'x'], /compose plan: expected no arguments, got "x"/],
  [['vercmp', '1'], /compose vercmp: expected A \[OP\] B, got "1"/],
  [['help', 'a', 'b'], /compose help: expected \[COMMAND\], got "a b"/],
  [['index', 'x'], /compose index: expected no arguments, got "x"/, /compose -- index/],
  [['ingest'], /compose ingest: expected at least one FILE\|DIR\|URL, got none/],
  [['cache'], /compose cache: expected ls, verify or gc, got none/],
  [['cache', 'lss'], /compose cache: expected ls, verify or gc, got "lss"/, /Did you mean ls\?/],
  [
    ['cache', 'ls', '--repair'],
    /not an option of compose cache ls: --repair/,
    /It is an option of compose cache verify\.$/,
  ],
  [
    ['cache', 'verify', '--max-size', '1'],
    /not an option of compose cache verify: --max-size/,
    /It is an option of compose cache gc\.$/,
  ],
  [['cache', 'gc', '--max-size', '10 elephants'], /--max-size: expected a size/],
  [['cache', 'gc', '--max-size', '-1'], /--max-size: expected a size such as .*, got "-1"/],
  [['completion', 'tcsh'], /compose completion: expected bash, zsh or fish, got "tcsh"/],
];

for (const [line, message, hint] of REFUSED) {
  test(`refused: compose ${line.join(' ').slice(0, 60)}`, async () => {
    const { exitCode, stdout, stderr, calls } = await runFake(line);
    assert.equal(exitCode, 2);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`^error: ${message.source}`, message.flags));
    if (hint !== undefined) assert.match(stderr, new RegExp(`^hint: .*${hint.source}`, 'm'));
    assert.deepEqual(calls, []);
  });
}

for (const epoch of ['-1', '1.5', 'now', '253402300800', ' 1']) {
  test(`SOURCE_DATE_EPOCH=${epoch} is refused`, async () => {
    const { exitCode, stderr } = await runFake(['gcc'], { env: { SOURCE_DATE_EPOCH: epoch } });
    assert.equal(exitCode, 2);
    assert.match(stderr, /^error: SOURCE_DATE_EPOCH: expected a whole number from 0 to 253402300799/);
  });
}

test('SOURCE_DATE_EPOCH empty counts as unset, 0 as 0', async () => {
  assert.equal((await request(['gcc'], { env: { SOURCE_DATE_EPOCH: '' } })).sourceDateEpoch, undefined);
  assert.equal((await request(['gcc'], { env: { SOURCE_DATE_EPOCH: '0' } })).sourceDateEpoch, 0);
});

test('sizes of cache gc', async () => {
  const sizeOf = async (text: string) =>
    (await runFake(['cache', 'gc', '--max-size', text])).calls[0]?.argument;
  assert.deepEqual(await sizeOf('0'), { maxSizeBytes: 0 });
  assert.deepEqual(await sizeOf('500MB'), { maxSizeBytes: 500e6 });
  assert.deepEqual(await sizeOf('10G'), { maxSizeBytes: 10 * 2 ** 30 });
  assert.deepEqual(await sizeOf('1.5GiB'), { maxSizeBytes: 1.5 * 2 ** 30 });
  assert.deepEqual((await runFake(['cache', 'gc'])).calls[0]?.argument, { maxSizeBytes: undefined });
});

test('ingest tells the distribution from file names unless told', async () => {
  const distroOf = async (...line: string[]) =>
    ((await runFake(['ingest', ...line])).calls[0]?.argument as { source: { distro: string } }).source.distro;
  assert.equal(await distroOf('a.pkg.tar.zst', 'b.pkg.tar'), 'arch');
  assert.equal(await distroOf('a.apk'), 'alpine');
  assert.equal(await distroOf('folder'), 'alpine');
  assert.equal(await distroOf('folder', '--distro', 'arch'), 'arch');
});
