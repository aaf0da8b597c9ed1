import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolvePackages } from '../../../src/app/repositories/resolve.ts';
import { problemLines } from '../../../src/cli/render/problems.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import { ResolutionError, type ResolutionFailure } from '../../../src/model/resolution-error.ts';
import { writeAlpineMirror, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, index, json, small, source, use } from '../harness.ts';
import { setUp } from '../two-packages.ts';
import { alpineShelf, archShelf, type Shelf } from './index-folders.ts';

async function failureOf(shelf: Shelf, targets: readonly string[]): Promise<ResolutionFailure> {
  const error = await use(shelf, (context) =>
    resolvePackages(context, { source: shelf.source, packages: targets, base: 'none' }),
  ).then(
    () => assert.fail(`expected ${targets.join(' ')} to fail`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ResolutionError)) throw error;
  assert.deepEqual(error.details, { ...error.failure });
  const isUnknown = error.failure.problems.some(({ kind }) => kind === 'unknown');
  assert.equal(error.code, isUnknown ? 'UNKNOWN_PACKAGE' : 'UNSATISFIABLE');
  return error.failure;
}

/** Kinds of the problems, a colon, and what a person reads. */
async function told(shelf: Shelf, request: string): Promise<string[]> {
  const failure = await failureOf(shelf, request.split(' '));
  return [`${failure.problems.map(({ kind }) => kind).join(' ')}:`, ...problemLines(failure, false)];
}

/** A request behind `$`, then what told() gives. */
async function check(shelf: Shelf, cases: string): Promise<void> {
  for (const text of cases.trim().split(/\n\n/)) {
    const [request = '', ...expected] = text.split('\n').map((line) => line.replace(/^ {4}/, ''));
    assert.deepEqual(await told(shelf, request.replace('$ ', '')), expected, request);
  }
}

const ALPINE = {
  main: [
    'musl-1.2-r0 p:so:libc.so.1=1 cmd:ldd=1',
    'musl-utils-1-r0 p:cmd:iconv=1 py3.11:iconv=1',
    'git-2.0-r0 D:so:libc.so.1 p:cmd:git=2',
    'gitg-1-r0',
    'curl-8-r0 D:libcurl=8-r0',
    'libcurl-8-r0 D:so:libc.so.1',
    'tools-1-r0 D:cloud',
    'cloud-1-r0 D:nvme-cli>2',
    'sh-a-1-r0 p:sh=1',
    'sh-b-1-r0 p:sh=2',
    'java8-8-r0 p:java',
    'java17-17-r0 p:java',
    'ant-1-r0 D:java',
    'odd-1-r0 D:git>1..2',
    'wants-odd-1-r0 D:odd',
    'app-1-r0 D:new',
  ],
  '@edge edge': ['new-3-r0'],
};

test('Alpine: what a person reads of each kind of problem', async (t) => {
  await check(
    alpineShelf(tempDir(t), ALPINE),
    `
    $ gitt
    unknown:
    error: no such package: gitt
    hint: Did you mean git or gitg?

    $ iconv
    unknown:
    error: no such package: iconv
    hint: iconv is a command provided by musl-utils-1-r0. iconv is provided as py3.11:iconv by musl-utils-1-r0.

    $ so:libc.so.2
    unknown:
    error: no such package: so:libc.so.2
    hint: Did you mean so:libc.so.1?

    $ main/git
    unknown:
    error: no such package: main/git
    hint: Did you mean git?

    $ tools
    unknown:
    error: no such package: nvme-cli
      needed as  nvme-cli>2  you → tools-1-r0 → cloud-1-r0

    $ git>3
    version:
    error: git-2.0-r0 does not satisfy git>3, which you requested

    $ curl libcurl<8
    version:
    error: libcurl-8-r0 does not satisfy libcurl<8
      must satisfy  libcurl<8     you
      needed as     libcurl=8-r0  you → curl-8-r0

    $ !musl git
    version:
    error: musl-1.2-r0 is excluded by !musl
      excluded by  !musl         you
      needed as    so:libc.so.1  you → git-2.0-r0

    $ sh-a sh-b
    conflict conflict:
    error: sh-a-1-r0 and sh-b-1-r0 both provide sh: only one can be installed
      in conflict  sh=1  you → sh-b-1-r0
      needed as    sh-a  you

    $ java
    virtual:
    error: java is only provided by packages that are never chosen automatically
      name one of  java8, java17

    $ ant
    virtual:
    error: java is only provided by packages that are never chosen automatically
      needed as    java  you → ant-1-r0
      name one of  java8, java17

    $ wants-odd
    uninstallable:
    error: odd-1-r0 cannot be installed: apk does not accept the version in git>1..2
      needed as  odd  you → wants-odd-1-r0

    $ app
    masked:
    error: new-3-r0 is only in a tagged repository (@edge): request new@edge
      needed as  new  you → app-1-r0

    $ git@testing
    masked:
    error: git@testing: no repository has the tag @testing
`,
  );
});

const ARCH = {
  core: [
    { name: 'glibc', version: '2.36-1', provides: ['libm.so=6-64'] },
    { name: 'bash', version: '5.1-1', depends: ['glibc'], provides: ['sh'] },
    { name: 'needy', version: '1-1', depends: ['other>1'] },
    { name: 'deep', version: '1-1', depends: ['needy'] },
    { name: 'lost', version: '1-1', depends: ['nothing'] },
    { name: 'foe', version: '1-1', conflicts: ['dash'] },
    { name: 'arm', version: '1-1', arch: 'armv7h' },
  ],
  extra: [
    { name: 'dash', version: '0.5-1', provides: ['sh'] },
    { name: 'other', version: '1-1' },
    { name: 'user', version: '1-1', depends: ['dash'] },
  ],
};

test('Arch: what a person reads of each kind of problem', async (t) => {
  await check(
    archShelf(tempDir(t), ARCH),
    `
    $ bahs
    unknown:
    error: no such package: bahs
    hint: Did you mean bash?

    $ cmd:bash
    unknown:
    error: no such package: cmd:bash
    hint: Did you mean bash?

    $ testing/bash
    unknown:
    error: no repository is named testing
    hint: Did you mean bash?

    $ lost
    unknown:
    error: no such package: nothing
      needed as  nothing  you → lost-1-1

    $ deep
    version:
    error: other-1-1 does not satisfy other>1
      must satisfy  other>1  you → deep-1-1 → needy-1-1

    $ bash>6
    version:
    error: bash>6 not found; available: bash-5.1-1

    $ extra/bash
    version:
    error: extra/bash not found; available: bash-5.1-1 in another repository

    $ foe user
    conflict:
    error: foe-1-1 and dash-0.5-1 are in conflict
      in conflict  dash  you → foe-1-1
      needed as    dash  you → user-1-1

    $ arm
    uninstallable:
    error: arm-1-1 is for armv7h: expected x86_64 or any
`,
  );
});

test('the details are the facts: terms with their chains, suggestions, and the real tool’s words', async (t) => {
  const dir = tempDir(t);
  const clash = await failureOf(alpineShelf(dir, ALPINE), ['curl', 'libcurl<8']);
  const [problem] = clash.problems;
  assert.deepEqual(
    [clash.distro, clash.problems.length, problem?.subject, problem?.terms],
    [
      'alpine',
      1,
      'libcurl-8-r0',
      [
        { verdict: 'breaks', requirement: 'libcurl<8', chain: ['world'] },
        { verdict: 'satisfies', requirement: 'libcurl=8-r0', chain: ['world', 'curl-8-r0'] },
      ],
    ],
  );
  assert.deepEqual(clash.report, [
    'ERROR: unable to select packages:',
    '  libcurl-8-r0:',
    '    breaks: world[libcurl<8]',
    '    satisfies: curl-8-r0[libcurl=8-r0]',
  ]);
  const unknown = (await failureOf(alpineShelf(dir, ALPINE), ['iconv'])).problems[0];
  assert.deepEqual(unknown?.providers, [
    { package: 'musl-utils-1-r0', by: 'cmd:iconv' },
    { package: 'musl-utils-1-r0', by: 'py3.11:iconv' },
  ]);
  const arch = await failureOf(archShelf(join(dir, 'arch'), ARCH), ['bahs']);
  assert.deepEqual([arch.report, arch.problems[0]?.nearest], [['error: target not found: bahs'], ['bash']]);
});

/** A mirror of three releases and a repository that no request has by default, and one of Arch; the catalog knows them all. */
async function world(dir: string) {
  const mirror = join(dir, 'mirror');
  const alpine = (release: string, repo: string, ...packages: Parameters<typeof small>[]) =>
    writeAlpineMirror(mirror, { release, repo, packages: packages.map((words) => small(...words)) });
  alpine('v3.19', 'main', ['git'], ['cloud', { depends: ['nvme-cli'] }], ['old', { depends: ['git>1.5'] }]);
  alpine('v3.19', 'community', ['gitg']);
  alpine('edge', 'main', ['git', { version: '2.0-r0' }], ['nvme-cli']);
  alpine('edge', 'community', ['gitui']);
  const testing = alpine('edge', 'testing', ['fresh', { provides: ['cmd:fresh-cli=1'] }]);
  writeAlpineMirror(mirror, { repo: 'main', arch: 'aarch64', packages: [small('raspi')] });
  writeAlpineMirror(mirror, { repo: 'community', arch: 'aarch64', packages: [small('gitg')] });
  const pacman = await writeArchMirror(join(dir, 'arch'), {
    packages: [{ name: 'yay', version: '12-1', bare: true }],
  });
  const cache = join(dir, 'cache');
  const from = { mirrors: [mirror], release: 'v3.19', allowUntrusted: true };
  await index(cache, { ...from, release: 'edge' });
  await index(cache, { ...from, architecture: 'aarch64' });
  await index(cache, { repositories: [testing], allowUntrusted: true });
  await index(cache, { distro: 'arch', repositories: [pacman], allowUntrusted: true });
  const ask = async (target: string, more: Partial<SourceOptions> = from) =>
    (await failureOf({ cache, source: source(more) }, [target])).problems[0]?.elsewhere ?? [];
  return { ask, mirror, pacman };
}

test('what another release, repository, architecture or distribution has, with the options that ask for it', async (t) => {
  const { ask, mirror, pacman } = await world(tempDir(t));
  const edge = { distro: 'alpine', release: 'edge', architecture: 'x86_64' };
  assert.deepEqual(await ask('gitui'), [
    { ...edge, package: 'gitui-1.0-r0', repository: 'community', options: ['--release', 'edge'] },
  ]);
  assert.deepEqual(await ask('git>1.5'), [
    { ...edge, package: 'git-2.0-r0', repository: 'main', options: ['--release', 'edge'] },
  ]);
  const repo = (release: string, name: string) => ['--repo', join(mirror, release, name)];
  const beside = [...repo('v3.19', 'main'), ...repo('v3.19', 'community'), ...repo('edge', 'testing')];
  assert.deepEqual(await ask('fresh'), [
    { ...edge, package: 'fresh-1.0-r0', repository: 'testing', options: beside },
  ]);
  assert.deepEqual(await ask('cmd:fresh-cli'), [
    { ...edge, package: 'fresh-1.0-r0', repository: 'testing', options: beside },
  ]);
  assert.deepEqual(await ask('raspi'), [
    {
      ...edge,
      package: 'raspi-1.0-r0',
      release: 'v3.19',
      repository: 'main',
      architecture: 'aarch64',
      options: ['--arch', 'aarch64'],
    },
  ]);
  assert.deepEqual(await ask('yay'), [
    {
      package: 'yay-12-1',
      distro: 'arch',
      release: 'rolling',
      repository: 'core',
      architecture: 'x86_64',
      options: ['--distro', 'arch', '--repo', pacman],
    },
  ]);
  assert.deepEqual(await ask('nowhere'), []);
});

test('a request that names its repositories is told of one more', async (t) => {
  const { ask, mirror } = await world(tempDir(t));
  const main = join(mirror, 'v3.19/main');
  assert.deepEqual(await ask('gitui', { repositories: [main], allowUntrusted: true }), [
    {
      package: 'gitui-1.0-r0',
      distro: 'alpine',
      release: 'edge',
      repository: 'community',
      architecture: 'x86_64',
      options: ['--repo', join(mirror, 'edge/community')],
    },
  ]);
});

test('for what a dependency lacks, other architectures and distributions are not offered', async (t) => {
  const { ask } = await world(tempDir(t));
  assert.deepEqual(
    (await ask('cloud')).map((entry) => [entry.package, ...entry.options]),
    [['nvme-cli-1.0-r0', '--release', 'edge']],
  );
  assert.deepEqual(
    (await ask('old')).map((entry) => [entry.package, ...entry.options]),
    [['git-2.0-r0', '--release', 'edge']],
  );
  const dir = tempDir(t);
  const shelf = alpineShelf(dir, { main: ['a-1-r0 D:yay'] });
  const pacman = await writeArchMirror(join(dir, 'arch'), {
    packages: [{ name: 'yay', version: '12-1', bare: true }],
  });
  await index(shelf.cache, { distro: 'arch', repositories: [pacman], allowUntrusted: true });
  assert.deepEqual((await failureOf(shelf, ['a'])).problems[0]?.elsewhere, []);
});

test('a thousand unknown names are told quickly, the first of them with suggestions', async (t) => {
  const shelf = alpineShelf(tempDir(t), ALPINE);
  const names = Array.from({ length: 1000 }, (_, at) => `gitt${at}`);
  const { problems } = await failureOf(shelf, ['gitt', ...names]);
  assert.equal(problems.length, 1001);
  assert.deepEqual([problems[0]?.nearest, problems.at(-1)?.nearest], [['git', 'gitg'], []]);
});

test('words that are no names are refused like unknown ones', async (t) => {
  const shelves = [alpineShelf(tempDir(t), ALPINE), archShelf(tempDir(t), ARCH)];
  for (const shelf of shelves) {
    for (const word of ['!', ':', 'cmd:', '/', 'a/', '@', '%_', '\u0000', 'so:\ud800', 'x'.repeat(100_000)]) {
      const { problems } = await failureOf(shelf, [word]);
      assert.deepEqual(
        [problems.map(({ kind }) => kind), problems[0]?.nearest],
        [['unknown'], []],
        JSON.stringify(word.slice(0, 20)),
      );
    }
  }
});

test('an unknown package: nearest names and who provides it; a clash: who asked for what', async (t) => {
  const { dir, cache } = await setUp(t);
  const repo = writeAlpineMirror(dir, {
    repo: 'words',
    packages: [
      small('gcc', { provides: ['cmd:gcc-13=1', 'so:libgccjit.so.0=0'] }),
      small('gdb'),
      small('x', { depends: ['y>2'] }),
      small('y'),
      small('needs', { depends: ['nobody-has-this'] }),
      small('foe', { depends: ['!gdb'] }),
    ],
  });
  const words = ['--arch', 'x86_64', '--repo', repo, '--allow-untrusted', '--cache', cache];
  const near = await cli(['plan', 'gccc', ...words]);
  assert.equal(near.code, 3);
  assert.match(near.stderr, /gccc/);
  assert.match(near.stderr, /Did you mean gcc\b/);
  for (const by of ['cmd:gcc-13', 'so:libgccjit.so.0']) {
    const ended = await cli(['plan', by.slice(by.indexOf(':') + 1), ...words, '--json']);
    assert.equal(ended.code, 3, ended.stdout);
    const { error } = json<{ error: { details: { problems: { providers: unknown }[] } } }>(ended);
    assert.deepEqual(error.details.problems[0]?.providers, [{ package: 'gcc-1.0-r0', by }], ended.stdout);
  }
  assert.match(
    (await cli(['plan', 'gcc-13', ...words])).stderr,
    /gcc-13 is a command provided by gcc-1\.0-r0/,
  );
  const version = await cli(['plan', 'x', ...words]);
  assert.ok([3, 4].includes(version.code as number), version.stderr);
  for (const part of ['y>2', 'x-1.0-r0', '1.0-r0']) assert.ok(version.stderr.includes(part), version.stderr);
  const missing = await cli(['plan', 'needs', ...words]);
  assert.match(missing.stderr, /nobody-has-this[\s\S]*needs-1\.0-r0/);
  const clash = await cli(['plan', 'foe', 'gdb', ...words]);
  assert.equal(clash.code, 4, clash.stderr);
  assert.match(clash.stderr, /gdb/);
  assert.match(clash.stderr, /foe/);
});
