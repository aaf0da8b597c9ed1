import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { apkKeyFiles, apkKeyringFromFiles } from '../../../src/distros/alpine/apk-keys.ts';
import { enforceApkVerdict, verifyApkSignatures } from '../../../src/distros/alpine/apk-signatures.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import { type FixtureKey, makeFixtureKey } from '../../fixtures/apk.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { signatureOf, splitGzip } from '../../trust/gzip-members.ts';

const first = makeFixtureKey('first.rsa.pub');
const second = makeFixtureKey('second.rsa.pub');
const content = Buffer.from('the control member');
const file = (key: FixtureKey, name = key.name) => ({ name, bytes: Buffer.from(key.publicPem) });
const both = apkKeyringFromFiles([file(first), file(second)]);

function signature(key: FixtureKey, scheme: 'RSA' | 'RSA256' | 'RSA512', bytes: Uint8Array = content) {
  const hash = { RSA: 'sha1', RSA256: 'sha256', RSA512: 'sha512' }[scheme];
  return { member: `.SIGN.${scheme}.${key.name}`, bytes: sign(hash, bytes, key.privateKey) };
}

for (const scheme of ['RSA', 'RSA256', 'RSA512'] as const) {
  test(`${scheme} verifies, and with another digest's name does not`, () => {
    const good = signature(first, scheme);
    assert.deepEqual(verifyApkSignatures(both, [good], content), { ok: true, signedBy: first.name });
    const other = scheme === 'RSA256' ? 'RSA512' : 'RSA256';
    const swapped = { ...good, member: `.SIGN.${other}.${first.name}` };
    const verdict = verifyApkSignatures(both, [swapped], content);
    assert.equal(!verdict.ok && verdict.reason, 'bad-signature');
  });
}

test('a signature holds for its bytes only', () => {
  const good = signature(first, 'RSA256');
  fc.assert(
    fc.property(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(content);
      changed[at] = (changed[at] ?? 0) ^ flip;
      const verdict = verifyApkSignatures(both, [good], changed);
      assert.equal(!verdict.ok && verdict.reason, 'bad-signature');
    }),
    { numRuns: 50 },
  );
});

test('one good signature of a known key is enough beside one of an unknown key', () => {
  const onlySecond = apkKeyringFromFiles([file(second)]);
  const verdict = verifyApkSignatures(
    onlySecond,
    [signature(first, 'RSA'), signature(second, 'RSA256')],
    content,
  );
  assert.deepEqual(verdict, { ok: true, signedBy: second.name });
});

test('a bad signature of a known key refuses even beside a good one', () => {
  const wrong = signature(second, 'RSA256', Buffer.from('something else'));
  for (const order of [
    [signature(first, 'RSA'), wrong],
    [wrong, signature(first, 'RSA')],
  ]) {
    const verdict = verifyApkSignatures(both, order, content);
    assert.equal(!verdict.ok && verdict.reason, 'bad-signature');
    assert.match(verdict.ok ? '' : verdict.message, /second\.rsa\.pub/);
  }
});

test('a key of another name does not verify under a trusted name', () => {
  const forged = { ...signature(second, 'RSA256'), member: `.SIGN.RSA256.${first.name}` };
  const verdict = verifyApkSignatures(both, [forged], content);
  assert.equal(!verdict.ok && verdict.reason, 'bad-signature');
});

test('unsigned, unknown and bad are told apart, with code, keys and the way out', () => {
  const stranger = makeFixtureKey('stranger.rsa.pub');
  const refusal = (signatures: Parameters<typeof verifyApkSignatures>[1]) => {
    try {
      enforceApkVerdict(
        verifyApkSignatures(both, signatures, content),
        both,
        'http://mirror/APKINDEX.tar.gz',
      );
    } catch (error) {
      assert.ok(isAppError(error));
      assert.match(error.message, /^http:\/\/mirror\/APKINDEX\.tar\.gz /);
      assert.match(error.hint ?? '', /--keyring(-append)? DIR/);
      assert.match(error.hint ?? '', /--allow-untrusted/);
      return error;
    }
    return assert.fail('was accepted');
  };
  assert.equal(refusal([]).code, 'SIGNATURE');
  const unknown = refusal([signature(stranger, 'RSA')]);
  assert.equal(unknown.code, 'UNTRUSTED_KEY');
  assert.match(
    unknown.message,
    /signed by stranger\.rsa\.pub; known keys: first\.rsa\.pub, second\.rsa\.pub/,
  );
  assert.equal(refusal([{ ...signature(first, 'RSA'), bytes: Buffer.alloc(256) }]).code, 'SIGNATURE');
  assert.equal(
    enforceApkVerdict(verifyApkSignatures(both, [signature(first, 'RSA')], content), both, 'x'),
    first.name,
  );
});

test('a digest that this OpenSSL refuses is UNSUPPORTED, with who signs so', () => {
  const { publicKey } = generateKeyPairSync('rsa-pss', {
    modulusLength: 2048,
    hashAlgorithm: 'sha384',
    mgf1HashAlgorithm: 'sha384',
  });
  const keyring = { keys: new Map([[first.name, publicKey]]) };
  for (const [scheme, hash, hint] of [
    ['RSA', 'SHA1', /: Alpine signs with SHA-1, which the crypto policy of this machine disables/],
    ['RSA256', 'SHA256', /^Use the official Node 24, /],
    ['RSA512', 'SHA512', /^Use the official Node 24, /],
  ] as const) {
    assert.throws(() => verifyApkSignatures(keyring, [signature(first, scheme)], content), {
      code: 'UNSUPPORTED',
      message: new RegExp(` RSA signature with ${hash} \\(key first\\.rsa\\.pub\\): `),
      hint,
    });
  }
});

test('hostile signature members are refused', () => {
  const good = signature(first, 'RSA');
  const hostile = [
    [{ ...good, member: '.SIGN.RSA.../../etc/apk/keys/first.rsa.pub' }],
    [{ ...good, member: '.SIGN.RSA.' }],
    [{ ...good, member: '.SIGN.RSA...' }],
    [{ ...good, member: '.SIGN.DSA.first.rsa.pub' }],
    [{ ...good, bytes: Buffer.alloc(0) }],
    [{ ...good, bytes: good.bytes.subarray(0, 100) }],
    [{ ...good, bytes: Buffer.alloc(1 << 20) }],
    Array.from({ length: 17 }, () => good),
  ];
  for (const signatures of hostile) {
    const verdict = verifyApkSignatures(both, signatures, content);
    assert.equal(!verdict.ok && verdict.reason, 'bad-signature', signatures[0]?.member);
  }
});

test('keys may be SPKI or PKCS#1 PEM; anything else is refused by name', (t) => {
  const directory = tempDir(t);
  const pkcs1 = createPublicKey(second.publicPem).export({ type: 'pkcs1', format: 'pem' });
  writeFileSync(join(directory, first.name), first.publicPem);
  writeFileSync(join(directory, 'second.pem'), pkcs1);
  writeFileSync(join(directory, 'README'), 'not a key');
  assert.deepEqual([...apkKeyringFromFiles(apkKeyFiles(directory)).keys.keys()], [first.name, 'second.pem']);

  const elliptic = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  for (const bytes of ['', 'hello', first.publicPem.slice(0, 200), elliptic, 'x'.repeat(70_000)]) {
    assert.throws(
      () => apkKeyringFromFiles([{ name: 'keys/odd.pub', bytes: Buffer.from(bytes) }]),
      (error) =>
        isAppError(error, 'UNTRUSTED_KEY') && error.message.startsWith('keys/odd.pub: not an RSA public key'),
    );
  }
});

test('folders without keys and two keys of one name are refused', (t) => {
  const directory = tempDir(t);
  assert.throws(
    () => apkKeyringFromFiles(apkKeyFiles(directory)),
    (error) => isAppError(error, 'NOT_FOUND'),
  );
  assert.throws(
    () => apkKeyringFromFiles(apkKeyFiles(join(directory, 'absent'))),
    (error) => isAppError(error, 'NOT_FOUND'),
  );
  assert.throws(
    () => apkKeyringFromFiles([file(first, 'a/k.pub'), file(second, 'b/k.pub')]),
    (error) => isAppError(error, 'UNTRUSTED_KEY'),
  );
  assert.equal(apkKeyringFromFiles([file(first, 'a/k.pub'), file(first, 'b/k.pub')]).keys.size, 1);
});

test('Alpine 3.19: index and packages verify with the real keys, and not with one byte changed', (t) => {
  const keys = sharedData('data/alpine/keys');
  const index = sharedData('data/alpine/v3.19/main/x86_64/APKINDEX.tar.gz');
  const packages = sharedData('data/alpine/v3.19-iso/x86_64');
  if (keys === undefined || index === undefined || packages === undefined) {
    t.skip('skipped: ../shared/data/alpine is not here');
    return;
  }
  const keyring = apkKeyringFromFiles(apkKeyFiles(keys));
  const key = 'alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub';
  const bytes = readFileSync(index);
  const head = splitGzip(bytes)[0];
  assert.ok(head);
  const covered = Buffer.from(bytes.subarray(head.raw.length));
  const signatures = [signatureOf(head.content)];
  assert.deepEqual(verifyApkSignatures(keyring, signatures, covered), { ok: true, signedBy: key });
  covered[1000] = (covered[1000] ?? 0) ^ 1;
  assert.equal(verifyApkSignatures(keyring, signatures, covered).ok, false);

  const archives = readdirSync(packages)
    .filter((name) => name.endsWith('.apk'))
    .slice(0, 20);
  assert.equal(archives.length, 20);
  for (const name of archives) {
    const [signed, control] = splitGzip(readFileSync(join(packages, name)));
    assert.ok(signed && control);
    const verdict = verifyApkSignatures(keyring, [signatureOf(signed.content)], control.raw);
    assert.deepEqual(verdict, { ok: true, signedBy: key }, name);
  }
});
