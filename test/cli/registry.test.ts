import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LoginRequest } from '../../src/app/registries/login.ts';
import { digestOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import type { ComposeRequest } from '../../src/model/request.ts';
import { REPORT, runFake } from './fake-app.ts';
import { COPIED, INSPECTED, LOGIN, PULLED, PUSHED, UNCHANGED } from './registry-samples.ts';

const ACCESS = { insecure: false, ca: '', cert: '', key: '' };
const REF = 'registry.example/team/gcc:1';

async function asked(...words: readonly string[]): Promise<unknown> {
  const { exitCode, calls, stderr } = await runFake(words);
  assert.equal(exitCode, 0, stderr);
  return calls.map(({ name, argument }) => [name, argument]);
}

test('every command hands on what it is told, and how registries are reached', async () => {
  const reach = ['--insecure', '--ca', 'ca.pem', '--cert=me.pem', '--key=me.key'];
  const access = { insecure: true, ca: 'ca.pem', cert: 'me.pem', key: 'me.key' };
  assert.deepEqual(await asked('push', 'out#a:1', REF, '--platform', 'arm64', ...reach), [
    ['push', { image: 'out#a:1', to: REF, platform: 'linux/arm64', access }],
  ]);
  assert.deepEqual(await asked('cp', 'alpine:3', REF, ...reach), [
    ['push', { image: 'alpine:3', to: REF, platform: '', access }],
  ]);
  assert.deepEqual(await asked('pull', REF, ...reach), [
    ['pull', { image: REF, platform: '', output: { path: 'out.tar', format: 'tar' }, access }],
  ]);
  assert.deepEqual(await asked('pull', REF, '--format=oci-dir', '--platform=linux/arm/v7'), [
    [
      'pull',
      {
        image: REF,
        platform: 'linux/arm/v7',
        output: { path: 'out', format: 'oci-dir' },
        access: ACCESS,
      },
    ],
  ]);
  assert.deepEqual(await asked('tags', 'a/b', ...reach), [['tags', { repository: 'a/b', access }]]);
  for (const [to, format] of [
    ['out.tar', 'tar'],
    ['./layout', 'oci-dir'],
    ['/srv/layout', 'oci-dir'],
    ['layout/', 'oci-dir'],
  ] as const) {
    assert.deepEqual(await asked('cp', REF, to), [
      ['pull', { image: REF, platform: '', output: { path: to, format }, access: ACCESS }],
    ]);
  }
  assert.deepEqual(await asked('inspect', REF, '--referrers', ...reach), [
    ['inspect', { image: REF, platform: '', referrers: true, access }],
  ]);
  assert.deepEqual(await asked('inspect', REF, '--raw'), [
    ['inspectRaw', { image: REF, platform: '', access: ACCESS }],
  ]);
  assert.deepEqual(await asked('rm', REF, ...reach), [['remove', { reference: REF, access }]]);
  assert.deepEqual(await asked('logout', 'registry.example'), [['logout', { registry: 'registry.example' }]]);
});

describe('compose --push', () => {
  const requestOf = async (...words: readonly string[]): Promise<ComposeRequest> => {
    const { calls, stderr } = await runFake(words);
    assert.equal(calls.length, 1, stderr);
    return calls[0]?.argument as ComposeRequest;
  };

  test('names are read by the grammar of references; nothing is written unless asked', async () => {
    const { output } = await requestOf('gcc', '--push', REF, '--push=gcc', '--insecure');
    assert.deepEqual(output, {
      path: undefined,
      format: 'tar',
      load: undefined,
      push: { references: [REF, 'gcc:latest'], access: { ...ACCESS, insecure: true } },
    });
    assert.equal((await requestOf('gcc', '--push', REF, '-o', 'x.tar')).output.path, 'x.tar');
    assert.equal((await requestOf('gcc', '--push', REF, '--format=oci-dir')).output.path, 'out');
    const both = await requestOf('gcc', '--push', REF, '--load');
    assert.deepEqual([both.output.path, both.output.load], [undefined, 'auto']);
  });

  test('what cannot be pushed to is refused before anything is done', async () => {
    for (const wrong of [`gcc@${digestOf('x')}`, 'GCC:1', 'a b', '']) {
      const { exitCode, calls, stderr } = await runFake(['gcc', '--push', wrong]);
      assert.deepEqual([exitCode, calls], [2, []], stderr);
    }
  });

  test('the summary says what was sent', async () => {
    const compose = async () => ({ ...REPORT, output: undefined, pushed: [PUSHED, UNCHANGED] });
    const { stdout } = await runFake(['gcc', '--push', REF], { answers: { compose } });
    assert.match(
      stdout,
      /\npushed to {4}registry\.example\/team\/gcc:1 \(2 uploaded \(9\.5 kB\), 61 mounted \(52\.0 MB\), 1 already in the registry \(397\.0 kB\); 9\.5 kB sent\)\n/,
    );
    assert.match(stdout, /\npushed to {4}registry\.example\/team\/gcc:1 \(up to date\)\n/);
  });
});

test('push and pull say what went over the line, quiet ones the digest alone', async () => {
  assert.equal(
    (await runFake(['push', 'out.tar', REF])).stdout,
    `pushed to  ${REF}
digest     ${digestOf('manifest')}
blobs      2 uploaded (9.5 kB), 61 mounted (52.0 MB), 1 already in the registry (397.0 kB); 9.5 kB sent
`,
  );
  assert.equal(
    (await runFake(['pull', REF])).stdout,
    `pulled      ${REF}
digest      ${digestOf('manifest')}
image id    ${digestOf('config')}
platform    linux/amd64
blobs       3 fetched (1.0 MB), 60 cached (51.0 MB)
written to  out.tar
`,
  );
  const push = async () => ({ from: 'out.tar', pushed: UNCHANGED });
  assert.match((await runFake(['push', 'o', REF], { answers: { push } })).stdout, /blobs +up to date\n/);
  for (const words of [
    ['push', 'out.tar', REF, '-q'],
    ['pull', REF, '-q'],
    ['cp', REF, REF, '-q'],
  ]) {
    assert.equal((await runFake(words)).stdout, `${digestOf('manifest')}\n`);
  }
  assert.deepEqual(JSON.parse((await runFake(['push', 'out.tar', REF, '--json'])).stdout), COPIED);
  assert.deepEqual(JSON.parse((await runFake(['pull', REF, '--json'])).stdout), PULLED);
});

test('inspect shows layers and the packages in them; tags a tag a line', async () => {
  assert.equal((await runFake(['tags', 'a/b'])).stdout, '1\nlatest\n');
  assert.equal(
    (await runFake(['inspect', REF])).stdout,
    `image     ${REF.replace(':1', '')}
digest    ${digestOf('manifest')}
type      ${MEDIA_TYPES.manifest}
platform  linux/amd64
config    ${digestOf('config')} (2.0 kB)
layers    2 (406.0 kB)
packages  5

LAYER                    SIZE  KIND     CONTENTS
${digestOf('a').slice(0, 19)}  397.0 kB  package  musl-1.2.4-r2
${digestOf('b').slice(0, 19)}    9.0 kB  bundle   4 packages
`,
  );
  const verbose = (await runFake(['inspect', REF, '--verbose'])).stdout;
  assert.match(verbose, /a-1 b-1 c-1 d-1\n/);
  assert.match(verbose, /\ndev\.pkgcompose\.distro {2}alpine v3\.19\n/);
  assert.deepEqual(JSON.parse((await runFake(['inspect', REF, '--json'])).stdout), INSPECTED);
  assert.equal((await runFake(['inspect', REF, '--raw'])).stdout, '{"schemaVersion":2}');
  const evil = { ...INSPECTED, layers: INSPECTED.layers.map((layer) => ({ ...layer, kind: 'a\u001b[2J' })) };
  const { stdout } = await runFake(['inspect', REF], { answers: { inspect: async () => evil } });
  assert.doesNotMatch(stdout, /\u001b/);
});

test('inspect shows how a container starts, and the files of an artifact', async () => {
  const configuration = {
    created: '2026-01-01T00:00:00Z',
    config: {
      Entrypoint: ['/bin/sh', '-c'],
      Cmd: ['a b'],
      User: 'nobody',
      Env: ['PATH=/bin', 'LD_PRELOAD=/x'],
      ExposedPorts: { '80/tcp': {} },
      Labels: { a: '1' },
    },
  };
  const layers = [{ ...INSPECTED.layers[0]!, kind: '', packages: [], title: 'hello.tar' }];
  const report = { ...INSPECTED, configuration, layers };
  const { stdout } = await runFake(['inspect', 'out.tar'], { answers: { inspect: async () => report } });
  for (const line of [
    /^created +2026-01-01T00:00:00Z$/m,
    /^entrypoint +\["\/bin\/sh","-c"\]$/m,
    /^cmd +\["a b"\]$/m,
    /^user +nobody$/m,
    /^env +PATH=\/bin$/m,
    /^env +LD_PRELOAD=\/x$/m,
    /^ports +80\/tcp$/m,
    /^label +a=1$/m,
    / hello\.tar$/m,
  ]) {
    assert.match(stdout, line);
  }
});

test('inspect of an index lists images, and what refers to it when asked', async () => {
  const index = {
    ...INSPECTED,
    config: null,
    platform: null,
    layers: [],
    images: [{ digest: digestOf('i'), platform: 'linux/arm64', sizeBytes: 500 }],
    referrers: [
      { mediaType: MEDIA_TYPES.manifest, digest: digestOf('r'), size: 700, artifactType: 'text/sbom' },
    ],
  };
  const { stdout } = await runFake(['inspect', REF], { answers: { inspect: async () => index } });
  assert.match(stdout, new RegExp(`\\n${digestOf('i')}  linux/arm64\\n`));
  assert.match(stdout, new RegExp(`\\n${digestOf('r')}  700 B  text/sbom\\n`));
  const none = async () => ({ ...index, referrers: [] });
  assert.match((await runFake(['inspect', REF], { answers: { inspect: none } })).stdout, /no referrers\n/);
});

test('rm and logout say what they did', async () => {
  assert.match(
    (await runFake(['rm', REF])).stdout,
    /^removed registry\.example\/team\/gcc:1: the tag; its manifest stays\n$/,
  );
  const remove = async () => ({ reference: REF, digest: digestOf('m') });
  assert.match((await runFake(['rm', REF], { answers: { remove } })).stdout, new RegExp(digestOf('m')));
  assert.equal((await runFake(['rm', REF, '-q'])).stdout, '');
  assert.equal((await runFake(['logout', 'r.example'])).stdout, 'logged out of registry.example\n');
  const logout = async () => ({ registry: 'r', removed: false });
  assert.equal((await runFake(['logout', 'r'], { answers: { logout } })).stdout, 'not logged in to r\n');
});

test('a wrong number of arguments is refused with what is expected', async () => {
  for (const [words, expected] of [
    [['push', 'out.tar'], 'IMAGE and REF'],
    [['push', 'a', 'b', 'c'], 'IMAGE and REF'],
    [['cp', REF], 'FROM and TO'],
    [['pull'], 'expected one REF, got none'],
    [['tags'], 'expected one REG/NAME'],
    [['rm', REF, REF], 'expected one REF'],
    [['login'], 'expected one REG'],
    [['logout'], 'expected one REG'],
    [['pull', REF, '--ca='], '--ca'],
    [['pull', REF, '--push', REF], 'not an option of compose pull: --push'],
  ] as const) {
    const { exitCode, stderr, calls } = await runFake(words);
    assert.deepEqual([exitCode, calls], [2, []]);
    assert.ok(stderr.includes(expected), stderr);
  }
});

describe('compose login', () => {
  const requestOf = ({ calls }: Awaited<ReturnType<typeof runFake>>) => calls[0]?.argument as LoginRequest;

  test('the password comes from standard input, without the end of its line', async () => {
    for (const [stdin, password] of [
      ['secret\n', 'secret'],
      ['secret', 'secret'],
      [' two \r\n', ' two '],
      ['a\nb\n\n', 'a\nb\n'],
    ] as const) {
      const got = await runFake(['login', 'r.example', '-u', 'me', '--password-stdin'], { stdin });
      const { access, ...asked } = requestOf(got);
      assert.deepEqual(asked, { registry: 'r.example', username: 'me', password });
      assert.deepEqual([access, got.asked], [ACCESS, []]);
      assert.doesNotMatch(got.stdout + got.stderr, /secret/);
    }
  });

  test('or from the terminal, unseen; the user name too where it is not given', async () => {
    const got = await runFake(['login', 'r.example'], { typed: ['me', 'secret'] });
    assert.deepEqual(got.asked, ['User name', 'Password (hidden)']);
    assert.deepEqual([requestOf(got).username, requestOf(got).password], ['me', 'secret']);
    assert.equal(
      got.stdout,
      `logged in to registry.example as me; credentials stored in ${LOGIN.storedAt}\n`,
    );
    const named = await runFake(['login', 'r.example', '-u', 'me'], { typed: ['secret'] });
    assert.deepEqual(named.asked, ['Password (hidden)']);
  });

  test('never from the command line; without a terminal it says what there is', async () => {
    for (const words of [
      ['--password', 'hunter2'],
      ['--password=hunter2'],
      ['-p', 'hunter2'],
      ['-phunter2'],
    ]) {
      const { exitCode, calls, stderr, stdout } = await runFake(['login', 'r.example', '-u', 'me', ...words]);
      assert.deepEqual([exitCode, calls], [2, []]);
      assert.doesNotMatch(stderr + stdout, /hunter2/);
    }
    const { exitCode, stderr } = await runFake(['login', 'r.example', '-u', 'me']);
    assert.equal(exitCode, 2);
    assert.match(stderr, /cannot prompt: standard input is not a terminal/);
    const unnamed = await runFake(['login', 'r.example', '--password-stdin'], { stdin: 'x' });
    assert.match(unnamed.stderr, /expected --username/);
    const stdin = 'x'.repeat(70_000);
    const long = await runFake(['login', 'r.example', '-u', 'me', '--password-stdin'], { stdin });
    assert.deepEqual([long.exitCode, long.calls], [2, []]);
  });
});
