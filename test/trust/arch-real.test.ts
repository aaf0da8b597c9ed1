import assert from 'node:assert/strict';
import { createReadStream, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ARCH_MASTER_KEY_PINS } from '../../src/distros/arch/pins.ts';
import { OpenPgpKeyring } from '../../src/trust/openpgp-keyring.ts';
import { verifyDetached } from '../../src/trust/verify-detached.ts';
import { sharedData } from '../fixtures/shared.ts';

const KEYS = 'data/arch/keys/archlinux-keyring-20171213-1-any';
const DECEMBER_2017 = Date.UTC(2017, 11, 31);
/** Jan Alexander Steffens */
const BASH_SIGNER = '8218F88849AAC522E94CF470A5E9288C4FA415FA';

/** %PGPSIG% by file name, straight from the database's text. */
function signatures(database: string): Map<string, Buffer> {
  const text = gunzipSync(readFileSync(database)).toString('latin1');
  const found = new Map<string, Buffer>();
  for (const match of text.matchAll(/%FILENAME%\n(.*)\n[^\0]*?%PGPSIG%\n(.*)\n/g)) {
    found.set(match[1] ?? '', Buffer.from(match[2] ?? '', 'base64'));
  }
  return found;
}

async function setUp(t: { skip(message: string): void }) {
  const keys = sharedData(KEYS);
  const database = sharedData('data/arch/2017.12/core.db');
  if (keys === undefined || database === undefined) {
    t.skip('skipped: ../shared/data/arch is not here');
    return undefined;
  }
  const keyring = await OpenPgpKeyring.load(keys);
  const signed = signatures(database);
  const check = (name: string, options: { now: number; keyring?: OpenPgpKeyring }) => {
    const path = sharedData(`data/arch/2017.12/x86_64/${name}`);
    assert.ok(path, name);
    const signature = signed.get(name);
    assert.ok(signature, name);
    return verifyDetached(options.keyring ?? keyring, createReadStream(path), signature, options);
  };
  return { keyring, signed, check };
}

test('Arch 2017.12: bash verifies over the original archive, then and now, and through the pinned masters alone', async (t) => {
  const real = await setUp(t);
  if (real === undefined) return;
  const name = 'bash-4.4.012-2-x86_64.pkg.tar.xz';
  const then = await real.check(name, { now: DECEMBER_2017 });
  assert.equal(then.status, 'valid', then.message);
  assert.equal(then.fingerprint, BASH_SIGNER);
  assert.match(then.message, /certified by .*Master Key/);
  const now = await real.check(name, { now: Date.now() });
  assert.equal(now.status, 'valid', now.message);
  const pinned = await real.check(name, {
    now: DECEMBER_2017,
    keyring: real.keyring.restrictTo(ARCH_MASTER_KEY_PINS),
  });
  assert.equal(pinned.status, 'valid', pinned.message);
});

test('Arch 2017.12: one changed byte, or the signature of another package, is bad', async (t) => {
  const real = await setUp(t);
  if (real === undefined) return;
  const path = sharedData('data/arch/2017.12/x86_64/bash-4.4.012-2-x86_64.pkg.tar.xz');
  const signature = real.signed.get('bash-4.4.012-2-x86_64.pkg.tar.xz');
  const other = real.signed.get('coreutils-8.28-1-x86_64.pkg.tar.xz');
  assert.ok(path && signature && other);
  const bytes = readFileSync(path);
  const options = { now: DECEMBER_2017 };
  assert.equal((await verifyDetached(real.keyring, bytes, other, options)).status, 'bad-signature');
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  assert.equal((await verifyDetached(real.keyring, bytes, signature, options)).status, 'bad-signature');
});

/** What GnuPG 2.2.40 said of these with the same keyring, populated as pacman-key does. */
const GNUPG: readonly (readonly [name: string, then: string, today: string])[] = [
  ['krb5-1.16-1-x86_64.pkg.tar.xz', 'valid', 'expired-key'],
  ['libaio-0.3.110-1-x86_64.pkg.tar.xz', 'valid', 'expired-key'],
  // DSA key, and SHA-1 over the archive
  ['npth-1.5-1-x86_64.pkg.tar.xz', 'valid', 'valid'],
  ['patch-2.7.5-1-x86_64.pkg.tar.xz', 'valid', 'valid'],
  ['coreutils-8.28-1-x86_64.pkg.tar.xz', 'valid', 'valid'],
];

test('Arch 2017.12: expired keys are told apart as GnuPG does', async (t) => {
  const real = await setUp(t);
  if (real === undefined) return;
  for (const [name, then, today] of GNUPG) {
    assert.equal((await real.check(name, { now: DECEMBER_2017 })).status, then, name);
    assert.equal((await real.check(name, { now: Date.UTC(2026, 0, 1) })).status, today, name);
  }
});
