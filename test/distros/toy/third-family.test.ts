import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compose } from '../../../src/app/compose/compose.ts';
import { familyFiles } from '../../../src/app/images/image-packages.ts';
import { repositoryRecord } from '../../../src/app/published-catalog/records.ts';
import { plan } from '../../../src/app/query/plan.ts';
import { sourceOptions } from '../../../src/app/settings/settings.ts';
import { isPackageTag, packageEntry } from '../../../src/app/sources/stored-package.ts';
import { verify } from '../../../src/app/verify/verify.ts';
import { EXIT_CODES } from '../../../src/cli/exit-codes.ts';
import { addFamily, familyIds, familyOf } from '../../../src/distros/families.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { index, refused, request, source, use } from '../../app/harness.ts';
import { makeApk } from '../../fixtures/apk.ts';
import { END_OF_ARCHIVE, tarEntries } from '../../fixtures/tar.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { type ToyEntry, toyFamily } from './toy-family.ts';

// All that a family has to be told to: everything below goes through the use cases and the command line as they are.
addFamily(toyFamily);
// The command line reads the list of families once.
const { run } = await import('../../../src/cli/run.ts');

interface Shop {
  readonly folder: string;
  readonly cache: string;
  /** Of the repository, with the keys that signed it */
  readonly from: {
    readonly distro: string;
    readonly architecture: string;
    readonly repositories: readonly string[];
    readonly keyring: string;
  };
}

const KEYS = generateKeyPairSync('ed25519');
const OTHER = generateKeyPairSync('ed25519');

function archive(name: string, version: string, needs: readonly string[]): Buffer {
  const content = [
    `${name} ${version}`,
    ...(needs.length === 0 ? [] : [`needs ${needs.join(' ')}`]),
    '',
  ].join('\n');
  const files = [
    { path: '.toy', content },
    { path: 'bin/' },
    { path: `bin/${name}`, content: `${name} ${version}`, mode: 0o755 },
  ];
  return Buffer.concat([tarEntries(files), END_OF_ARCHIVE]);
}

/** A signed repository with a castle, which needs a brick; of bricks there are two versions. */
function shop(t: TestContext, key: KeyObject = KEYS.privateKey): Shop {
  const folder = tempDir(t);
  const repository = join(folder, 'bricks');
  const keyring = join(folder, 'keys');
  for (const place of [repository, keyring]) mkdirSync(place);
  const entries: ToyEntry[] = [];
  for (const [name, version, needs] of [
    ['brick', '9', []],
    ['brick', '10', []],
    ['castle', '1', ['brick']],
  ] as const) {
    const bytes = archive(name, version, needs);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(repository, `${name}-${version}.toy`), bytes);
    entries.push({ name, version, needs, sizeBytes: bytes.length, sha256 });
  }
  const body = Buffer.from(JSON.stringify(entries));
  writeFileSync(
    join(repository, 'TOYINDEX'),
    Buffer.concat([Buffer.from(`${sign(null, body, key).toString('base64')}\n`), body]),
  );
  writeFileSync(join(keyring, 'maker.pem'), KEYS.publicKey.export({ type: 'spki', format: 'pem' }));
  const from = { distro: 'toy', architecture: 'amd64', repositories: [repository], keyring };
  return { folder: repository, cache: join(folder, 'cache'), from };
}

async function line(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await run(words, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { PATH: '' },
  });
  return { code, out, err };
}

test('its packages are indexed and solved', async (t) => {
  const { cache, from } = shop(t);
  const [report] = await index(cache, from);
  assert.deepEqual(
    [report?.repository, report?.packages, report?.signedBy],
    ['toy box bricks amd64', 3, 'maker.pem'],
  );
  const planned = await use({ cache }, (context) =>
    plan(context, { source: source(from), base: 'none', packages: ['castle'] }),
  );
  assert.deepEqual(
    planned.packages.map(({ name, version, reason }) => [name, version, reason]),
    [
      ['brick', '10', 'dependency'],
      ['castle', '1', 'explicit'],
    ],
  );
});

test('its packages become an image, layer by layer the published archives, which verifies', async (t) => {
  const { folder, cache, from } = shop(t);
  const path = join(folder, 'image.tar');
  const composed = await use({ cache }, (context) =>
    compose(context, request(['castle'], from, { output: { path, format: 'tar', load: undefined } })),
  );
  assert.deepEqual(
    composed.layers.map(({ kind, digest }) => (kind === 'package' ? digest : kind)),
    [
      ...['brick-10', 'castle-1'].map((name) => digestOf(readFileSync(join(folder, `${name}.toy`)))),
      'install',
    ],
  );
  const judge = (trust: object) =>
    use({ cache }, (context) =>
      verify(context, { image: path, platform: '', trust: sourceOptions({ ...trust }) }),
    );
  const good = await judge({ keyring: [from.keyring] });
  assert.deepEqual([good.problems, good.verified], [[], true]);
  assert.deepEqual(
    good.layers.map(({ kind }) => kind),
    ['package', 'package', 'install'],
  );
  const origins = good.layers.flatMap(({ verdicts }) =>
    verdicts.map(({ path, origin }) => `${origin} ${path}`),
  );
  assert.ok(origins.includes('database var/lib/toy/installed'), origins.join());
  const strangers = await judge({});
  assert.equal(strangers.verified, false);
  assert.equal(strangers.problems[0]?.code, 'SIGNATURE');
});

test('what is signed by another key, changed or unsigned is refused', async (t) => {
  const other = shop(t, OTHER.privateKey);
  await refused(index(other.cache, other.from), 'SIGNATURE', 'no trusted key has signed it');
  const changed = shop(t);
  appendFileSync(join(changed.folder, 'TOYINDEX'), ' ');
  await refused(index(changed.cache, changed.from), 'SIGNATURE');
  const damaged = shop(t);
  appendFileSync(join(damaged.folder, 'castle-1.toy'), Buffer.alloc(512));
  const composing = use({ cache: damaged.cache }, (context) =>
    compose(context, request(['castle'], damaged.from)),
  );
  await refused(composing, 'INTEGRITY');
  const { code, err } = await line('ingest', join(changed.folder, 'brick-9.toy'), '--cache', changed.cache);
  assert.equal(code, EXIT_CODES.SIGNATURE, err);
  assert.match(err, /brick-9\.toy: expected an entry in a signed index/);
});

test('the command line knows it as it knows the others', async (t) => {
  const { cache, from } = shop(t);
  const unknown = await line('castle', '--distro', 'box');
  assert.match(unknown.err, /box/);
  for (const id of familyIds()) assert.ok(unknown.err.includes(id), unknown.err);
  const options = [
    '--distro',
    'toy',
    '--repo',
    from.repositories[0] ?? '',
    '--keyring',
    from.keyring,
    '--cache',
    cache,
  ];
  const missing = await line('plan', 'dragon', '--arch', 'amd64', '--verbose', ...options);
  assert.match(missing.err, /no such package: dragon[\s\S]*in toy's words:\n\s+toy: where is my dragon\?/);
  assert.equal((await line('vercmp', '--distro', 'toy', '9', '10')).out, '<\n');
  const solver = await line('vercmp', '--distro', 'toy', '--solver', 'apk2', '9', '10');
  assert.match(solver.err, /--solver: expected none with toy, got apk2/);
});

test('catalogs and package stores take it, and no family that is not there', async () => {
  const record = {
    architecture: 'amd64',
    release: 'box',
    name: 'bricks',
    content: '',
    description: '',
    signedBy: '',
    trust: 'pinned',
  };
  const place = { url: 'https://toys.example/bricks/TOYINDEX', base: 'https://toys.example/bricks' };
  assert.equal(repositoryRecord({ distro: 'toy', ...record, ...place }, 'record').distro, 'toy');
  assert.throws(
    () => repositoryRecord({ distro: 'box', ...record, ...place }, 'record'),
    /expected alpine or arch or toy, got "box"/,
  );
  assert.throws(() => familyOf('box'), /no such distribution: expected alpine or arch or toy, got "box"/);
  const stored = { distro: 'toy', name: 'brick', version: '10', architecture: 'any' };
  const blob = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf('x'), size: 1 };
  const { tag, manifest } = packageEntry(stored, blob);
  assert.equal(isPackageTag(tag), true);
  assert.match(manifest.bytes.toString(), /"pkg:generic\/toy\/brick@10\?arch=any".*"brick-10\.toy"/);
  assert.equal((await familyFiles()).familyOf(new Map([['.toy', Buffer.from('brick 10')]]))?.id, 'toy');
});

test('a package that only another family has is found there', async (t) => {
  const { cache, from, folder } = shop(t);
  await index(cache, from);
  writeFileSync(join(folder, 'a-1-r0.apk'), makeApk({ name: 'a', version: '1-r0' }));
  const asking = use({ cache }, (context) =>
    plan(context, {
      source: source({ repositories: [folder], allowUntrusted: true }),
      base: 'none',
      packages: ['castle'],
    }),
  );
  await refused(asking, 'UNKNOWN_PACKAGE', /castle-1 in toy box bricks amd64/);
});
