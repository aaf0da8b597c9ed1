import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { arch } from '../../../src/distros/arch/distro.ts';
import { readPackageArchive } from '../../../src/distros/arch/package-archive.ts';
import type { PacmanTrust } from '../../../src/distros/arch/pacman-trust.ts';
import { parseSigLevel } from '../../../src/distros/arch/sig-level.ts';
import type { ArchiveInput } from '../../../src/distros/inputs.ts';
import type { ArchiveFacts } from '../../../src/model/archive.ts';
import { OpenPgpKeyring } from '../../../src/trust/openpgp-keyring.ts';
import { type ArchCompression, type ArchSpec, archFileName, makeArchPackage } from '../../fixtures/arch.ts';
import { makePgpKey, makeTestWeb, signDetached } from '../../fixtures/pgp.ts';
import { sharedData } from '../../fixtures/shared.ts';

const WHERE = 'a.pkg.tar.zst';
const NEVER = { allowUntrusted: false, sigLevel: parseSigLevel('Never') };
const HOOK = 'usr/share/libalpm/hooks/x.hook';
const SPEC: ArchSpec = {
  name: 'a',
  version: '1:2-3',
  depends: ['glibc', 'sh>=4'],
  groups: ['g'],
  optdepends: ['b: for c'],
  install: 'post_install() { :; }\n',
  files: [
    { path: 'usr/' },
    { path: 'usr/file', content: 'content', mode: 0o4755 },
    { path: 'usr/link', linkTarget: 'file' },
    { path: HOOK, content: '[Trigger]' },
    { path: 'usr/big', content: Buffer.alloc(300_000, 'x') },
  ],
};

/** Bytes in chunks of this size. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

type PacmanInput = ArchiveInput & { readonly policy: PacmanTrust };

function read(bytes: Uint8Array, more: Partial<PacmanInput> = {}, size = 64 * 1024): Promise<ArchiveFacts> {
  return readPackageArchive({ chunks: pieces(bytes, size), policy: NEVER, where: WHERE, ...more });
}

const hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

for (const compression of ['zstd', 'xz', 'gzip', 'none'] as const satisfies readonly ArchCompression[]) {
  test(`a ${compression} package gives its facts, in whatever pieces it comes`, async () => {
    const bytes = makeArchPackage(SPEC, compression);
    const tar = makeArchPackage(SPEC, 'none');
    const facts = await read(bytes);
    assert.equal(facts.digest, `sha256:${hex(bytes)}`);
    assert.equal(facts.identity, hex(bytes));
    assert.equal(facts.sizeBytes, bytes.length);
    assert.equal(facts.diffId, `sha256:${hex(tar)}`);
    assert.equal(facts.uncompressedSizeBytes, tar.length);
    assert.equal(facts.compression, compression);
    assert.equal(facts.layerProblem, undefined);
    assert.deepEqual([facts.name, facts.version, facts.architecture], ['a', '1:2-3', 'x86_64']);
    assert.deepEqual(facts.info.depend, ['glibc', 'sh>=4']);
    assert.deepEqual(
      facts.scripts.map(({ name }) => name),
      ['INSTALL'],
    );
    assert.deepEqual(Object.keys(facts.rootMembers).sort(), ['.BUILDINFO', '.MTREE', '.PKGINFO', HOOK]);
    assert.equal(Buffer.from(facts.rootMembers[HOOK] ?? '', 'base64').toString(), '[Trigger]');
    const file = facts.files.find(({ path }) => path === 'usr/file');
    assert.deepEqual([file?.mode, file?.sizeBytes, file?.sha256], [0o4755, 7, hex(Buffer.from('content'))]);
    assert.equal(tar.subarray(file?.offset, (file?.offset ?? 0) + 7).toString(), 'content');
    assert.deepEqual(await read(bytes, {}, 1000), facts);
    assert.deepEqual(await read(bytes.subarray(0), {}, 7), facts);
  });
}

test('frames of zstd and members of gzip are told apart and may be cut anywhere', async () => {
  for (const compression of ['zstd', 'gzip'] as const) {
    const bytes = makeArchPackage({ ...SPEC, frames: 3 }, compression);
    const { segments, diffId, layerProblem } = await read(bytes);
    assert.equal(segments.length, 3);
    assert.equal(layerProblem, undefined);
    assert.equal(diffId, `sha256:${hex(makeArchPackage(SPEC, 'none'))}`);
    const second = segments[1];
    assert.ok(second !== undefined);
    const open = compression === 'zstd' ? zstdDecompressSync : gunzipSync;
    const range = bytes.subarray(second.offset, second.offset + second.sizeBytes);
    assert.equal(open(range).length, second.uncompressedSizeBytes);
  }
});

test('an archive that engines would read in part has a layer problem', async () => {
  const rest = { name: 'a', version: '1-1', noInfo: true, bare: true, files: [{ path: 'etc/' }] };
  for (const compression of ['zstd', 'gzip'] as const) {
    const early = Buffer.concat([makeArchPackage(SPEC, compression), makeArchPackage(rest, compression)]);
    const facts = await read(early);
    assert.notEqual(facts.layerProblem, undefined);
    assert.ok(facts.files.some(({ path }) => path === 'etc'));
  }
});

test('what the index says must hold', async () => {
  const bytes = makeArchPackage(SPEC);
  const expected = arch.archives.describe(await read(bytes), archFileName(SPEC));
  assert.equal((await read(bytes, { expected })).name, 'a');
  const integrity = (change: object, message: RegExp): Promise<void> =>
    assert.rejects(read(bytes, { expected: { ...expected, ...change } }), { code: 'INTEGRITY', message });
  await integrity(
    { sizeBytes: bytes.length + 1 },
    new RegExp(`bytes: expected ${bytes.length + 1}, got ${bytes.length}`),
  );
  await integrity({ sizeBytes: bytes.length - 1 }, /bytes: expected \d+, got more than that/);
  await integrity({ checksum: '0'.repeat(64) }, new RegExp(`SHA-256: expected 0+, got ${hex(bytes)}`));
  await integrity({ version: '9-9' }, /package: expected a-9-9, got a-1:2-3/);
});

test('a damaged download is told by its digest, a damaged package by its damage', async () => {
  const bytes = makeArchPackage(SPEC);
  const expected = arch.archives.describe(await read(bytes), archFileName(SPEC));
  const damaged = Buffer.from(bytes);
  damaged.fill(0xff, 30, 60);
  await assert.rejects(read(damaged, { expected }), { code: 'INTEGRITY' });
  await assert.rejects(read(damaged), { code: 'BAD_ARCHIVE', message: /^a\.pkg\.tar\.zst: / });
});

test('a skippable frame in front, as pzstd writes it, is derived; elsewhere, or an empty frame, it is not', async () => {
  const bytes = makeArchPackage(SPEC);
  const skippable = Buffer.from('502a4d1804000000aabbccdd', 'hex');
  const empty = zstdCompressSync(Buffer.alloc(0));
  for (const [pieces, layerProblem] of [
    [[skippable, bytes], 'a skippable frame before the first zstd frame'],
    [[Buffer.from('5f2a4d1800000000', 'hex'), empty, bytes], 'a skippable frame before the first zstd frame'],
    [[empty, bytes], undefined],
    [[bytes, skippable], undefined],
    [[empty, skippable, bytes], undefined],
  ] as const) {
    const facts = await read(Buffer.concat(pieces));
    assert.equal(facts.layerProblem, layerProblem);
    assert.equal(facts.diffId, (await read(bytes)).diffId);
  }
});

const HOSTILE: readonly (readonly [what: string, bytes: () => Buffer, code: string])[] = [
  ['nothing', () => Buffer.alloc(0), 'BAD_ARCHIVE'],
  ['something else', () => Buffer.from('<html>'.repeat(300)), 'BAD_ARCHIVE'],
  ['a package of apk 3', () => Buffer.from(`ADBd${'x'.repeat(600)}`), 'UNSUPPORTED'],
  ['no .PKGINFO', () => makeArchPackage({ ...SPEC, noInfo: true }), 'BAD_ARCHIVE'],
  ['a cut archive', () => makeArchPackage(SPEC).subarray(0, -5), 'BAD_ARCHIVE'],
  ['a cut xz', () => makeArchPackage(SPEC, 'xz').subarray(0, -20), 'BAD_ARCHIVE'],
  ['garbage behind', () => Buffer.concat([makeArchPackage(SPEC), Buffer.from('garbage')]), 'BAD_ARCHIVE'],
  ['a path that climbs', () => makeArchPackage({ ...SPEC, files: [{ path: '../x' }] }), 'BAD_ARCHIVE'],
  ['an absolute path', () => makeArchPackage({ ...SPEC, files: [{ path: '/etc/x' }] }), 'BAD_ARCHIVE'],
  ['a name that climbs', () => makeArchPackage({ ...SPEC, name: '../a' }), 'BAD_ARCHIVE'],
];

for (const [what, bytes, code] of HOSTILE) {
  test(`${what} is refused with its place`, async () => {
    await assert.rejects(read(bytes()), { code, message: /^a\.pkg\.tar\.zst: / });
  });
}

test('signatures of the index and of .sig files, in the same pass', async () => {
  const web = await makeTestWeb();
  const pacman = await OpenPgpKeyring.fromFiles(web.files);
  const bytes = makeArchPackage(SPEC);
  const good = await signDetached(web.packager, bytes);
  const expected = { ...arch.archives.describe(await read(bytes), archFileName(SPEC)), signature: '' };
  const check = (words: string, more: Partial<PacmanInput>, allowUntrusted = false): Promise<string> =>
    read(bytes, { policy: { allowUntrusted, pacman, sigLevel: parseSigLevel(words) }, ...more }, 1000).then(
      ({ signedBy }) => signedBy,
    );

  assert.equal(await check('', { signature: good }), web.packager.fingerprint);
  assert.equal(
    await check('', { expected: { ...expected, signature: good.toString('base64') } }),
    web.packager.fingerprint,
  );
  await assert.rejects(check('', {}), { code: 'SIGNATURE' });
  assert.equal(await check('PackageOptional', {}), '');
  assert.equal(await check('', {}, true), '');
  const bad = await signDetached(web.packager, Buffer.from('other'));
  await assert.rejects(check('', { signature: bad }), { code: 'SIGNATURE' });
  await assert.rejects(check('', { signature: Buffer.from('no signature') }), { code: 'SIGNATURE' });
  const stranger = await signDetached(await makePgpKey(), bytes);
  await assert.rejects(check('PackageOptional', { signature: stranger }), { code: 'UNTRUSTED_KEY' });
  assert.equal(await check('Never', { signature: bad }), '');
});

test('the source is closed when the archive is refused', async () => {
  let closed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from('not an archive'.repeat(100));
    } finally {
      closed = true;
    }
  }
  await assert.rejects(read(Buffer.alloc(0), { chunks: source() }), { code: 'BAD_ARCHIVE' });
  assert.ok(closed);
});

test('an error of the source is the error', async () => {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield makeArchPackage(SPEC).subarray(0, 100);
    throw new Error('connection lost');
  }
  await assert.rejects(read(Buffer.alloc(0), { chunks: source() }), /connection lost/);
});

test('names starting with ./ are not installed, as pacman does not; the layer is derived without them', async () => {
  const files = [
    { path: './opt/' },
    { path: './opt/a', content: 'x' },
    { path: 'usr/' },
    { path: 'usr/b', content: 'x' },
  ];
  const facts = await read(makeArchPackage({ ...SPEC, files, backup: [] }));
  assert.deepEqual(
    facts.files.map(({ path }) => path).filter((path) => !path.startsWith('.')),
    ['usr', 'usr/b'],
  );
  assert.match(facts.layerProblem ?? '', /^names starting with \.\//);
  const root = await read(makeArchPackage({ ...SPEC, files: [{ path: './', mode: 0o700 }], backup: [] }));
  assert.match(root.layerProblem ?? '', /^an entry of the root folder/);
});

test('a real package matches its index entry and its signature file', async (t) => {
  const path = sharedData('data/arch/2017.12/x86_64/bash-4.4.012-2-x86_64.pkg.tar.xz');
  if (path === undefined) return t.skip('skipped: shared/data/arch/2017.12 is not here');
  const facts = await read(readFileSync(path), { where: path });
  assert.deepEqual([facts.name, facts.version, facts.compression], ['bash', '4.4.012-2', 'xz']);
  assert.ok(facts.files.some(({ path: file }) => file === 'usr/bin/bash'));
  assert.equal(facts.layerProblem, undefined);
});
