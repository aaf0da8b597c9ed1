import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { indexRepositories } from '../../../src/app/repositories/index-repositories.ts';
import type { ErrorCode } from '../../../src/model/app-error.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import { type Mirror, startMirror } from '../../fake/mirror.ts';
import { startFakeRegistry } from '../../fake/registry.ts';
import { type FixtureKey, makeApk, makeApkIndex, makeFixtureKey } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { signDetached, writeTestKeyring } from '../../fixtures/pgp.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { cli, composed, folder, index, json, KEY, refused, small, source, use } from '../harness.ts';
import { added, indexedIn } from '../mirror/mirrors.ts';

const PAGE = Buffer.from('<!DOCTYPE html><html><body>Please log in</body></html>');

/** A mirror of its own over a copy of what the good one has. */
async function copyOf(t: TestContext, root: string): Promise<{ mirror: Mirror; root: string }> {
  const copy = tempDir(t);
  cpSync(root, copy, { recursive: true });
  const mirror = await startMirror(copy);
  t.after(() => mirror.close().catch(() => undefined));
  return { mirror, root: copy };
}

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

/** What a mirror may serve in place of an index, and the code with which it is refused. */
const DAMAGED: readonly (readonly [what: string, damage: (good: Buffer) => Buffer, ...codes: ErrorCode[]])[] =
  [
    ['a page', () => PAGE, 'BAD_INDEX'],
    ['nothing', () => Buffer.alloc(0), 'BAD_INDEX'],
    ['a cut index', (good) => good.subarray(0, good.length - 20), 'BAD_INDEX', 'INTEGRITY', 'SIGNATURE'],
    ['a flipped bit', (good) => flipped(good, good.length - 30), 'BAD_INDEX', 'SIGNATURE', 'INTEGRITY'],
    ['no tar', () => gzipSync('this is no tar at all'.repeat(100)), 'BAD_INDEX', 'SIGNATURE'],
  ];

async function notesOf(cache: string, more: Partial<SourceOptions>, files = false): Promise<string[]> {
  const notes: string[] = [];
  await use({ cache, notes }, (context) => indexRepositories(context, source(more), { files }));
  return notes;
}

function writeMain(root: string, key: FixtureKey | null = KEY): string {
  return join(writeAlpineMirror(root, { key, packages: [small('a')] }), 'APKINDEX.tar.gz');
}

const indexOf = (key?: FixtureKey) =>
  makeApkIndex(
    [{ spec: small('a'), bytes: makeApk(small('a', { key: KEY })) }],
    key === undefined ? {} : { key },
  );

test('Alpine: an index that is refused goes on to the next mirror; of the last all reasons are told', async (t) => {
  const root = tempDir(t);
  writeMain(root);
  writeAlpineMirror(root, { repo: 'community', key: KEY, packages: [small('c')] });
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const good = await copyOf(t, root);
  const bad = await copyOf(t, root);
  const impostor = { ...makeFixtureKey(), name: KEY.name };
  const cases: typeof DAMAGED = [
    ...DAMAGED,
    ['no signature', () => indexOf(), 'SIGNATURE'],
    ["another's signature under the key's name", () => indexOf(impostor), 'SIGNATURE'],
    ['another key', () => indexOf(makeFixtureKey('other.rsa.pub')), 'UNTRUSTED_KEY'],
  ];
  for (const [what, damage, ...codes] of cases) {
    for (const [at, base] of [bad.mirror.url, bad.root, `file://${bad.root}`].entries()) {
      const path = join(bad.root, 'v3.19/main/x86_64/APKINDEX.tar.gz');
      writeFileSync(path, damage(readFileSync(join(root, 'v3.19/main/x86_64/APKINDEX.tar.gz'))));
      const from = { release: 'v3.19', keyring };
      const cache = join(tempDir(t), 'cache');
      const notes = await notesOf(cache, { ...from, mirrors: [base, good.mirror.url] });
      assert.match(notes.join('\n'), /APKINDEX\.tar\.gz[^\n]*; trying the next mirror/, what);
      const { plan } = await composed(cache, ['a', 'c'], { ...from, mirrors: [base, good.mirror.url] });
      assert.equal(plan.packages.length, 2, what);
      if (at > 0) continue;
      const other = tempDir(t);
      cpSync(bad.root, other, { recursive: true });
      const error = await index(join(cache, '2'), { ...from, mirrors: [base, other] }).then(
        () => assert.fail(what),
        (reason: unknown) => reason as { code: ErrorCode; message: string },
      );
      assert.ok(codes.includes(error.code), `${what}: ${error.code} ${error.message}`);
      for (const place of [bad.mirror.url, other]) assert.ok(error.message.includes(place), error.message);
    }
  }
});

test('a mirror whose index was refused is not asked for packages before the one that has it', async (t) => {
  const root = tempDir(t);
  writeMain(root);
  const good = await copyOf(t, root);
  const bad = await copyOf(t, root);
  writeMain(bad.root, null);
  const from = {
    keyring: writeApkKeyring(tempDir(t), [KEY]),
    repositories: [`${bad.mirror.url}/v3.19/main`],
  };
  await refused(index(join(tempDir(t), 'cache'), from), 'SIGNATURE', bad.mirror.url);
  writeAlpineMirror(bad.root, { repo: 'community', key: KEY, packages: [small('c')] });
  writeAlpineMirror(good.root, { repo: 'community', key: KEY, packages: [small('c')] });
  const both = { keyring: from.keyring, release: 'v3.19', mirrors: [bad.mirror.url, good.mirror.url] };
  await composed(join(tempDir(t), 'cache'), ['a'], both);
  const packages = (mirror: Mirror) => mirror.requests.filter(({ url }) => url.endsWith('.apk')).length;
  assert.deepEqual([packages(bad.mirror), packages(good.mirror)], [0, 1]);
});

test('Arch: databases and lists of files that are refused go on to the next mirror', async (t) => {
  const root = tempDir(t);
  const keyring = tempDir(t);
  const { packager } = await writeTestKeyring(keyring);
  const sign = (bytes: Buffer) => signDetached(packager, bytes);
  for (const repo of ['core', 'extra'])
    await writeArchMirror(root, { repo, packages: [{ name: repo, version: '1-1' }], sign });
  const good = await copyOf(t, root);
  const from = { distro: 'arch', keyring, sigLevel: 'Required' } as const;
  for (const name of ['core.db', 'core.files']) {
    const original = readFileSync(join(root, 'core/os/x86_64', name));
    const signature = readFileSync(join(root, 'core/os/x86_64', `${name}.sig`));
    for (const [what, damage] of [
      ...DAMAGED,
      ['a signature of other bytes', (bytes: Buffer) => bytes],
    ] as const) {
      const bad = await copyOf(t, root);
      const path = join(bad.root, 'core/os/x86_64', name);
      const bytes = damage(original);
      writeFileSync(path, bytes);
      writeFileSync(`${path}.sig`, bytes === original ? await sign(PAGE) : signature);
      const cache = join(tempDir(t), 'cache');
      const notes = await notesOf(cache, { ...from, mirrors: [bad.mirror.url, good.mirror.url] }, true);
      assert.ok(
        notes.some(
          (note) => note.includes(`${bad.mirror.url}/core/os/x86_64/${name}`) && /next mirror/.test(note),
        ),
        `${what}: ${notes.join('\n')}`,
      );
      rmSync(`${path}.sig`);
      await refused(
        use({ cache: join(cache, '2') }, (context) =>
          indexRepositories(context, source({ ...from, mirrors: [bad.mirror.url] }), { files: true }),
        ),
        'SIGNATURE',
        name,
      );
    }
  }
});

test('a mirror in a registry whose index is refused goes on to the next mirror, whatever that is', async (t) => {
  const registry = await startFakeRegistry(t);
  const root = tempDir(t);
  writeMain(root);
  writeAlpineMirror(root, { repo: 'community', key: KEY, packages: [small('c')] });
  const unsigned = tempDir(t);
  writeMain(unsigned, null);
  writeAlpineMirror(unsigned, { repo: 'community', key: null, packages: [small('c')] });
  const to = `${registry.host}/alpine`;
  await added(tempDir(t), { release: 'v3.19', mirrors: [unsigned], allowUntrusted: true }, { to });
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const good = await copyOf(t, root);
  const from = { release: 'v3.19', keyring };
  const places = [`oci://${to}:v3.19`, good.mirror.url];
  const reports = await indexedIn(tempDir(t), { ...from, mirrors: places });
  assert.deepEqual(
    reports.map(({ url }) => url),
    ['main', 'community'].map((name) => `${good.mirror.url}/v3.19/${name}/x86_64`),
  );
  await refused(
    indexedIn(tempDir(t), { ...from, mirrors: [places[0] as string] }),
    'SIGNATURE',
    `oci://${to}`,
  );
});

test('an index of last time is told with its date, and index ends with 5 after what it could do', async (t) => {
  const root = tempDir(t);
  writeMain(root);
  const gone = await copyOf(t, root);
  const there = await copyOf(t, root);
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const cache = join(tempDir(t), 'cache');
  const words = ['--keyring', keyring, '--arch', 'x86_64', '--cache', cache];
  const repos = (names: readonly string[]) => names.flatMap((name) => ['--repo', name]);
  const [dead, alive] = [`${gone.mirror.url}/v3.19/main`, `${there.mirror.url}/v3.19/main`];
  assert.equal((await cli(['index', ...repos([dead]), ...words])).code, 0);
  await gone.mirror.close();
  const ended = await cli(['index', ...repos([dead, alive]), ...words, '--json']);
  assert.equal(ended.code, 5, ended.stderr);
  assert.deepEqual(
    json<{ status: string }[]>(ended).map(({ status }) => status),
    ['cached', 'indexed'],
  );
  const today = new Date().toISOString().slice(0, 10);
  assert.ok(
    ended.stderr.includes(
      `note: main: mirror unreachable; using the cached index of ${today} (${gone.mirror.url}`,
    ),
    ended.stderr,
  );
  const planned = await cli(['plan', 'a', ...repos([dead]), ...words]);
  assert.equal(planned.code, 0, planned.stderr);
  assert.match(planned.stderr, /main: mirror unreachable; using the cached index of /);
});

test('what a mirror does not have is told with what to look at', async (t) => {
  const root = tempDir(t);
  writeMain(root);
  writeAlpineMirror(root, { repo: 'community', key: KEY, packages: [small('c')] });
  const { mirror } = await copyOf(t, join(root));
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const asked = (more: Partial<SourceOptions>) =>
    index(join(tempDir(t), 'cache'), { keyring, release: 'v3.19', mirrors: [mirror.url], ...more });
  const cases: readonly (readonly [Partial<SourceOptions>, ...(string | RegExp)[]])[] = [
    [
      { architecture: 'arm64' },
      '/v3.19/main/aarch64/APKINDEX.tar.gz: HTTP 404',
      '--arch aarch64',
      '--release v3.19',
    ],
    [{ release: 'nosuch' }, '/nosuch/main/x86_64/APKINDEX.tar.gz', '--release nosuch'],
    [{ mirrors: [`${mirror.url}/x`] }, `${mirror.url}/x/v3.19/main`, 'folder above the releases'],
    [{ mirrors: [`${mirror.url}/v3.19`] }, 'Remove /v3.19 from --mirror', '--release v3.19'],
    [{ mirrors: [], repositories: [`${mirror.url}/main`] }, '--repo', 'x86_64/APKINDEX.tar.gz'],
    [{ distro: 'arch', release: '' }, 'core/os/x86_64/core.db', 'folder above core and extra'],
  ];
  for (const [more, ...patterns] of cases) {
    const error = await refused(asked(more), 'NOT_FOUND', ...patterns);
    assert.doesNotMatch(error.hint ?? '', /older than the mirror/);
  }
  rmSync(join(root, 'v3.19'), { recursive: true });
});

test('regression: passwords and tokens of repository URLs are sent and neither kept nor shown', async (t) => {
  const root = tempDir(t);
  writeMain(root);
  writeAlpineMirror(root, { repo: 'community', key: KEY, packages: [small('c')] });
  await writeArchMirror(root, { packages: [{ name: 'x', version: '1-1' }] });
  await writeArchMirror(root, { repo: 'extra', packages: [{ name: 'y', version: '1-1' }] });
  const login = `Basic ${Buffer.from('bob:s3cretpw').toString('base64')}`;
  const closed = await startMirror(async (path, { url, headers }) => {
    const token = new URL(url ?? '', 'http://x').searchParams.get('token');
    if (token !== 'TOKENSECRET9' || headers.authorization !== login) return undefined;
    try {
      return { bytes: readFileSync(join(root, path)) };
    } catch {
      return undefined;
    }
  });
  t.after(() => closed.close());
  const place = closed.url.replace('//', '//bob:s3cretpw@');
  const keyring = writeApkKeyring(tempDir(t), [KEY]);
  const alpine = ['a', '--keyring', keyring];
  const arch = ['x', '--distro', 'arch', '--allow-untrusted'];
  const token = '?token=TOKENSECRET9';
  const requests: readonly (readonly string[])[] = [
    [...alpine, '--repo', `${place}/v3.19/main${token}`],
    [...alpine, '--repo', `${place}/v3.19/main/${token}`],
    [...alpine, '--repo', `${place}/v3.19/main/x86_64/APKINDEX.tar.gz${token}`],
    [...alpine, '--mirror', `${place}/${token}`, '--release', 'v3.19'],
    [...arch, '--repo', `${place}/core/os/x86_64${token}`],
    [...arch, '--repo', `core=${place}/$repo/os/$arch${token}`],
    [...arch, '--mirror', `${place}${token}`],
    [...arch, '--mirror', `${place}/$repo/os/$arch${token}`],
  ];
  for (const words of requests) {
    const cache = folder(tempDir(t), 'cache');
    const more = ['--arch', 'amd64', '--cache', cache];
    const out = join(cache, '../out.tar');
    const ended = [
      await cli(['index', ...words.slice(1), ...more, '--json']),
      await cli(['plan', ...words, ...more, '--json']),
      await cli([...words, ...more, '-o', out, '--verbose']),
      await cli(['show', ...words, ...more]),
      await cli(['plan', 'nosuch', ...words.slice(1), ...more, '--verbose']),
    ];
    assert.deepEqual(
      ended.map(({ code }) => code),
      [0, 0, 0, 0, 3],
      JSON.stringify(ended),
    );
    const told = ended.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    const kept = ['catalog.sqlite', 'catalog.sqlite-wal'].map((name) => {
      try {
        return readFileSync(join(cache, name), 'latin1');
      } catch {
        return '';
      }
    });
    for (const text of [told, ...kept, readFileSync(out, 'latin1')]) {
      assert.doesNotMatch(text, /s3cretpw|TOKENSECRET9/, words.join(' '));
    }
  }
  const twice = [`${place}/v3.19/main?token=FIRSTSECRET`, `${place}/v3.19/main?token=SECONDSECRET`];
  const both = await cli(['plan', 'a', ...twice.flatMap((repo) => ['--repo', repo]), '--cache', tempDir(t)]);
  assert.equal(both.code, 2, both.stderr);
  assert.match(both.stderr, /differ only in user, password or query/);
  assert.doesNotMatch(both.stderr, /FIRSTSECRET|SECONDSECRET|s3cretpw/);
  const wrong = await cli(['plan', 'a', '--repo', `${place}/main?token=OTHERSECRET`, '--cache', tempDir(t)]);
  assert.equal(wrong.code, 6, wrong.stderr);
  assert.doesNotMatch(wrong.stderr, /OTHERSECRET|s3cretpw/);
  assert.match(wrong.stderr, /main index not found/i);
});

test('a keys package that is damaged on one mirror is taken from the next', async (t) => {
  const data = sharedData('data/arch/2017.12');
  if (data === undefined) return t.skip('skipped: ../shared/data/arch is not here');
  const root = tempDir(t);
  for (const repo of ['core', 'extra']) {
    const place = folder(root, repo, 'os/x86_64');
    cpSync(join(data, 'core.db'), join(place, `${repo}.db`));
    for (const name of readdirSync(join(data, 'x86_64'))) {
      if (/^(?:archlinux-keyring|iana-etc|tzdata|filesystem)-/.test(name))
        cpSync(join(data, 'x86_64', name), join(place, name));
    }
  }
  const good = await copyOf(t, root);
  const bad = await copyOf(t, root);
  for (const repo of ['core', 'extra']) {
    const place = join(bad.root, repo, 'os/x86_64');
    const keyring = readdirSync(place).find((name) => name.startsWith('archlinux-keyring')) as string;
    const bytes = readFileSync(join(place, keyring));
    writeFileSync(join(place, keyring), flipped(bytes, bytes.length >> 1));
  }
  const alone = { distro: 'arch', architecture: 'x86_64' } as const;
  const cache = join(tempDir(t), 'cache');
  await composed(cache, ['filesystem'], { ...alone, mirrors: [bad.mirror.url, good.mirror.url] });
  assert.ok(readdirSync(join(cache, 'keys/arch')).includes('archlinux.gpg'));
  await refused(
    composed(join(tempDir(t), 'cache'), ['filesystem'], { ...alone, mirrors: [bad.mirror.url] }),
    'UNTRUSTED_KEY',
  );
});

test('regression: a keyring folder without keys is the error, and not a name that the database does not have', async (t) => {
  const repository = await writeArchMirror(tempDir(t), { packages: [{ name: 'a', version: '1-1' }] });
  renameSync(join(repository, 'core.db'), join(repository, 'core.db.tar.gz'));
  const from = { distro: 'arch', repositories: [repository], keyring: tempDir(t) };
  await refused(index(tempDir(t), from), 'NOT_FOUND', 'holds no pacman keyring');
});
