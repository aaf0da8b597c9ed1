import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { composeRequest, SETTINGS } from '../../src/app/settings/settings.ts';
import {
  compareVersions,
  compose,
  type ImageSettings,
  ingest,
  pull,
  search,
  verify,
  why,
} from '../../src/index.ts';
import { imageSettings } from '../../src/library/read-request.ts';
import { refused } from '../app/harness.ts';
import { runFake } from '../cli/fake-app.ts';
import { tempDir } from '../fixtures/temp.ts';

const EVERYTHING: Required<ImageSettings> = {
  distro: 'alpine',
  release: 'v3.19',
  solver: 'apk3',
  arch: 'amd64',
  mirrors: 'https://mirror.example',
  repositories: ['main', './own'],
  keyring: './keys',
  keyringAppend: ['./more'],
  allowUntrusted: true,
  sigLevel: 'Optional TrustAll',
  insecure: true,
  ca: 'ca.pem',
  cert: 'cert.pem',
  key: 'key.pem',
  packages: ['git', 'jq>1'],
  base: 'system',
  tags: ['a', 'b:1'],
  layers: 'auto',
  maxLayers: 7,
  layerEncoding: 'zstd',
  install: 'run',
  noScripts: true,
  noDatabase: true,
  add: ['dist:/opt/app'],
  prefix: '/',
  env: { A: '1', B: 'x=y' },
  entrypoint: ['/bin/git', '--help'],
  cmd: 'git status',
  user: 'git:git',
  workdir: '/src',
  labels: { a: 'b' },
  expose: [80, '53/udp'],
  annotations: { c: 'd' },
  output: 'x',
  format: 'oci-dir',
  load: 'podman',
  push: ['registry.example/a:1', 'registry.example/b'],
  store: 'registry.example/packages',
  dryRun: true,
};

const { prefix: _, ...WITHOUT_PREFIX } = EVERYTHING;

const WORDS = [
  ...['git', 'jq>1', '--distro', 'alpine', '--release', 'v3.19', '--solver', 'apk3', '--arch', 'amd64'],
  ...['--mirror', 'https://mirror.example', '--repo', 'main', '--repo', './own', '--keyring', './keys'],
  ...['--keyring-append', './more', '--allow-untrusted', '--sig-level', 'Optional TrustAll', '--insecure'],
  ...['--ca', 'ca.pem', '--cert', 'cert.pem', '--key', 'key.pem', '--base', 'system', '-t', 'a', '-t', 'b:1'],
  ...[
    '--layers',
    'auto',
    '--max-layers',
    '7',
    '--layer-encoding',
    'zstd',
    '--install',
    'run',
    '--no-scripts',
  ],
  ...['--no-database', '-e', 'A=1', '-e', 'B=x=y', '--entrypoint', '["/bin/git","--help"]'],
  ...['--cmd', 'git status', '--user', 'git:git', '--workdir', '/src', '--label', 'a=b', '--expose', '80'],
  ...['--expose', '53/udp', '--annotation', 'c=d', '-o', 'x', '--format', 'oci-dir', '--load=podman'],
  ...[
    '--push',
    'registry.example/a:1',
    '--push',
    'registry.example/b',
    '--store',
    'registry.example/packages',
  ],
  ...['--add', 'dist:/opt/app', '--dry-run'],
];

test('a request means what the command line means', async () => {
  const { calls } = await runFake(WORDS);
  assert.deepEqual(composeRequest(imageSettings(WITHOUT_PREFIX), undefined), calls[0]!.argument);
});

test('every key of a recipe is a property', () => {
  const names = SETTINGS.map(({ key }) => key.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()));
  const own = ['insecure', 'ca', 'cert', 'key', 'load', 'push', 'store', 'dryRun'];
  assert.deepEqual(Object.keys(EVERYTHING).sort(), [...names, ...own].sort());
});

/** As JavaScript may call it. */
const loose = (request: unknown): ImageSettings => request as ImageSettings;

const REFUSED: readonly (readonly [request: unknown, ...patterns: string[]])[] = [
  [undefined, 'request: expected an object, got "a value of type undefined"'],
  [{}, 'no packages: expected at least one package name'],
  [
    { packages: ['git'], distro: 'alpin' },
    'distro: expected alpine or arch, got "alpin"',
    'Did you mean alpine?',
  ],
  [{ packages: ['git'], relase: 'edge' }, 'unknown property "relase"', 'Did you mean release?'],
  [{ packages: ['a b'] }, 'packages: expected a package name such as gcc', 'got "a b"'],
  [{ packages: { git: true } }, 'packages: expected a single value, got "a value of type object"'],
  [{ packages: ['git'], release: ['edge', 'v3.19'] }, 'release: expected a single value, got "a list"'],
  [{ packages: ['git'], noScripts: 'yes' }, 'noScripts: expected true or false, got "yes"'],
  [{ packages: ['git'], maxLayers: 1.5 }, 'maxLayers: expected a whole number from 1 to 125, got "1.5"'],
  [{ packages: ['git'], env: { 'A=B': 'c' } }, 'env: expected a name without =, got "A=B"'],
  [{ packages: ['git'], labels: { a: null } }, 'labels.a: expected a single value, got "null"'],
  [{ packages: ['git'], cmd: ['a', 1, []] }, 'cmd: expected a single value, got "a list"'],
  [{ packages: ['git'], store: 'registry.example/p' }, 'store: expected push with it'],
  [
    { packages: ['git'], push: `registry.example/a@sha256:${'0'.repeat(64)}` },
    'push: expected a name without a digest',
  ],
  [{ packages: ['git'], base: 'system', prefix: '/opt' }, 'expected none with --prefix'],
];

for (const [request, ...patterns] of REFUSED) {
  test(`${JSON.stringify(request)} is refused`, async () => {
    await refused(compose(loose(request)), 'USAGE', ...patterns);
  });
}

test('other requests are checked in the same way', async () => {
  await refused(search({ words: [] }), 'USAGE', 'words: expected a value, got none');
  await refused(search({ words: 'git', limit: 0 }), 'USAGE', 'limit: expected a whole number from 1');
  await refused(why({ name: 'a', in: ['b c'] }), 'USAGE', 'in: expected a package name');
  await refused(pull({ image: 'a', platform: 'x/y/z/w' }), 'USAGE', 'platform');
  await refused(verify({ image: 'a', release: 'edge' } as never), 'USAGE', 'unknown property "release"');
  await refused(compareVersions({ a: '1', b: '2', distro: 'arch', solver: 'apk2' }), 'USAGE', 'solver');
});

test('errors of the system are AppErrors, and an aborted signal cancels', async (t) => {
  const cacheDirectory = join(tempDir(t), 'cache');
  const options = { cacheDirectory, env: {} };
  await refused(
    compose({ packages: ['git'] }, { cacheDirectory: '/proc/no-such', env: {} }),
    'STORAGE',
    '/proc/no-such',
  );
  await refused(ingest({ inputs: '/no/such.apk' }, options), 'NOT_FOUND', '/no/such.apk');
  const image = { packages: ['git'], repositories: 'http://127.0.0.1:9/main' };
  await refused(compose(image, { ...options, signal: AbortSignal.abort() }), 'CANCELLED');
  await refused(
    compose(image, { ...options, env: { SOURCE_DATE_EPOCH: 'now' } }),
    'USAGE',
    'SOURCE_DATE_EPOCH',
  );
});
