import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../src/model/app-error.ts';
import { splitKeyring } from '../../src/trust/openpgp-packets.ts';
import { makePgpKey } from '../fixtures/pgp.ts';

const keys = await Promise.all([makePgpKey({ signingSubkey: true }), makePgpKey(), makePgpKey()]);
const binary = Buffer.concat(keys.map((key) => key.publicBytes));
const isRefusal = (error: unknown): boolean => isAppError(error, 'UNTRUSTED_KEY');

test('a keyring splits into its keys, with the fingerprints and key ids that openpgp.js gives', async () => {
  const { readKey } = await import('openpgp');
  const blocks = splitKeyring(binary, 'x.gpg');
  assert.deepEqual(
    blocks.map((block) => block.fingerprint),
    keys.map((key) => key.fingerprint),
  );
  assert.ok(Buffer.concat(blocks.map((block) => block.bytes)).equals(binary));
  for (const block of blocks) {
    const ids = (await readKey({ binaryKey: block.bytes })).getKeyIDs().map((id) => id.toHex().toUpperCase());
    assert.deepEqual(block.keyIds, ids);
  }
  assert.equal(blocks[0]?.keyIds.length, 2);
});

test('armored keyrings, also several in one file, are the same keys', async () => {
  const { readKey } = await import('openpgp');
  const armored = await Promise.all(
    keys.map(async (key) => (await readKey({ binaryKey: key.publicBytes })).armor()),
  );
  const withComment = armored.join('').replace('\n\n', '\nComment: of a test\n\n');
  for (const text of [armored.join(''), withComment, armored.join('').replaceAll('\r\n', '\n')]) {
    assert.deepEqual(splitKeyring(Buffer.from(text), 'x.gpg'), splitKeyring(binary, 'x.gpg'));
  }
  assert.throws(() => splitKeyring(Buffer.from(armored.join('').slice(0, -60)), 'x.gpg'), isRefusal);
});

test('an empty keyring has no keys', () => {
  assert.deepEqual(splitKeyring(new Uint8Array(0), 'x.gpg'), []);
});

test('what is not a keyring is refused by name', () => {
  for (const bytes of [
    '<html>',
    '-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n',
    '\x88\x02ab',
  ]) {
    assert.throws(
      () => splitKeyring(Buffer.from(bytes, 'latin1'), 'http://mirror/x.gpg'),
      (error) =>
        isRefusal(error) &&
        (error as Error).message.startsWith('http://mirror/x.gpg: not an OpenPGP keyring'),
    );
  }
});

test('a cut keyring is refused, or ends at a packet boundary', () => {
  const whole = splitKeyring(binary, 'x.gpg');
  let refused = 0;
  for (let length = 1; length < binary.length; length += 1) {
    try {
      const blocks = splitKeyring(binary.subarray(0, length), 'x.gpg');
      assert.ok(blocks.length <= whole.length);
    } catch (error) {
      assert.ok(isRefusal(error));
      refused += 1;
    }
  }
  assert.ok(refused > binary.length - 20, `${refused} of ${binary.length}`);
});

test('any bytes either split or are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(binary.length - 1), (noise, at) => {
      for (const bytes of [
        noise,
        Buffer.concat([binary.subarray(0, at), noise, binary.subarray(at + noise.length)]),
      ]) {
        try {
          splitKeyring(bytes, 'x.gpg');
        } catch (error) {
          assert.ok(isRefusal(error), String(error));
        }
      }
    }),
    { numRuns: 300 },
  );
});
