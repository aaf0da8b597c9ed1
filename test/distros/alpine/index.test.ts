import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { apkKeyFiles, apkKeyringFromFiles } from '../../../src/distros/alpine/apk-keys.ts';
import type { ApkTrust } from '../../../src/distros/alpine/apk-trust.ts';
import { alpine } from '../../../src/distros/alpine/distro.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import { type FixtureKey, gzipMember, makeApk, makeApkIndex, makeFixtureKey } from '../../fixtures/apk.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { tarEntries } from '../../fixtures/tar.ts';
import { type WholeIndex, wholeIndex } from '../../fixtures/whole-index.ts';
import { UNTRUSTED } from './installed.ts';
import { parseIndexText } from './parse-index.ts';

const KEY = makeFixtureKey();

function trusting(...keys: readonly FixtureKey[]): ApkTrust {
  const files = keys.map((key) => ({ name: key.name, bytes: Buffer.from(key.publicPem) }));
  return { ...UNTRUSTED, allowUntrusted: false, apk: apkKeyringFromFiles(files) };
}

function read(bytes: Uint8Array, policy: ApkTrust = UNTRUSTED): Promise<WholeIndex> {
  return wholeIndex(alpine.repositories.readIndex({ bytes, policy, where: 'http://m/APKINDEX.tar.gz' }));
}

const SPEC = { name: 'git', version: '2.43.0-r0', depends: ['so:libc.musl-x86_64.so.1', 'zlib>1'] };
const INDEX = makeApkIndex([{ spec: SPEC, bytes: makeApk(SPEC) }], {
  key: KEY,
  description: 'v3.19.1-0-gabc',
});

/** An index of this text, unsigned. */
function unsigned(text: string, name = 'APKINDEX'): Buffer {
  return gzipMember(Buffer.concat([tarEntries([{ path: name, content: text }]), Buffer.alloc(1024)]));
}

test('every letter has its field, and what has none is kept', () => {
  const text =
    'C:Q1abc=\nP:a\nV:1-r0\nA:x86_64\nS:10\nI:20\nT:Söme text: here\nU:https://x/\nL:MIT\no:org\nm:Ä <a@b>\nt:1700000000\nc:abcdef\nk:5\nD:b>1 !c so:x\np:cmd:a=1 y\ni:e f=2\nr:old\nq:7\nF:what\nz:x\n\n';
  const [entry] = parseIndexText(text, 'x');
  assert.deepEqual(entry, {
    name: 'a',
    version: '1-r0',
    architecture: 'x86_64',
    description: 'Söme text: here',
    url: 'https://x/',
    license: 'MIT',
    origin: 'org',
    maintainer: 'Ä <a@b>',
    buildTime: 1700000000,
    commit: 'abcdef',
    sizeBytes: 10,
    installedSizeBytes: 20,
    fileName: 'a-1-r0.apk',
    checksum: 'Q1abc=',
    depends: ['b>1', '!c', 'so:x'],
    provides: ['cmd:a=1', 'y'],
    replaces: ['old'],
    conflicts: [],
    installIf: ['e', 'f=2'],
    groups: [],
    providerPriority: 5,
    replacesPriority: 7,
    signature: '',
    extra: { F: ['what'], z: ['x'] },
  });
});

test('fields that are there and empty are told from those that are not there', () => {
  const [entry] = parseIndexText('P:a\nV:1\no:\nm:\nc:\nT:\n\n', 'x');
  assert.deepEqual(entry?.extra, { o: [''], m: [''], c: [''] });
  assert.deepEqual(parseIndexText('P:a\nV:1\no:a\n\n', 'x')[0]?.extra, {});
});

test('blank lines, a missing last newline and empty lists are taken', () => {
  const packages = parseIndexText('\n\nP:a\nV:1\nD:\n\n\nP:b\nV:2\nD: x  y ', 'x');
  assert.deepEqual(
    packages.map((entry) => [entry.name, entry.depends]),
    [
      ['a', []],
      ['b', ['x', 'y']],
    ],
  );
  assert.deepEqual(parseIndexText('', 'x'), []);
});

test('a text is parsed the same wherever it is cut', () => {
  const text = 'C:Q1a\nP:a\nV:1\nT:Ä ö €\nD:x y\n\nP:b\nV:2\n\nC:Q1a\nP:a\nV:1\n\nP:c\nV:3\np:d=1';
  const whole = parseIndexText(text, 'x');
  assert.deepEqual(
    whole.map(({ name, description }) => name + description),
    ['aÄ ö €', 'b', 'c'],
  );
  for (const bytes of [1, 2, 3, 7, 20]) assert.deepEqual(parseIndexText(text, 'x', bytes), whole);
});

test('the same package twice is one, the same name twice is two', () => {
  const text = 'C:Q1a\nP:a\nV:1\n\nC:Q1a\nP:a\nV:1\n\nC:Q1b\nP:a\nV:1\n\n';
  assert.deepEqual(
    parseIndexText(text, 'x').map((entry) => entry.checksum),
    ['Q1a', 'Q1b'],
  );
});

test('what is no index is refused with the line', () => {
  const rows: readonly [text: string, message: RegExp][] = [
    ['P:a\n\n', /line 2: .*no V:/],
    ['<html>\n', /line 1: expected a "X:value" line/],
  ];
  for (const [text, message] of rows) {
    assert.throws(
      () => parseIndexText(text, 'x'),
      (error) => isAppError(error, 'BAD_INDEX') && message.test(error.message),
      text,
    );
  }
  const long = `P:a\nV:1\nT:${'x'.repeat(5_000_000)}\n`;
  assert.throws(
    () => parseIndexText(long, 'x'),
    (error) => isAppError(error, 'LIMIT'),
  );
});

test('any text parses or is refused as an index', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...'CPVASITUzF:\n'), fc.string())), (lines) => {
      try {
        parseIndexText(lines.map(([letter, value]) => `${letter}:${value}`).join('\n'), 'x');
      } catch (error) {
        assert.ok(isAppError(error), String(error));
      }
    }),
  );
});

test('a signed index is read and its key named', async () => {
  for (const hash of ['RSA', 'RSA256', 'RSA512'] as const) {
    const bytes = makeApkIndex([{ spec: SPEC, bytes: makeApk(SPEC) }], { key: KEY, hash, description: 'd' });
    const index = await read(bytes, trusting(KEY));
    assert.equal(index.signedBy, KEY.name);
    assert.equal(index.description, 'd');
    assert.deepEqual(
      index.packages.map((entry) => entry.fileName),
      ['git-2.43.0-r0.apk'],
    );
    assert.deepEqual(index.packages[0]?.depends, SPEC.depends);
  }
});

test('unsigned, unknown and false signatures are refused, unless untrusted is allowed', async () => {
  const bare = makeApkIndex([{ spec: SPEC, bytes: makeApk(SPEC) }], { key: null });
  await assert.rejects(
    read(bare, trusting(KEY)),
    (error) => isAppError(error, 'SIGNATURE') && /allow-untrusted/.test(error.hint ?? ''),
  );
  const other = makeFixtureKey('other.rsa.pub');
  await assert.rejects(read(INDEX, trusting(other)), (error) => isAppError(error, 'UNTRUSTED_KEY'));
  const forged = makeFixtureKey(KEY.name);
  await assert.rejects(read(INDEX, trusting(forged)), (error) => isAppError(error, 'SIGNATURE'));
  assert.equal((await read(bare)).signedBy, '');
  assert.equal((await read(INDEX)).packages.length, 1);
});

test('nothing before the signed part is believed', async () => {
  const evil = tarEntries([{ path: 'APKINDEX', content: 'P:evil\nV:1\n\n' }]);
  const sneaked = Buffer.concat([gzipMember(evil), INDEX]);
  await assert.rejects(read(sneaked, trusting(KEY)), (error) => isAppError(error));
  const header = tarEntries([{ path: '.SIGN.RSA.x', content: 'x'.repeat(4096) }]).subarray(0, 512);
  await assert.rejects(read(Buffer.concat([gzipMember(header), INDEX]), trusting(KEY)), (error) =>
    isAppError(error, 'BAD_INDEX'),
  );
});

test('a cut index is refused, wherever it is cut', async () => {
  for (let at = 0; at < INDEX.length; at += 7) {
    await assert.rejects(
      read(INDEX.subarray(0, at), trusting(KEY)),
      (error) => isAppError(error),
      `cut at ${at}`,
    );
  }
});

test('a changed byte of the signed part is refused', async () => {
  for (let at = INDEX.length - 60; at > INDEX.length - 200; at -= 9) {
    const bytes = Buffer.from(INDEX);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await assert.rejects(read(bytes, trusting(KEY)), (error) => isAppError(error), `byte ${at}`);
  }
});

test('other files are told from an index', async () => {
  const rows: readonly [bytes: Uint8Array, code: 'BAD_INDEX' | 'UNSUPPORTED', message: RegExp][] = [
    [Buffer.alloc(0), 'BAD_INDEX', /an empty file/],
    [Buffer.from('<html>not found</html>'), 'BAD_INDEX', /gzip/],
    [Buffer.from('ADBd0000000000'), 'UNSUPPORTED', /ADB/],
    [makeApk(SPEC), 'BAD_INDEX', /APKINDEX/],
    [gzipSync('hello'), 'BAD_INDEX', /./],
    [unsigned('P:a\nV:1\n', 'OTHER'), 'BAD_INDEX', /OTHER/],
  ];
  for (const [bytes, code, message] of rows) {
    await assert.rejects(
      read(bytes),
      (error) => isAppError(error, code) && message.test(error.message),
      String(message),
    );
  }
});

test('an index that is a bomb is refused', async () => {
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  await assert.rejects(read(bomb), (error) => isAppError(error));
});

test('the full indexes of Alpine 3.19, signed', async (t) => {
  const folder = sharedData('data/alpine');
  if (folder === undefined) return t.skip('skipped: shared/data/alpine is not here');
  const policy = {
    ...UNTRUSTED,
    allowUntrusted: false,
    apk: apkKeyringFromFiles(apkKeyFiles(`${folder}/keys`)),
  };
  const counts: number[] = [];
  for (const repository of ['main', 'community']) {
    const bytes = readFileSync(`${folder}/v3.19/${repository}/x86_64/APKINDEX.tar.gz`);
    const index = await read(bytes, policy);
    assert.match(index.signedBy, /^alpine-devel@lists\.alpinelinux\.org-[0-9a-f]{8}\.rsa\.pub$/);
    counts.push(index.packages.length);
    if (repository === 'main')
      assert.equal(
        alpine.releases.of(index, {
          ...alpine.repositories.official({ release: '', architecture: 'x86_64', mirrors: [] })[0]!,
        }),
        'v3.19',
      );
  }
  assert.deepEqual(counts, [5443, 17587]);
});
