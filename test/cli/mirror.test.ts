import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/model/digest.ts';
import { runFake } from './fake-app.ts';
import { MIRRORED } from './mirror-samples.ts';

const ACCESS = { insecure: false, ca: '', cert: '', key: '' };
const TO = 'registry.example/alpine';
const SOURCE = {
  distro: 'alpine',
  release: '',
  architecture: '',
  mirrors: [],
  repositories: [],
  keyring: '',
  allowUntrusted: false,
  sigLevel: '',
};

async function asked(...words: readonly string[]): Promise<unknown> {
  const { exitCode, calls, stderr } = await runFake(['mirror', ...words]);
  assert.equal(exitCode, 0, stderr);
  return calls.map(({ name, argument }) => [name, argument]);
}

async function textOf(...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runFake(['mirror', ...words]);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

test('add hands on what is mirrored, from where, and how the registry is reached', async () => {
  assert.deepEqual(await asked('add', '--to', TO), [
    ['mirrorAdd', { source: SOURCE, packages: [], all: false, files: false, to: TO }],
  ]);
  assert.deepEqual(
    await asked('add', 'git', 'jq>1', '--release=v3.19', '--repo', 'main', '--to', `${TO}:x`, '--insecure'),
    [
      [
        'mirrorAdd',
        {
          source: {
            ...SOURCE,
            release: 'v3.19',
            repositories: ['main'],
            access: { ...ACCESS, insecure: true },
          },
          packages: ['git', 'jq>1'],
          all: false,
          files: false,
          to: `${TO}:x`,
        },
      ],
    ],
  );
  assert.deepEqual(await asked('add', '--all', '--files', '--distro', 'arch', '--to', TO), [
    ['mirrorAdd', { source: { ...SOURCE, distro: 'arch' }, packages: [], all: true, files: true, to: TO }],
  ]);
});

test('ls asks the registry alone', async () => {
  assert.deepEqual(await asked('ls', TO), [['mirrorList', { mirror: TO, access: ACCESS }]]);
  assert.deepEqual(await asked('ls', `${TO}:v3.19`, '--ca', 'ca.pem'), [
    ['mirrorList', { mirror: `${TO}:v3.19`, access: { ...ACCESS, ca: 'ca.pem' } }],
  ]);
});

for (const [words, expected] of [
  [[], /compose mirror: expected add or ls/],
  [['rm', TO], /expected add or ls/],
  [['add', '--all'], /expected --to REG\/NAME/],
  [['add', 'git', '--all', '--to', TO], /expected packages or --all/],
  [['add', '--to', ''], /--to: expected a non-empty value/],
  [['ls'], /compose mirror ls: expected one REG\/NAME\[:TAG\], got none/],
  [['ls', TO, TO], /expected one REG\/NAME/],
  [['ls', TO, '--all'], /not an option of compose mirror ls: --all/],
  [['ls', TO, '--distro', 'arch'], /not an option of compose mirror ls: --distro/],
] as const) {
  test(`mirror ${words.join(' ')} is refused`, async () => {
    const { exitCode, stderr, calls } = await runFake(['mirror', ...words]);
    assert.equal(exitCode, 2);
    assert.match(stderr, expected);
    assert.deepEqual(calls, []);
  });
}

test('the sums are shown; quiet: the digest alone', async () => {
  assert.equal(
    await textOf('add', '--all', '--to', TO),
    `mirrored to  oci://registry.example/alpine:v3.19
digest       ${digestOf('generation')}
generation   v3.19-0123456789ab, new
index        main/x86_64: APKINDEX.tar.gz (461.0 kB)
index        core/os/x86_64: core.db, core.db.sig (123.0 kB)
packages     52 up to date, 12 added, 2 of them copied within the registry; 5.4 MB sent
`,
  );
  assert.equal(await textOf('add', '--all', '--to', TO, '-q'), `${digestOf('generation')}\n`);
  assert.deepEqual(JSON.parse(await textOf('add', '--to', TO, '--json')), MIRRORED);
  const unchanged = await runFake(['mirror', 'add', '--to', TO], {
    answers: {
      mirrorAdd: async () => ({
        ...MIRRORED,
        changed: false,
        packages: { wanted: 1, added: 0, mounted: 0 },
        sentBytes: 0,
      }),
    },
  });
  assert.match(unchanged.stdout, /v3\.19-0123456789ab, up to date\n/);
  assert.match(unchanged.stdout, /packages {5}1 up to date, 0 added; 0 B sent\n$/);
});

test('a list of releases and generations', async () => {
  assert.equal(
    await textOf('ls', TO),
    `oci://registry.example/alpine:v3.19  ${digestOf('generation')}
  main/x86_64: APKINDEX.tar.gz (461.0 kB)
  core/os/x86_64: core.db, core.db.sig (123.0 kB)
  generations: v3.19-0123456789ab, v3.19-ba9876543210
oci://registry.example/alpine:own  ${digestOf('own')}
registry.example/alpine: 5443 packages
`,
  );
});
