import assert from 'node:assert/strict';
import { createHash, sign } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { headerChecksum } from '../../../src/archive/tar-format.ts';
import { apkKeyFiles, apkKeyringFromFiles } from '../../../src/distros/alpine/apk-keys.ts';
import type { ApkTrust } from '../../../src/distros/alpine/apk-trust.ts';
import { alpine } from '../../../src/distros/alpine/distro.ts';
import { READ_OTHERWISE, REFUSED_XATTRS } from '../../../src/distros/shared/layer-problems.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import type { ArchiveFacts, ReadFacts } from '../../../src/model/archive.ts';
import type { IndexPackage } from '../../../src/model/package.ts';
import {
  apkIdentity,
  type FixtureKey,
  gzipMember,
  makeApk,
  makeApkMembers,
  makeFixtureKey,
} from '../../fixtures/apk.ts';
import { sharedData } from '../../fixtures/shared.ts';
import {
  END_OF_ARCHIVE,
  extendedHeader,
  type FixtureFile,
  tarEntries,
  tarEntry,
} from '../../fixtures/tar.ts';
import { wholeIndex } from '../../fixtures/whole-index.ts';
import { chunksOf, UNTRUSTED } from './installed.ts';

const KEY = makeFixtureKey();
const TRUSTED: ApkTrust = {
  ...UNTRUSTED,
  allowUntrusted: false,
  apk: apkKeyringFromFiles([{ name: KEY.name, bytes: Buffer.from(KEY.publicPem) }]),
};
const SPEC = {
  name: 'hello',
  version: '1.0-r3',
  key: KEY,
  depends: ['so:libc.musl-x86_64.so.1', 'zlib>1'],
  provides: ['cmd:hello=1.0-r3'],
  installIf: ['docs', 'hi=1'],
  replaces: ['old<2'],
  replacesPriority: 4,
  providerPriority: 9,
  triggers: ['/usr/*', '/etc'],
  scripts: { 'post-install': '#!/bin/sh\necho hi\n', trigger: '#!/bin/sh\n' },
  files: [
    { path: 'usr', type: 'directory', mode: 0o755 },
    { path: 'usr/bin', type: 'directory', mode: 0o755 },
    { path: 'usr/bin/hello', content: 'hello world\n', mode: 0o4755 },
    { path: 'usr/bin/empty', content: '' },
    { path: 'usr/bin/hi', type: 'symlink', linkTarget: 'hello' },
    { path: 'usr/bin/hard', type: 'hardlink', linkTarget: 'usr/bin/hello' },
  ],
} as const;
const APK = makeApk(SPEC);

function read(
  bytes: Uint8Array,
  options: { policy?: ApkTrust; expected?: IndexPackage; step?: number } = {},
): Promise<ReadFacts> {
  return alpine.archives.read({
    chunks: chunksOf(bytes, options.step),
    policy: options.policy ?? TRUSTED,
    where: 'hello.apk',
    ...(options.expected === undefined ? {} : { expected: options.expected }),
  });
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

test('one pass tells everything', async () => {
  const facts = await read(APK);
  assert.equal(facts.digest, `sha256:${sha256(APK)}`);
  assert.equal(facts.sizeBytes, APK.length);
  assert.equal(facts.diffId, `sha256:${sha256(gunzipSync(APK))}`);
  assert.equal(facts.uncompressedSizeBytes, gunzipSync(APK).length);
  assert.equal(facts.identity, apkIdentity(SPEC));
  assert.equal(facts.signedBy, KEY.name);
  assert.equal(facts.layerProblem, undefined);
  assert.equal(facts.compression, 'gzip');
  assert.deepEqual([facts.name, facts.version, facts.architecture], ['hello', '1.0-r3', 'x86_64']);
  assert.deepEqual(facts.info.depend, ['so:libc.musl-x86_64.so.1', 'zlib>1']);
  const members = makeApkMembers(SPEC);
  assert.deepEqual(facts.segments.map((segment) => [segment.offset, segment.sizeBytes]).slice(1), [
    [members.signature.length, members.control.length],
    [members.signature.length + members.control.length, members.data.length],
  ]);
  assert.deepEqual(
    facts.scripts.map((script) => [script.name, Buffer.from(script.content, 'base64').toString()]),
    [
      ['post-install', '#!/bin/sh\necho hi\n'],
      ['trigger', '#!/bin/sh\n'],
    ],
  );
  assert.match(Buffer.from(facts.rootMembers['.PKGINFO'] ?? '', 'base64').toString(), /pkgname = hello/);
});

test('the file list is complete and in order', async () => {
  const facts = await read(APK);
  const rows = facts.files.map((file) => [file.path, file.type, file.mode, file.sizeBytes, file.linkTarget]);
  assert.deepEqual(rows.slice(-6), [
    ['usr', 'directory', 0o755, 0, ''],
    ['usr/bin', 'directory', 0o755, 0, ''],
    ['usr/bin/hello', 'file', 0o4755, 12, ''],
    ['usr/bin/empty', 'file', 0o644, 0, ''],
    ['usr/bin/hi', 'symlink', 0o777, 0, 'hello'],
    ['usr/bin/hard', 'hardlink', 0o644, 0, 'usr/bin/hello'],
  ]);
  const hello = facts.files.find((file) => file.path === 'usr/bin/hello');
  assert.equal(hello?.sha256, sha256('hello world\n'));
  assert.equal(facts.files.find((file) => file.path === 'usr/bin/empty')?.sha256, sha256(''));
  assert.deepEqual(
    hello?.pax.map(([key]) => key),
    ['APK-TOOLS.checksum.SHA1'],
  );
  const tar = gunzipSync(APK);
  assert.equal(tar.subarray(hello?.offset, (hello?.offset ?? 0) + 12).toString(), 'hello world\n');
});

test('how the bytes arrive makes no difference', async () => {
  const whole = await read(APK);
  for (const step of [1, 7, 511, 4096])
    assert.deepEqual(await read(APK, { step }), whole, `${step} bytes a chunk`);
});

test('its index entry is what apk index would write', async () => {
  const entry = alpine.archives.describe(await read(APK), 'x/hello.apk');
  assert.equal(entry.fileName, 'x/hello.apk');
  assert.equal(entry.checksum, apkIdentity(SPEC));
  assert.equal(entry.sizeBytes, APK.length);
  assert.deepEqual(entry.depends, SPEC.depends);
  assert.deepEqual(entry.provides, SPEC.provides);
  assert.deepEqual(entry.installIf, SPEC.installIf);
  assert.deepEqual(entry.replaces, SPEC.replaces);
  assert.deepEqual([entry.providerPriority, entry.replacesPriority], [9, 4]);
});

test('the index entry must match: name, version, size, checksum', async () => {
  const entry = alpine.archives.describe(await read(APK), 'hello.apk');
  assert.equal((await read(APK, { expected: entry })).name, 'hello');
  for (const change of [{ name: 'other' }, { version: '2' }, { sizeBytes: 1 }, { checksum: 'Q1AAAA=' }]) {
    await assert.rejects(
      read(APK, { expected: { ...entry, ...change } }),
      (error) =>
        isAppError(error, 'INTEGRITY') &&
        error.message.includes(String(Object.values(change)[0])) &&
        /got/.test(error.message),
    );
  }
});

test('signatures: unsigned, unknown, false', async () => {
  const bare = makeApk({ ...SPEC, key: null });
  await assert.rejects(read(bare), (error) => isAppError(error, 'SIGNATURE'));
  await assert.rejects(read(makeApk({ ...SPEC, key: makeFixtureKey('other.rsa.pub') })), (error) =>
    isAppError(error, 'UNTRUSTED_KEY'),
  );
  await assert.rejects(read(makeApk({ ...SPEC, key: makeFixtureKey(KEY.name) })), (error) =>
    isAppError(error, 'SIGNATURE'),
  );
  assert.equal((await read(bare, { policy: UNTRUSTED })).signedBy, '');
  assert.equal((await read(makeApk({ ...SPEC, hash: 'RSA256' }))).signedBy, KEY.name);
});

test('a changed data member is refused by its datahash, even when untrusted is allowed', async () => {
  const { signature, control } = makeApkMembers(SPEC);
  const { data } = makeApkMembers({ ...SPEC, files: [{ path: 'usr/bin/hello', content: 'evil' }] });
  const swapped = Buffer.concat([signature, control, data]);
  for (const policy of [TRUSTED, UNTRUSTED]) {
    await assert.rejects(
      read(swapped, { policy }),
      (error) => isAppError(error, 'INTEGRITY') && /datahash/.test(error.message),
    );
  }
  await assert.rejects(read(makeApk({ ...SPEC, datahash: '' })), (error) => isAppError(error, 'INTEGRITY'));
});

/** The package with another signature member: `wrap` makes its tar of the signature's bytes. */
function signedAs(wrap: (signature: FixtureFile) => Buffer, key: FixtureKey = KEY): Buffer {
  const { control, data } = makeApkMembers(SPEC);
  const content = sign('sha1', control, key.privateKey);
  return Buffer.concat([gzipMember(wrap({ path: `.SIGN.RSA.${key.name}`, content })), control, data]);
}

const LONG_KEY = { ...KEY, name: `${'k'.repeat(110)}.rsa.pub` };
const LONG_TRUSTED: ApkTrust = {
  ...TRUSTED,
  apk: apkKeyringFromFiles([{ name: LONG_KEY.name, bytes: Buffer.from(KEY.publicPem) }]),
};

test('a signature member may have what tar writes around it, and stays a layer', async () => {
  const x = extendedHeader('x', { atime: '0', ctime: '0' });
  const wraps: readonly (readonly [what: string, wrap: (signature: FixtureFile) => Buffer])[] = [
    ['abuild 3.15: times', (file) => Buffer.concat([x, tarEntry(file)])],
    ['any records', (file) => tarEntry({ ...file, pax: { comment: 'y', 'LIBARCHIVE.creationtime': '1' } })],
    ['two headers', (file) => Buffer.concat([x, x, tarEntry(file)])],
    ['an unneeded long name', (file) => Buffer.concat([extendedHeader('L', file.path), tarEntry(file)])],
    ['a long link of no use', (file) => Buffer.concat([extendedHeader('K', 'x'), tarEntry(file)])],
    [
      'a path in pax',
      (file) =>
        Buffer.concat([extendedHeader('x', { path: file.path }), tarEntry({ ...file, path: 'short' })]),
    ],
  ];
  for (const [what, wrap] of wraps) {
    const facts = await read(signedAs(wrap));
    assert.equal(facts.signedBy, KEY.name, what);
    assert.equal(facts.layerProblem, undefined, what);
    assert.equal(facts.identity, apkIdentity(SPEC), what);
    assert.deepEqual(
      facts.files.map(({ path }) => path),
      (await read(APK)).files.map(({ path }) => path),
      what,
    );
  }
  const long = (file: FixtureFile): Buffer => Buffer.concat([extendedHeader('L', file.path), tarEntry(file)]);
  const named = await read(signedAs(long, LONG_KEY), { policy: LONG_TRUSTED });
  assert.deepEqual([named.signedBy, named.layerProblem], [LONG_KEY.name, undefined]);
});

test('a global header around the signature says nothing about the package, whose layer is derived', async () => {
  const global = extendedHeader('g', { comment: 'y', uid: '1000', 'SCHILY.xattr.user.x': 'y' });
  const plain = await read(APK);
  const rest = ({ files }: ArchiveFacts): unknown =>
    [...files].slice(1).map(({ path, uid, xattrs, pax }) => [path, uid, xattrs, pax]);
  for (const wrap of [
    (file: FixtureFile) => Buffer.concat([global, tarEntry(file)]),
    (file: FixtureFile) => Buffer.concat([tarEntry(file), global]),
  ]) {
    const facts = await read(signedAs(wrap));
    assert.equal(facts.signedBy, KEY.name);
    assert.match(facts.layerProblem ?? '', /^(a global header|entries that engines)/);
    assert.deepEqual(rest(facts), rest(plain));
  }
  const alone = await read(Buffer.concat([gzipMember(global), APK]));
  assert.match(alone.layerProblem ?? '', /^a global header/);
});

test('entries before the control member that are more than signatures are in no layer', async () => {
  const big = 'x'.repeat(8 * 1024 + 1);
  const odd: readonly FixtureFile[] = [
    { path: '.SIGN.X.evil', content: '#!/bin/sh\n', mode: 0o4755 },
    { path: '.SIGN.X.evil', content: 'x', mode: 0o2644 },
    { path: '.SIGN.X.evil', content: big },
    { path: '.SIGN.X', content: 'x' },
    { path: '.SIGN..x', content: 'x' },
    { path: '.SIGN.X.evil', content: 'x', xattrs: { 'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=' } },
  ];
  for (const file of odd) {
    const facts = await read(Buffer.concat([gzipMember(tarEntry(file)), APK]));
    assert.equal(facts.layerProblem, 'a signature member with content other than signatures', file.path);
    assert.equal(facts.signedBy, KEY.name);
  }
});

test('what stands before the control member is told: each entry, and whether it was checked', async () => {
  const other = makeFixtureKey('other.rsa.pub');
  const facts = await read(
    Buffer.concat([
      gzipMember(tarEntries([{ path: '.SIGN.FUTURE.k', content: 'xy' }])),
      signedAs((file) =>
        Buffer.concat([tarEntry(file), tarEntry({ path: `.SIGN.RSA256.${other.name}`, content: 'z' })]),
      ),
    ]),
  );
  assert.equal(facts.layerProblem, undefined);
  assert.deepEqual(facts.signatures, [
    { path: '.SIGN.FUTURE.k', scheme: 'FUTURE', key: 'k', verified: false, offset: 512, sizeBytes: 2 },
    {
      path: `.SIGN.RSA.${KEY.name}`,
      scheme: 'RSA',
      key: KEY.name,
      verified: true,
      offset: 1536,
      sizeBytes: 256,
    },
    {
      path: `.SIGN.RSA256.${other.name}`,
      scheme: 'RSA256',
      key: other.name,
      verified: false,
      offset: 2560,
      sizeBytes: 1,
    },
  ]);
});

test('nothing but signatures may stand before the control member', async () => {
  const sneaked: readonly Buffer[] = [
    tarEntries([{ path: 'usr/bin/evil', content: 'x' }]),
    tarEntries([
      { path: '.SIGN.RSA.x', content: 'x' },
      { path: 'usr/bin/evil', content: 'x' },
    ]),
    tarEntries([{ path: '.SIGN.dir/evil', content: 'x' }]),
    tarEntries([{ path: './.SIGN.RSA.x', content: 'x' }]),
    tarEntries([{ path: '.SIGN.RSA.x', type: 'symlink', linkTarget: '/etc/passwd' }]),
    tarEntries([{ path: './', type: 'directory', mode: 0o777 }]),
    // What would change the entry that follows, in the control member.
    extendedHeader('x', { path: 'evil' }),
    extendedHeader('L', 'evil'),
    Buffer.concat([tarEntries([{ path: '.SIGN.RSA.x', content: 'x' }]), extendedHeader('x', { uid: '0' })]),
  ];
  for (const [at, tar] of sneaked.entries()) {
    const bytes = Buffer.concat([gzipMember(tar), APK]);
    for (const policy of [TRUSTED, UNTRUSTED]) {
      await assert.rejects(read(bytes, { policy }), (error) => isAppError(error), `member ${at}`);
    }
  }
});

test('archives that engines would read wrongly are named, and their list is whole', async () => {
  const early = await read(makeApk({ ...SPEC, earlyEnd: true }));
  assert.equal(early.layerProblem, 'end-of-archive blocks before the last segment');
  assert.deepEqual(
    early.files.map((file) => file.path),
    (await read(APK)).files.map((file) => file.path),
  );
  assert.equal((await read(makeApk({ ...SPEC, noEnd: true }))).layerProblem, undefined);
  const many = await read(makeApk({ ...SPEC, dataMembers: 4 }));
  assert.equal(many.layerProblem, undefined);
  assert.ok(many.segments.length > 3);
});

/** `hello` with this data member */
function withData(tar: Buffer): Promise<ReadFacts> {
  const data = gzipMember(Buffer.concat([tar, END_OF_ARCHIVE]));
  const datahash = sha256(data);
  const { control } = makeApkMembers({ ...SPEC, key: null, files: [], datahash });
  return read(Buffer.concat([control, data]), { policy: UNTRUSTED });
}

test('a contiguous file and an attribute that Linux refuses are in no layer as it is', async () => {
  const contiguous = tarEntry({ path: 'a', content: 'x' });
  contiguous[156] = 0x37;
  contiguous.write(
    `${headerChecksum(contiguous.subarray(0, 512)).toString(8).padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  const derived = await withData(contiguous);
  assert.equal(derived.layerProblem, READ_OTHERWISE);
  assert.deepEqual(
    [...derived.files].slice(-1).map(({ path, type, sizeBytes }) => [path, type, sizeBytes]),
    [['a', 'file', 1]],
  );
  const xattrs = { 'user.a': 'AQ==', 'security.capability': 'AQ==' };
  const refused = await withData(tarEntry({ path: 'a', content: 'x', xattrs }));
  assert.equal(refused.layerProblem, REFUSED_XATTRS);
  assert.deepEqual([...refused.files].at(-1)?.xattrs, { 'user.a': 'AQ==' });
});

test('ids and times that only pax records have are apk’s no more than global headers are; the layer is derived', async () => {
  const plain = { path: 'a', content: 'x', uid: 5, gid: 6, mtime: 1_700_000_000 };
  const rows: readonly (readonly [what: string, tar: Buffer])[] = [
    ['uid', tarEntry({ ...plain, pax: { uid: '3000000000' } })],
    ['gid', tarEntry({ ...plain, pax: { gid: '7' } })],
    ['mtime', tarEntry({ ...plain, pax: { mtime: '-86400' } })],
    ['global', Buffer.concat([extendedHeader('g', { 'SCHILY.xattr.user.x': 'y' }), tarEntry(plain)])],
    ['global uid', Buffer.concat([extendedHeader('g', { uid: '1' }), tarEntry(plain)])],
  ];
  for (const [what, tar] of rows) {
    const facts = await withData(tar);
    const [file] = [...facts.files].slice(-1);
    assert.deepEqual([file?.uid, file?.gid, file?.mtime, file?.xattrs], [5, 6, 1_700_000_000, {}], what);
    assert.match(facts.layerProblem ?? '', /^entries that engines/, what);
  }
  const same = await withData(
    tarEntry({ ...plain, pax: { uid: '5', mtime: '1700000000.25', atime: '1', uname: 'nobody' } }),
  );
  assert.equal(same.layerProblem, undefined);
  await assert.rejects(
    withData(tarEntry({ ...plain, pax: { size: '0' } })),
    (error) => isAppError(error, 'BAD_ARCHIVE') && /is 1 in its header and 0 in pax/.test(error.message),
  );
});

test('GNU long link targets are not apk’s: a hard link of one has no file, a symlink is another', async () => {
  const target = `${'d/'.repeat(60)}file`;
  const long = extendedHeader('K', target);
  const link = { path: 'z', linkTarget: target.slice(0, 100) };
  await assert.rejects(
    withData(
      Buffer.concat([
        tarEntry({ path: target, content: 'x' }),
        long,
        tarEntry({ ...link, type: 'hardlink' }),
      ]),
    ),
    (error) => isAppError(error, 'BAD_ARCHIVE') && /not an earlier file/.test(error.message),
  );
  const facts = await withData(Buffer.concat([long, tarEntry({ ...link, type: 'symlink' })]));
  assert.equal([...facts.files].at(-1)?.linkTarget, target.slice(0, 100));
  assert.match(facts.layerProblem ?? '', /^entries that engines/);
});

test('numbers and headers that apk cannot read are refused', async () => {
  const entry = tarEntry({ path: 'opt', type: 'directory' });
  const rows: readonly (readonly [what: string, at: number, bytes: Buffer])[] = [
    ['a mode with its type in base-256', 100, Buffer.from([0x80, 0, 0, 0, 0x80, 0, 0x41, 0xed])],
    ['a mode with a blank before it', 100, Buffer.from('  40755\0')],
    ['a uid in base-256', 108, Buffer.from([0x80, 0, 0, 0, 0, 0x20, 0, 0])],
    ['an mtime before 1970', 136, Buffer.from([...Buffer.alloc(11, 0xff), 0x80])],
    ['a header of before ustar', 257, Buffer.alloc(8)],
  ];
  for (const [what, at, bytes] of rows) {
    const block = Buffer.from(entry);
    bytes.copy(block, at);
    block.write('        ', 148);
    const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    await assert.rejects(withData(block), (error) => isAppError(error, 'BAD_ARCHIVE'), what);
  }
  assert.equal((await withData(entry)).layerProblem, undefined);
});

test('names starting with ./ are not installed, as apk does not; the layer is derived without them', async () => {
  const facts = await withData(
    tarEntries([
      { path: './opt', type: 'directory' },
      { path: './opt/a', content: 'x' },
      { path: 'usr', type: 'directory' },
      { path: '.hidden', content: 'x' },
    ]),
  );
  assert.deepEqual(
    facts.files.map(({ path }) => path),
    ['.PKGINFO', '.post-install', '.trigger', 'usr', '.hidden'],
  );
  assert.match(facts.layerProblem ?? '', /^names starting with \.\//);
  const root = await withData(tarEntries([{ path: './', type: 'directory', mode: 0o700 }]));
  assert.match(root.layerProblem ?? '', /^an entry of the root folder/);
  await assert.rejects(
    withData(
      tarEntries([
        { path: './a', content: 'x' },
        { path: 'b', type: 'hardlink', linkTarget: './a' },
      ]),
    ),
    (error) => isAppError(error, 'BAD_ARCHIVE'),
  );
});

test('what is no apk v2 is told', async () => {
  const rows: readonly [bytes: Uint8Array, code: string, message: RegExp][] = [
    [Buffer.from('ADBd\0\0\0\0'), 'UNSUPPORTED', /ADB/],
    [Buffer.from('ADB.\0\0\0\0'), 'UNSUPPORTED', /ADB/],
    [Buffer.alloc(0), 'BAD_ARCHIVE', /an empty file/],
    [Buffer.from('x'), 'BAD_ARCHIVE', /gzip/],
    [Buffer.from('hello, I am text'), 'BAD_ARCHIVE', /gzip/],
    [gzipMember(tarEntries([{ path: 'a', content: 'b' }])), 'BAD_ARCHIVE', /PKGINFO|control/],
    [gzipMember(Buffer.alloc(0)), 'BAD_ARCHIVE', /./],
    [Buffer.concat([APK, Buffer.from('trailing')]), 'BAD_ARCHIVE', /./],
  ];
  for (const [bytes, code, message] of rows) {
    await assert.rejects(
      read(bytes, { policy: UNTRUSTED }),
      (error) =>
        isAppError(error) &&
        error.code === code &&
        message.test(error.message) &&
        error.message.includes('hello.apk'),
      String(message),
    );
  }
});

test('names that would leave their folder are refused', async () => {
  for (const name of ['../evil', 'a/b', '..', '.', 'a b']) {
    await assert.rejects(read(makeApk({ ...SPEC, name })), (error) => isAppError(error, 'BAD_ARCHIVE'), name);
  }
  for (const path of ['../evil', '/etc/passwd', 'a/../../b']) {
    await assert.rejects(
      read(makeApk({ ...SPEC, files: [{ path, content: 'x' }] })),
      (error) => isAppError(error),
      path,
    );
  }
});

test('a cut archive is refused, wherever it is cut', async () => {
  const { signature, control } = makeApkMembers(SPEC);
  for (let at = 0; at < APK.length; at += 13) {
    await assert.rejects(read(APK.subarray(0, at)), (error) => isAppError(error), `cut at ${at}`);
  }
  await assert.rejects(
    read(Buffer.concat([signature, control])),
    (error) => isAppError(error),
    'without data',
  );
});

test('any damaged byte is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(APK.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bytes = Buffer.from(APK);
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      const facts = await read(bytes).catch((error: unknown) => {
        assert.ok(isAppError(error), String(error));
        return undefined;
      });
      // The signature member's own gzip header is covered by nothing: a change there leaves the package as it was.
      if (facts !== undefined)
        assert.deepEqual(
          facts.files.map((file) => file.sha256),
          (await read(APK)).files.map((file) => file.sha256),
        );
    }),
    { numRuns: 200 },
  );
});

test('195 packages of Alpine 3.19 are read, verified and may all be layers', async (t) => {
  const folder = sharedData('data/alpine');
  if (folder === undefined) return t.skip('skipped: shared/data/alpine is not here');
  const policy = {
    ...UNTRUSTED,
    allowUntrusted: false,
    apk: apkKeyringFromFiles(apkKeyFiles(`${folder}/keys`)),
  };
  let count = 0;
  for (const pool of ['v3.19-iso', 'v3.19-pool']) {
    const index = await wholeIndex(
      alpine.repositories.readIndex({
        bytes: readFileSync(`${folder}/${pool}/x86_64/APKINDEX.tar.gz`),
        policy: { ...policy, allowUntrusted: pool === 'v3.19-pool' },
        where: pool,
      }),
    );
    for (const name of readdirSync(`${folder}/${pool}/x86_64`).filter((file) => file.endsWith('.apk'))) {
      const path = `${folder}/${pool}/x86_64/${name}`;
      const expected = index.packages.find((entry) => entry.fileName === name);
      assert.ok(expected !== undefined, name);
      const facts = await alpine.archives.read({
        chunks: createReadStream(path),
        policy,
        where: name,
        expected,
      });
      assert.equal(facts.layerProblem, undefined, name);
      assert.notEqual(facts.signedBy, '', name);
      const described = alpine.archives.describe(facts, name);
      assert.deepEqual(
        [described.depends.toSorted(), described.provides.toSorted(), described.installIf],
        [expected.depends.toSorted(), expected.provides.toSorted(), expected.installIf],
        name,
      );
      count += 1;
    }
  }
  assert.equal(count, 195);
});

test('packages in apk 3’s format are told', async (t) => {
  const folder = sharedData('data/apk-v3');
  if (folder === undefined) return t.skip('skipped: shared/data/apk-v3 is not here');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(apk|adb)$/.test(file),
  );
  assert.ok(files.length > 0);
  for (const file of files) {
    await assert.rejects(
      alpine.archives.read({ chunks: createReadStream(`${folder}/${file}`), policy: UNTRUSTED, where: file }),
      (error) => isAppError(error, 'UNSUPPORTED'),
      file,
    );
  }
});
