import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileLists, readDatabase } from '../../../src/distros/arch/database.ts';
import type { PacmanTrust } from '../../../src/distros/arch/pacman-trust.ts';
import { parseSigLevel } from '../../../src/distros/arch/sig-level.ts';
import type { IndexInput } from '../../../src/distros/inputs.ts';
import type { IndexPackage } from '../../../src/model/package.ts';
import { whyUnusable } from '../../../src/model/unusable.ts';
import { OpenPgpKeyring } from '../../../src/trust/openpgp-keyring.ts';
import { type ArchDbEntry, type ArchSpec, compressBytes, makeArchDb } from '../../fixtures/arch.ts';
import { makePgpKey, makeTestWeb, signDetached } from '../../fixtures/pgp.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { END_OF_ARCHIVE, type FixtureFile, tarEntries } from '../../fixtures/tar.ts';
import { wholeIndex } from '../../fixtures/whole-index.ts';

const WHERE = 'http://m/core.db';
const UNSIGNED = { allowUntrusted: false, sigLevel: parseSigLevel('') };

function input(
  bytes: Uint8Array,
  more: Partial<IndexInput & { readonly policy: PacmanTrust }> = {},
): IndexInput {
  return { bytes, policy: UNSIGNED, where: WHERE, ...more };
}

function entry(spec: ArchSpec): ArchDbEntry {
  return { spec, bytes: Buffer.from(spec.name), signature: Buffer.from('sig') };
}

/** A database of these members, as they are. */
function database(members: readonly FixtureFile[]): Buffer {
  return compressBytes(Buffer.concat([tarEntries(members), END_OF_ARCHIVE]), 'gzip');
}

const FULL: ArchSpec = {
  name: 'bash',
  version: '1:5.1-2',
  base: 'bash-base',
  license: ['GPL', 'MIT'],
  depends: ['readline>=7.0', 'glibc'],
  optdepends: ['bash-completion: for tab completion'],
  makedepends: ['gcc'],
  provides: ['sh'],
  conflicts: ['dash<1'],
  replaces: ['oldbash'],
  groups: ['base', 'base-devel'],
};

test('every field has its place, the unknown ones in extra', async () => {
  const { packages, signedBy } = await wholeIndex(readDatabase(input(makeArchDb([entry(FULL)]))));
  assert.equal(signedBy, '');
  const [found] = packages;
  assert.ok(found !== undefined);
  const { extra, ...known } = found;
  assert.deepEqual(known, {
    name: 'bash',
    version: '1:5.1-2',
    architecture: 'x86_64',
    description: 'The bash package',
    url: 'https://example.test/',
    license: 'GPL AND MIT',
    origin: 'bash-base',
    maintainer: 'Fixture <fixture@example.test>',
    buildTime: 1_700_000_000,
    commit: '',
    sizeBytes: 4,
    installedSizeBytes: 0,
    fileName: 'bash-1:5.1-2-x86_64.pkg.tar.zst',
    checksum: createHash('sha256').update('bash').digest('hex'),
    depends: ['readline>=7.0', 'glibc'],
    provides: ['sh'],
    replaces: ['oldbash'],
    conflicts: ['dash<1'],
    installIf: [],
    groups: ['base', 'base-devel'],
    providerPriority: 0,
    replacesPriority: 0,
    signature: Buffer.from('sig').toString('base64'),
  });
  assert.deepEqual(Object.keys(extra), ['MD5SUM', 'OPTDEPENDS', 'MAKEDEPENDS']);
  assert.deepEqual(extra.OPTDEPENDS, ['bash-completion: for tab completion']);
});

for (const compression of ['gzip', 'zstd', 'xz', 'none'] as const) {
  test(`a ${compression} database is read by what it is, not by its name`, async () => {
    const bytes = makeArchDb([entry(FULL), entry({ name: 'a', version: '1-1' })], {
      compression,
      files: true,
    });
    const { packages } = await wholeIndex(readDatabase(input(bytes)));
    assert.deepEqual(
      packages.map(({ name }) => name),
      ['bash', 'a'],
    );
  });
}

test('a bzip2 database too', async (t) => {
  const tar = makeArchDb([entry(FULL)], { compression: 'none' });
  const { status, stdout } = spawnSync('bzip2', ['-c'], { input: tar });
  if (status !== 0) return t.skip('skipped: there is no bzip2 program');
  assert.equal((await wholeIndex(readDatabase(input(stdout)))).packages[0]?.name, 'bash');
});

test('older databases keep relations in a file of their own', async () => {
  const bytes = database([
    { path: 'a-1-1/' },
    { path: 'a-1-1/desc', content: '%FILENAME%\na.pkg.tar.gz\n\n%NAME%\na\n\n%VERSION%\n1-1\n\n' },
    { path: 'a-1-1/depends', content: '%DEPENDS%\nb\nc>1\n\n%PROVIDES%\nd\n\n' },
  ]);
  const [found] = (await wholeIndex(readDatabase(input(bytes)))).packages;
  assert.deepEqual([found?.depends, found?.provides, found?.checksum], [['b', 'c>1'], ['d'], '']);
});

test('file lists are read from a .files database', async () => {
  const files = [{ path: 'usr/' }, { path: 'usr/b' }];
  const bytes = makeArchDb([entry({ ...FULL, files })], { files: true });
  const lists = [];
  for await (const list of (await fileLists.read(input(bytes))).lists) lists.push(list);
  assert.deepEqual(lists, [{ name: 'bash', version: '1:5.1-2', files: ['usr/', 'usr/b'] }]);
});

test('an empty database has no packages', async () => {
  assert.deepEqual((await wholeIndex(readDatabase(input(makeArchDb([]))))).packages, []);
});

const DESC = '%FILENAME%\na.pkg.tar.gz\n\n%NAME%\na\n\n%VERSION%\n1-1\n\n';
const HOSTILE: readonly (readonly [what: string, bytes: () => Buffer, message: RegExp])[] = [
  [
    'nothing',
    () => Buffer.alloc(0),
    /^http:\/\/m\/core\.db: expected a pacman database .* got an empty file/,
  ],
  ['a web page', () => Buffer.from('<html>'.repeat(200)), /got a web page/],
  ['a cut database', () => makeArchDb([entry(FULL)]).subarray(0, 300), /^http:\/\/m\/core\.db: /],
  [
    'a cut tar',
    () => makeArchDb([entry(FULL)], { compression: 'none' }).subarray(0, 1600),
    /^http:\/\/m\/core\.db: /,
  ],
  [
    'a file name with a folder',
    () => database([{ path: 'a-1-1/desc', content: DESC.replace('a.pkg', 'x/a.pkg') }]),
    /%FILENAME%, got "x\/a\.pkg/,
  ],
  [
    'a folder without a release',
    () => database([{ path: 'a-1/desc', content: DESC }]),
    /expected folders <name>-<version>-<release>, got "a-1"/,
  ],
  ['a file beside the folders', () => database([{ path: 'README', content: 'x' }]), /got "README"/],
];

for (const [what, bytes, message] of HOSTILE) {
  test(`${what} is refused with its place`, async () => {
    await assert.rejects(readDatabase(input(bytes())), { code: 'BAD_INDEX', message });
  });
}

test('one odd record leaves the others as they are, and says why it cannot be used', async () => {
  const rows: readonly (readonly [name: string, desc: string, why: RegExp | undefined])[] = [
    ['a', DESC, undefined],
    ['a', '', /^its index entry is invalid: desc of "a-1-1": expected a %FILENAME%, got none$/],
    ['a', DESC.replace('a.pkg.tar.gz', ''), /expected a %FILENAME%, got none/],
    ['a', DESC.replaceAll('\n', '\r\n'), /expected a %FILENAME%/],
    ['a', `${DESC}%SHA256SUM%\nabc\n`, /expected 64 hex digits for %SHA256SUM%, got "abc"/],
    ['a', `${DESC}%unusable%\nmine\n`, undefined],
    ['a', DESC.replace('\na\n', '\n../a\n').replace('1-1', '9'), undefined],
    ['a', `x\n${DESC}%CSIZE%\n-1\n%ISIZE%\n2k\n%BUILDDATE%\nMonday\n`, undefined],
    ['a b', DESC, /expected a name and version that are allowed in a file name, got "a b"/],
    ['-a', DESC, /got "-a"/],
  ];
  for (const [name, desc, why] of rows) {
    const bytes = database([
      { path: 'b-1-1/desc', content: DESC },
      { path: `${name}-1-1/desc`, content: desc },
    ]);
    const [good, found] = (await wholeIndex(readDatabase(input(bytes)))).packages;
    assert.deepEqual([good?.name, found?.name, found?.version], ['b', name, '1-1'], desc);
    assert.deepEqual([found?.sizeBytes, found?.installedSizeBytes, found?.buildTime], [0, 0, 0]);
    assert.equal(whyUnusable(good as IndexPackage), undefined);
    if (why === undefined) assert.equal(whyUnusable(found as IndexPackage), undefined, desc);
    else assert.match(whyUnusable(found as IndexPackage) ?? '', why);
  }
});

test('a field called __proto__ is a field', async () => {
  const bytes = database([{ path: 'a-1-1/desc', content: `${DESC}%__proto__%\nx\n` }]);
  const [found] = (await wholeIndex(readDatabase(input(bytes)))).packages;
  assert.deepEqual(Object.entries(found?.extra ?? {}), [['__proto__', ['x']]]);
});

test('database signatures: good, bad, unknown, missing, under the words of SigLevel', async () => {
  const web = await makeTestWeb();
  const pacman = await OpenPgpKeyring.fromFiles(web.files);
  const bytes = makeArchDb([entry(FULL)]);
  const good = await signDetached(web.packager, bytes);
  const read = (words: string, signature?: Uint8Array, allowUntrusted = false): Promise<string> =>
    readDatabase(
      input(bytes, {
        policy: { allowUntrusted, pacman, sigLevel: parseSigLevel(words) },
        ...(signature === undefined ? {} : { signature }),
      }),
    ).then(({ signedBy }) => signedBy);

  assert.equal(await read('', good), web.packager.fingerprint);
  assert.equal(await read(''), '');
  await assert.rejects(read('DatabaseRequired'), { code: 'SIGNATURE' });
  const other = await signDetached(web.packager, Buffer.from('other'));
  await assert.rejects(read('', other), { code: 'SIGNATURE' });
  assert.equal(await read('DatabaseNever', other), '');
  const stranger = await signDetached(await makePgpKey(), bytes);
  await assert.rejects(read('', stranger), { code: 'UNTRUSTED_KEY' });
  assert.equal(await read('DatabaseRequired', stranger, true), '');
});

test('a signature without keys to check it is not taken for good', async () => {
  const bytes = makeArchDb([entry(FULL)]);
  await assert.rejects(readDatabase(input(bytes, { signature: Buffer.from('x') })), {
    code: 'UNTRUSTED_KEY',
  });
});

for (const [file, count] of [
  ['data/arch/2017.12/core.db', 211],
  ['data/arch/2017.12/extra.db', 2600],
  ['data/arch/db-2025.09/core.files', 20],
  ['data/arch/db-2026.03/core.db', 250],
  ['data/arch/db-2026.03/chaotic-aur.db', 1000],
] as const) {
  test(`real ${file} is read whole`, async (t) => {
    const path = sharedData(file);
    if (path === undefined) return t.skip(`skipped: shared/${file} is not here`);
    const { packages } = await wholeIndex(readDatabase(input(readFileSync(path), { where: path })));
    assert.ok(packages.length >= count, `${packages.length}`);
    assert.ok(packages.every(({ sizeBytes, checksum }) => sizeBytes > 0 && checksum !== ''));
  });
}
