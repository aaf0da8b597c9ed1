import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ingest } from '../../../src/app/archives/ingest.ts';
import { startMirror } from '../../fake/mirror.ts';
import { makeApk, makeApkIndex, makeFixtureKey } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import {
  certify,
  makePgpKey,
  makeTestWeb,
  type PgpKeyOptions,
  pacmanKeyringFiles,
  signDetached,
  writeTestKeyring,
} from '../../fixtures/pgp.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, composed, contents, folder, index, KEY, refused, small, source, use } from '../harness.ts';

const OTHER = makeFixtureKey('other.rsa.pub');

test('an unsigned index is refused, on the terminal too, with the ways out', async (t) => {
  const dir = tempDir(t);
  const repo = writeAlpineMirror(dir, { packages: [small('a')] });
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const cache = join(dir, 'cache');
  const words = ['index', '--arch', 'x86_64', '--repo', repo, '--cache', cache];
  const ended = await cli([...words, '--keyring', keyring]);
  assert.equal(ended.code, 8, ended.stderr);
  for (const part of [`${repo}/APKINDEX.tar.gz`, 'unsigned', '--keyring', '--allow-untrusted']) {
    assert.ok(ended.stderr.includes(part), `${part} in ${ended.stderr}`);
  }
  assert.equal((await cli([...words, '--allow-untrusted'])).code, 0);
  await refused(index(cache, { repositories: [repo], keyring }), 'SIGNATURE', 'unsigned');
});

test('an index by an unknown key, with a bad signature, or by a key of that name that is another', async (t) => {
  const dir = tempDir(t);
  const repo = writeAlpineMirror(dir, { packages: [small('a')], key: KEY });
  const cache = join(dir, 'cache');
  const without = writeApkKeyring(join(dir, 'without'), [OTHER]);
  const unknown = index(cache, { repositories: [repo], keyring: without });
  await refused(unknown, 'UNTRUSTED_KEY', KEY.name, OTHER.name, '--keyring', '--allow-untrusted', repo);
  const impostor = writeApkKeyring(join(dir, 'impostor'), [{ ...OTHER, name: KEY.name }]);
  await refused(index(cache, { repositories: [repo], keyring: impostor }), 'SIGNATURE', KEY.name, repo);
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const path = join(repo, 'APKINDEX.tar.gz');
  const signed = makeApkIndex([], { key: KEY });
  const unsigned = makeApkIndex([], { key: null });
  const other = makeApkIndex([], { key: null, description: 'another' });
  writeFileSync(path, Buffer.concat([signed.subarray(0, signed.length - unsigned.length), other]));
  await refused(index(cache, { repositories: [repo], keyring }), 'SIGNATURE', KEY.name, path);
  await refused(
    index(cache, { repositories: [repo], keyring: join(dir, 'nowhere') }),
    'NOT_FOUND',
    join(dir, 'nowhere'),
  );
});

test('what --allow-untrusted accepted is refused later without it: the index, and an archive under a signed index', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const unsigned = writeAlpineMirror(dir, { repo: 'unsigned', packages: [small('a')] });
  const half = writeAlpineMirror(dir, { repo: 'half', packages: [small('b', { key: null })], key: KEY });
  for (const [repo, name] of [
    [unsigned, 'a'],
    [half, 'b'],
  ] as const) {
    await composed(cache, [name], { repositories: [repo], allowUntrusted: true });
  }
  await refused(
    composed(cache, ['a'], { repositories: [unsigned], keyring }),
    'SIGNATURE',
    'APKINDEX.tar.gz',
    'unsigned',
  );
  await refused(
    composed(cache, ['b'], { repositories: [half], keyring }),
    'SIGNATURE',
    'b-1.0-r0.apk',
    'unsigned',
    '--allow-untrusted',
  );
  const again = await composed(cache, ['b'], { repositories: [half], allowUntrusted: true });
  assert.equal(again.layers.length, 2, 'and it is still there for those who allow it');
});

test('another keyring: index and archives are verified again, and accepted where it holds the key', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  const root = folder(dir, 'mirror');
  writeAlpineMirror(root, { packages: [small('a')], key: KEY });
  const mirror = await startMirror(root);
  t.after(() => mirror.close());
  const repositories = [`${mirror.url}/v3.19/main`];
  const one = writeApkKeyring(join(dir, 'one'), [KEY]);
  const both = writeApkKeyring(join(dir, 'both'), [KEY, OTHER]);
  const wrong = writeApkKeyring(join(dir, 'wrong'), [OTHER]);
  const first = await composed(cache, ['a'], { repositories, keyring: one });
  mirror.requests.length = 0;
  const second = await composed(cache, ['a'], { repositories, keyring: both });
  assert.equal(second.digest, first.digest);
  assert.deepEqual(
    mirror.requests.map(({ status, url }) => `${status} ${url.split('/').at(-1)}`),
    ['200 APKINDEX.tar.gz'],
  );
  await refused(composed(cache, ['a'], { repositories, keyring: wrong }), 'UNTRUSTED_KEY', KEY.name);
});

test('regression: the same package under another key in the cache does not block the repository’s own copy', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const foreign = join(folder(dir, 'foreign'), 'a-1.0-r0.apk');
  writeFileSync(foreign, makeApk(small('a', { key: OTHER })));
  await use({ cache }, (context) =>
    ingest(context, { source: source({ allowUntrusted: true }), inputs: [foreign] }),
  );
  const repo = writeAlpineMirror(dir, { packages: [small('a')], key: KEY });
  const report = await composed(cache, ['a'], { repositories: [repo], keyring });
  assert.equal(report.layers.length, 2);
  assert.equal(contents(cache).blobs.length, 3, 'both archives and the install layer');
});

test('without --keyring: keys of the mirror’s own alpine-keys package that no pin names count for nothing', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  const file = (name: string, content: string) => ({ path: `etc/apk/keys/${name}`, content });
  const pinnedName = 'alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub';
  const keys = small('alpine-keys', {
    files: [file(KEY.name, KEY.publicPem), file(pinnedName, KEY.publicPem)],
  });
  const repo = writeAlpineMirror(dir, { packages: [keys, small('a')], key: KEY });
  await refused(
    index(cache, { repositories: [repo] }),
    'UNTRUSTED_KEY',
    KEY.name,
    pinnedName,
    '--keyring-append',
    '--allow-untrusted',
  );
  assert.deepEqual(contents(cache), { blobs: [], ingest: [], partial: [] });
  assert.ok(!existsSync(join(cache, 'keys/alpine')), 'Alpine’s keys come with the product');
});

test('a fresh machine trusts what is Alpine’s without asking anybody for keys', async (t) => {
  const pool = sharedData('data/alpine/v3.19-pool/x86_64');
  const iso = sharedData('data/alpine/v3.19-iso');
  if (pool === undefined || iso === undefined) return t.skip('skipped: ../shared/data/alpine is not here');
  const dir = tempDir(t);
  // Bare archives, which their own signatures vouch for; no package of keys among them.
  const bare = folder(dir, 'bare');
  for (const name of readdirSync(join(iso, 'x86_64')).filter((one) => /^(musl|zlib)-\d.*\.apk$/.test(one)))
    cpSync(join(iso, 'x86_64', name), join(bare, name));
  await composed(join(dir, 'one'), ['zlib'], { repositories: [bare], release: 'v3.19' });
  const mirror = await startMirror(iso);
  t.after(() => mirror.close());
  const report = await composed(join(dir, 'two'), ['zlib'], { repositories: [mirror.url] });
  assert.deepEqual(
    report.plan.packages.map(({ name }) => name),
    ['musl', 'zlib'],
  );
  assert.ok(mirror.requests.every(({ url }) => !url.includes('alpine-keys')));
  // Each key signs for its own architecture.
  await refused(
    index(join(dir, 'three'), { repositories: [join(iso, 'x86_64')], architecture: 'aarch64' }),
    'UNTRUSTED_KEY',
    '6165ee59',
    '616ae350',
  );
});

test('--keyring several times: every folder counts; --keyring-append beside the pinned keys or those of --keyring', async (t) => {
  const dir = tempDir(t);
  const one = writeApkKeyring(join(dir, 'one'), [KEY]);
  const other = writeApkKeyring(join(dir, 'other'), [OTHER]);
  const repo = writeAlpineMirror(dir, { packages: [small('a'), small('b', { key: OTHER })], key: KEY });
  let count = 0;
  const run = (...words: readonly string[]) => {
    count += 1;
    return cli([
      ...['plan', 'a', 'b', '--arch', 'x86_64', '--repo', repo, '--cache', join(dir, `cache${count}`)],
      ...words,
    ]);
  };
  for (const words of [
    ['--keyring', one],
    ['--keyring', one, '--keyring', other],
    ['--keyring', other, '--keyring', one],
    ['--keyring-append', one],
    ['--keyring-append', other, '--keyring-append', one],
    ['--keyring', other, '--keyring-append', one],
  ]) {
    const ended = await run(...words);
    assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stderr}`);
  }
  const pinned = await run('--keyring-append', other);
  assert.equal(pinned.code, 9);
  assert.match(pinned.stderr, /Use --keyring-append DIR/);
  const own = await run('--keyring', other);
  assert.equal(own.code, 9);
  assert.match(own.stderr, /another --keyring DIR/);
  assert.doesNotMatch(`${pinned.stderr}${own.stderr}`, /known keys: none/);
  const impostor = writeApkKeyring(join(dir, 'impostor'), [{ ...OTHER, name: KEY.name }]);
  const twice = await run('--keyring', one, '--keyring', impostor);
  assert.match(twice.stderr, /two different keys have the name test-1\.rsa\.pub/);
});

test('what --keyring-append accepted is verified again without it', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  const keyringAppend = [writeApkKeyring(join(dir, 'keys'), [KEY])];
  const repositories = [writeAlpineMirror(dir, { packages: [small('a')], key: KEY })];
  await composed(cache, ['a'], { repositories, keyringAppend });
  await refused(composed(cache, ['a'], { repositories }), 'UNTRUSTED_KEY', KEY.name);
});

test('Arch: a keyring beside the pinned keys', async (t) => {
  const dir = tempDir(t);
  const web = await makeTestWeb();
  const keys = await certify(web.packager, web.masters);
  const keyring = folder(dir, 'keyring');
  for (const file of pacmanKeyringFiles({ trusted: web.masters, keys: [keys] }))
    writeFileSync(join(keyring, file.name), file.bytes);
  const sign = (bytes: Buffer) => signDetached(web.packager, bytes);
  const repo = await writeArchMirror(dir, { packages: [{ name: 'bash', version: '5.2-1' }], sign });
  const from = { distro: 'arch', repositories: [repo] } as const;
  await composed(join(dir, 'one'), ['bash'], { ...from, keyringAppend: [keyring] });
  await refused(composed(join(dir, 'two'), ['bash'], from), 'UNTRUSTED_KEY', '--keyring-append');
});

test('regression: Arch, whose databases are not signed: pinned keys are fetched when the first archive needs them', async (t) => {
  const data = sharedData('data/arch/2017.12');
  if (data === undefined) return t.skip('skipped: ../shared/data/arch is not here');
  const dir = tempDir(t);
  const repo = folder(dir, 'core/os/x86_64');
  cpSync(join(data, 'core.db'), join(repo, 'core.db'));
  for (const name of readdirSync(join(data, 'x86_64'))) {
    if (/^(?:archlinux-keyring|iana-etc|tzdata|filesystem)-/.test(name))
      cpSync(join(data, 'x86_64', name), join(repo, name));
  }
  const cache = join(dir, 'cache');
  const report = await composed(cache, ['filesystem'], { distro: 'arch', repositories: [repo] });
  assert.ok(report.layers.length >= 2);
  assert.deepEqual(readdirSync(join(cache, 'keys/arch')), [
    'archlinux-revoked',
    'archlinux-trusted',
    'archlinux.gpg',
  ]);
  const no = refused(
    composed(`${cache}2`, ['filesystem'], {
      distro: 'arch',
      repositories: [repo],
      sigLevel: 'DatabaseRequired',
    }),
    'SIGNATURE',
    'core.db',
    'unsigned',
  );
  await no;
});

interface ArchCase {
  readonly what: string;
  readonly signer?: PgpKeyOptions;
  /** Signs with a key that the keyring does not have, or that nobody certified */
  readonly by?: 'unknown' | 'uncertified';
  readonly signs?: 'database' | 'packages' | 'nothing';
  readonly sigLevel?: string;
  readonly expected:
    | readonly [code: 'SIGNATURE' | 'UNTRUSTED_KEY', ...patterns: (string | RegExp)[]]
    | 'accepted';
}

const ARCH_CASES: readonly ArchCase[] = [
  { what: 'signed throughout', expected: 'accepted' },
  { what: 'nothing signed', signs: 'nothing', expected: ['SIGNATURE', 'unsigned', '--allow-untrusted'] },
  { what: 'nothing signed, Optional', signs: 'nothing', sigLevel: 'Optional', expected: 'accepted' },
  { what: 'nothing signed, PackageNever', signs: 'nothing', sigLevel: 'PackageNever', expected: 'accepted' },
  { what: 'packages alone', signs: 'packages', expected: 'accepted' },
  {
    what: 'packages alone, Required',
    signs: 'packages',
    sigLevel: 'Required',
    expected: ['SIGNATURE', 'core.db', 'unsigned'],
  },
  { what: 'database alone', signs: 'database', expected: ['SIGNATURE', 'bash', 'unsigned'] },
  { what: 'an expired key', signer: { expired: true }, expected: ['UNTRUSTED_KEY', /expired key/] },
  { what: 'an expired key, TrustAll', signer: { expired: true }, sigLevel: 'TrustAll', expected: 'accepted' },
  { what: 'an expired key, Never', signer: { expired: true }, sigLevel: 'Never', expected: 'accepted' },
  { what: 'a revoked key', signer: { revoked: true }, expected: ['UNTRUSTED_KEY', /revoked key/] },
  {
    what: 'a revoked key, TrustAll',
    signer: { revoked: true },
    sigLevel: 'TrustAll',
    expected: ['UNTRUSTED_KEY', /revoked key/],
  },
  { what: 'an unknown key', by: 'unknown', expected: ['UNTRUSTED_KEY', /unknown key/] },
  {
    what: 'an unknown key, Optional TrustAll',
    by: 'unknown',
    sigLevel: 'Optional TrustAll',
    expected: ['UNTRUSTED_KEY', /unknown key/],
  },
  { what: 'a key nobody certified', by: 'uncertified', expected: ['UNTRUSTED_KEY', /untrusted key/] },
  { what: 'a key nobody certified, TrustAll', by: 'uncertified', sigLevel: 'TrustAll', expected: 'accepted' },
];

for (const one of ARCH_CASES) {
  test(`Arch signatures: ${one.what}`, async (t) => {
    const dir = tempDir(t);
    const keyring = folder(dir, 'keyring');
    let { packager } = await writeTestKeyring(keyring, one.signer);
    if (one.by !== undefined) packager = await makePgpKey();
    if (one.by === 'uncertified') writeFileSync(join(keyring, 'more.gpg'), packager.publicBytes);
    const sign = (bytes: Buffer) => signDetached(packager, bytes);
    const signs = one.signs ?? 'both';
    const repo = await writeArchMirror(dir, {
      packages: [{ name: 'bash', version: '5.2-1', files: [{ path: 'usr/' }] }],
      ...(signs === 'nothing' ? {} : { sign }),
    });
    if (signs === 'database' || signs === 'packages') await unsign(dir, repo, signs, sign);
    const from = { distro: 'arch', repositories: [repo], keyring, sigLevel: one.sigLevel ?? '' } as const;
    const result = composed(join(dir, 'cache'), ['bash'], from);
    if (one.expected === 'accepted') assert.equal((await result).plan.packages.length, 1);
    else await refused(result, ...one.expected);
  });
}

/** Leaves signatures on one side only. */
async function unsign(
  dir: string,
  repo: string,
  signed: 'database' | 'packages',
  sign: (bytes: Buffer) => Promise<Buffer>,
) {
  const { rmSync } = await import('node:fs');
  if (signed === 'packages') {
    rmSync(join(repo, 'core.db.sig'));
    return;
  }
  await writeArchMirror(dir, { packages: [{ name: 'bash', version: '5.2-1', files: [{ path: 'usr/' }] }] });
  rmSync(join(repo, 'bash-5.2-1-x86_64.pkg.tar.zst.sig'));
  writeFileSync(join(repo, 'core.db.sig'), await sign(readFileSync(join(repo, 'core.db'))));
}

test('Arch: a detached .sig where the database carries none, over HTTP; verified again under another keyring', async (t) => {
  const dir = tempDir(t);
  const web = await makeTestWeb();
  const keyrings = ['one', 'two'].map((name) => {
    const keyring = folder(dir, name);
    for (const file of web.files) writeFileSync(join(keyring, file.name), file.bytes);
    return keyring;
  });
  const extra = await makePgpKey();
  writeFileSync(join(dir, 'two/more.gpg'), await certify(extra, web.masters));
  const root = folder(dir, 'mirror');
  const repo = await writeArchMirror(root, {
    packages: [{ name: 'bash', version: '5.2-1', files: [{ path: 'usr/' }] }],
  });
  const archive = join(repo, 'bash-5.2-1-x86_64.pkg.tar.zst');
  const mirror = await startMirror(root);
  t.after(() => mirror.close());
  const from = { distro: 'arch', repositories: [`${mirror.url}/core/os/x86_64`] } as const;
  const cache = join(dir, 'cache');
  await refused(
    composed(cache, ['bash'], { ...from, keyring: keyrings[0] as string }),
    'SIGNATURE',
    'unsigned',
  );
  writeFileSync(`${archive}.sig`, await signDetached(web.packager, readFileSync(archive)));
  const first = await composed(cache, ['bash'], { ...from, keyring: keyrings[0] as string });
  const second = await composed(cache, ['bash'], { ...from, keyring: keyrings[1] as string });
  assert.equal(first.digest, second.digest);
  writeFileSync(`${archive}.sig`, await signDetached(web.packager, Buffer.from('something else')));
  await refused(
    composed(`${cache}2`, ['bash'], { ...from, keyring: keyrings[0] as string }),
    'SIGNATURE',
    /bad signature/,
    'bash-5.2-1',
  );
});

test('Arch: a keyring on the -revoked list disables its key', async (t) => {
  const dir = tempDir(t);
  const web = await makeTestWeb();
  const keyring = folder(dir, 'keyring');
  const files = pacmanKeyringFiles({
    trusted: web.masters,
    keys: [await certify(web.packager, web.masters)],
    revoked: [web.packager.fingerprint],
  });
  for (const file of files) writeFileSync(join(keyring, file.name), file.bytes);
  const sign = (bytes: Buffer) => signDetached(web.packager, bytes);
  const repo = await writeArchMirror(dir, { packages: [{ name: 'bash', version: '5.2-1' }], sign });
  const result = composed(join(dir, 'cache'), ['bash'], { distro: 'arch', repositories: [repo], keyring });
  await refused(result, 'UNTRUSTED_KEY', /revoked/, web.packager.fingerprint);
});
