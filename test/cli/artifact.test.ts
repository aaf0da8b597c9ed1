import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/model/digest.ts';
import { ARTIFACT_PUSHED } from './artifact-samples.ts';
import { runFake } from './fake-app.ts';

const ACCESS = { insecure: false, ca: '', cert: '', key: '' };
const REF = 'registry.example/dist/hello:2.12';

async function asked(...words: readonly string[]): Promise<unknown> {
  const { exitCode, calls, stderr } = await runFake(['artifact', ...words]);
  assert.equal(exitCode, 0, stderr);
  return calls.map(({ name, argument }) => [name, argument]);
}

test('each action hands on what it is told', async () => {
  const access = { ...ACCESS, insecure: true, ca: 'ca.pem' };
  const reach = ['--insecure', '--ca', 'ca.pem'];
  assert.deepEqual(
    await asked(
      'push',
      REF,
      'a:x/y',
      'b',
      '--artifact-type=t/x',
      '--annotation',
      'k=v=w',
      '--subject',
      'r/a:1',
      ...reach,
    ),
    [
      [
        'artifactPush',
        {
          reference: REF,
          files: ['a:x/y', 'b'],
          artifactType: 't/x',
          annotations: { k: 'v=w' },
          subject: 'r/a:1',
          access,
        },
      ],
    ],
  );
  const pull = { reference: REF, titles: [], output: '.', platform: '', unpack: true, keepOldFiles: false };
  assert.deepEqual(await asked('pull', REF), [['artifactPull', { ...pull, access: ACCESS }]]);
  assert.deepEqual(
    await asked(
      'pull',
      REF,
      '--title',
      'a',
      '--title=b',
      '-o',
      'x/',
      '--no-unpack',
      '--keep-old-files',
      '--platform=arm64',
      ...reach,
    ),
    [
      [
        'artifactPull',
        {
          ...pull,
          titles: ['a', 'b'],
          output: 'x/',
          platform: 'linux/arm64',
          unpack: false,
          keepOldFiles: true,
          access,
        },
      ],
    ],
  );
  const location = `oras://${REF}/hello.tar.gz`;
  assert.deepEqual(await asked('fetch', location, '-o', 'x', ...reach), [
    ['artifactFetch', { location, output: 'x', platform: '', keepOldFiles: false, access }],
  ]);
  assert.deepEqual(await asked('fetch', location), [
    ['artifactFetch', { location, output: '', platform: '', keepOldFiles: false, access: ACCESS }],
  ]);
});

test('what a person reads; with --quiet what a script reads; with --json all of it', async () => {
  const outputOf = async (...words: readonly string[]) => (await runFake(['artifact', ...words])).stdout;
  const manifest = digestOf('manifest');
  assert.equal(
    await outputOf('push', REF, 'f'),
    `pushed to  registry.example/dist/hello:2.12
digest     ${manifest}
type       application/vnd.unknown.artifact.v1
sent       1.0 MB

FILE            SIZE  MEDIA TYPE
hello.tar.gz  1.0 MB  application/vnd.oci.image.layer.v1.tar
patches/       162 B  application/vnd.oci.image.layer.v1.tar+gzip
`,
  );
  assert.equal(await outputOf('push', REF, 'f', '-q'), `${manifest}\n`);
  assert.deepEqual(JSON.parse(await outputOf('push', REF, 'f', '--json')), ARTIFACT_PUSHED);
  assert.equal(
    await outputOf('pull', REF),
    `pulled  registry.example/dist/hello:2.12
digest  ${manifest}
type    application/vnd.unknown.artifact.v1

SAVED AS              SIZE  STATE
files/hello.tar.gz  1.0 MB  up to date
files/patches        162 B  unpacked
1 blob without a name skipped
`,
  );
  assert.equal(await outputOf('pull', REF, '-q'), 'files/hello.tar.gz\nfiles/patches\n');
  assert.equal(
    await outputOf('fetch', `oras://${REF}/hello.tar.gz`),
    `distfiles/hello.tar.gz: saved, 1.0 MB, 500.0 kB of it resumed\n${digestOf('a')}\n`,
  );
  assert.equal(await outputOf('fetch', REF, '-q'), 'distfiles/hello.tar.gz\n');
});

test('what cannot be meant is refused, with a hint', async () => {
  for (const [words, message] of [
    [[], /expected push, pull or fetch, got none/],
    [['get', REF], /expected push, pull or fetch, got "get"/],
    [['push', REF], /artifact push: expected REF and at least one FILE/],
    [['pull'], /artifact pull: expected one REF/],
    [['pull', REF, 'more'], /artifact pull: expected one REF/],
    [['fetch'], /artifact fetch: expected one URL/],
    [
      ['push', REF, 'f', '-o', 'x'],
      /not an option of compose artifact push: --output\nhint: It is an option of compose artifact pull and compose artifact fetch\.\n/,
    ],
    [
      ['fetch', REF, '--title', 'x'],
      /not an option of compose artifact fetch: --title\nhint: It is an option of compose artifact pull\.\n/,
    ],
    [['pull', REF, '--subject', 'x'], /not an option of compose artifact pull: --subject/],
    [['push', REF, 'f', '--annotation', 'x'], /--annotation: expected NAME=value/],
    [['pull', REF, '-o', ''], /--output: expected a non-empty value/],
  ] as const) {
    const { exitCode, stderr, calls } = await runFake(['artifact', ...words]);
    assert.equal(exitCode, 2, words.join(' '));
    assert.match(stderr, message);
    assert.deepEqual(calls, []);
  }
});
