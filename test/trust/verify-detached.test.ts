import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PrivateKey, SignaturePacket } from 'openpgp';
import { ARCH_MASTER_KEY_PINS } from '../../src/distros/arch/pins.ts';
import { OpenPgpKeyring } from '../../src/trust/openpgp-keyring.ts';
import { type KeyBlock, splitKeyring } from '../../src/trust/openpgp-packets.ts';
import type { OpenPgpVerdict } from '../../src/trust/openpgp-verdict.ts';
import { verifyDetached } from '../../src/trust/verify-detached.ts';
import {
  certify,
  makePgpKey,
  makeTestWeb,
  type PgpKey,
  pacmanKeyringFiles,
  signPacket,
} from '../fixtures/pgp.ts';

/**
 * What GnuPG says of odd signatures and keys, and libalpm makes of it. Sources: RFC 9580 section 5.2.3; GnuPG, g10/mainproc.c,
 * g10/sig-check.c and g10/trustdb.c; libalpm, signing.c (`_alpm_check_pgp_helper`).
 */
const openpgp = await import('openpgp');
const { enums } = openpgp;
const HOUR_MS = 3_600_000;
const data = Buffer.from('bytes of a package');
const content = { text: null, getBytes: () => data };
const web = await makeTestWeb();
const { masters, packager } = web;
const keyring = await OpenPgpKeyring.fromFiles(web.files);
const inTest = (...keys: Uint8Array[]) =>
  OpenPgpKeyring.fromFiles(pacmanKeyringFiles({ trusted: masters, keys }));

interface Odd {
  readonly at?: Date;
  /** Before it is signed: what the signature covers */
  readonly hashed?: (packet: SignaturePacket) => void;
  /** What the signature names as its issuer's fingerprint; default: the signer's */
  readonly issuer?: PgpKey;
}

/** A detached signature by a key's primary key or first subkey. */
async function signature(by: PrivateKey, odd: Odd = {}): Promise<Buffer> {
  const signer = by.subkeys[0]?.keyPacket ?? by.keyPacket;
  const packet = new openpgp.SignaturePacket();
  packet.signatureType = enums.signature.binary;
  packet.publicKeyAlgorithm = signer.algorithm as never;
  packet.hashAlgorithm = enums.hash.sha256;
  odd.hashed?.(packet);
  const named = odd.issuer?.privateKey.keyPacket ?? signer;
  const key = new Proxy(signer, {
    get(target, name) {
      const from = name === 'getFingerprintBytes' ? named : target;
      const value = Reflect.get(from, name, from);
      return typeof value === 'function' ? value.bind(from) : value;
    },
  });
  await signPacket(packet, key, { content, at: odd.at ?? new Date(Date.now() - 60_000) });
  if (odd.issuer !== undefined) {
    // The key id (RFC 9580 section 5.2.3.12) that readers see last is the signer's all the same.
    const body = Buffer.from(signer.getKeyID().toHex(), 'hex');
    packet.unhashedSubpackets.push({ type: 16, critical: false, body });
  }
  const list = new openpgp.PacketList<never>();
  list.push(packet as never);
  return Buffer.from(list.write());
}

const judged = (bytes: Uint8Array, by = keyring, now = Date.now()): Promise<OpenPgpVerdict> =>
  verifyDetached(by, data, bytes, { now });

test('a good signature is valid: what follows is changed in one way each', async () => {
  assert.equal((await judged(await signature(packager.privateKey))).status, 'valid');
});

test('what stands beside a good signature and is none that can be read makes it bad', async () => {
  const good = await signature(packager.privateKey);
  /** Version 3, which OpenPGP no longer has: gpg would judge it, libalpm ask that it holds */
  const old = Buffer.concat([Buffer.of(0xc2, 22, 3, 5, 0), Buffer.alloc(19)]);
  for (const bytes of [Buffer.concat([good, old]), Buffer.concat([old, good]), old]) {
    const verdict = await judged(bytes);
    assert.equal(verdict.status, 'bad-signature');
    assert.match(verdict.message, /a version or algorithm/);
  }
});

test('packets without a signature among them are a bad signature, not a missing one', async () => {
  const marker = Buffer.from('ca03504750', 'hex');
  for (const bytes of [marker, Buffer.concat([marker, marker])]) {
    assert.equal((await judged(bytes)).status, 'bad-signature');
  }
});

test('a signature that names another key by its fingerprint is not this key’s', async () => {
  const stranger = await makePgpKey();
  const verdict = await judged(await signature(packager.privateKey, { issuer: stranger }));
  assert.equal(verdict.status, 'unknown-key');
  assert.equal(verdict.fingerprint, stranger.fingerprint);
});

test('a signature ends at the second its maker said', async () => {
  const at = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
  const bytes = await signature(packager.privateKey, {
    at,
    hashed(packet) {
      packet.signatureNeverExpires = false;
      packet.signatureExpirationTime = 30;
    },
  });
  assert.equal((await judged(bytes, keyring, at.getTime() + 29_000)).status, 'valid');
  const verdict = await judged(bytes, keyring, at.getTime() + 30_000);
  assert.equal(verdict.status, 'bad-signature');
  assert.match(verdict.message, /the signature expired on \d{4}-\d\d-\d\d$/);
});

test('a clock in the wrong zone is borne, one a day off is not', async () => {
  for (const [hours, status] of [
    [23, 'valid'],
    [25, 'bad-signature'],
  ] as const) {
    const at = new Date(Date.now() + hours * HOUR_MS);
    assert.equal((await judged(await signature(packager.privateKey, { at }))).status, status);
  }
});

/** A key with a signing subkey of its own lifetime; in seconds, from an hour ago; 0: for ever. */
async function withSubkey(primarySeconds: number, subkeySeconds: number): Promise<PgpKey> {
  const made = await openpgp.generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name: 'Owner', email: 'owner@example.org' }],
    date: new Date(Date.now() - HOUR_MS),
    keyExpirationTime: primarySeconds,
    subkeys: [{ sign: true, keyExpirationTime: subkeySeconds } as { sign: boolean }],
    format: 'object',
  });
  return {
    privateKey: made.privateKey,
    fingerprint: made.publicKey.getFingerprint().toUpperCase(),
    publicBytes: made.publicKey.write(),
  };
}

for (const [primary, subkey, status] of [
  [0, 0, 'valid'],
  [7200, 7200, 'valid'],
  [0, 1800, 'expired-key'],
  [1800, 7200, 'expired-key'],
  [7200, 1800, 'expired-key'],
] as const) {
  test(`a key for ${primary} s, its signing subkey for ${subkey} s, an hour on: ${status}`, async () => {
    const owner = await withSubkey(primary, subkey);
    const certified = await inTest(await certify(owner, masters));
    const made = new Date(Date.now() - HOUR_MS + 60_000);
    const bytes = await signature(owner.privateKey, { at: made });
    assert.equal((await judged(bytes, certified)).status, status);
    assert.equal((await judged(bytes, certified, made.getTime() + 60_000)).status, 'valid');
  });
}

test('a subkey that its owner revoked signs no more, whatever the reason; the primary key still does', async () => {
  for (const flag of [enums.reasonForRevocation.keyCompromised, enums.reasonForRevocation.keyRetired]) {
    const owner = await withSubkey(0, 0);
    const [subkey] = owner.privateKey.subkeys;
    assert.ok(subkey);
    const revoked = await subkey.revoke(
      owner.privateKey.keyPacket as never,
      { flag } as never,
      new Date(Date.now() - 1000),
    );
    const publicKey = await openpgp.readKey({ binaryKey: await certify(owner, masters) });
    publicKey.subkeys[0]?.revocationSignatures.push(...revoked.revocationSignatures);
    const own = await inTest(publicKey.write());
    const verdict = await judged(await signature(owner.privateKey), own);
    assert.equal(verdict.status, 'revoked-key');
    assert.match(verdict.message, new RegExp(`subkey ${subkey.getFingerprint().toUpperCase()}`));
    const primary = { ...owner.privateKey, keyPacket: owner.privateKey.keyPacket, subkeys: [] };
    assert.equal((await judged(await signature(primary as never), own)).status, 'valid');
  }
});

/** A keyring whose packager two masters certify, and `third` in an odd way or at an odd time. */
async function withThird(third: PgpKey, at: Date, odd = (_: SignaturePacket) => {}): Promise<OpenPgpKeyring> {
  const trusted = [third, ...masters.slice(1)];
  const publicKey = await openpgp.readKey({ binaryKey: await certify(packager, masters.slice(1)) });
  const [user] = publicKey.users;
  assert.ok(user);
  const packet = new openpgp.SignaturePacket();
  packet.signatureType = enums.signature.certGeneric;
  packet.publicKeyAlgorithm = third.privateKey.keyPacket.algorithm as never;
  packet.hashAlgorithm = enums.hash.sha256;
  odd(packet);
  const certified = { userID: user.userID, key: publicKey.keyPacket };
  await signPacket(packet, third.privateKey.keyPacket, { content: certified, at });
  user.otherCertifications.push(packet);
  return OpenPgpKeyring.fromFiles(pacmanKeyringFiles({ trusted, keys: [publicKey.write()] }));
}

test('a certification counts from when it was made until it expires', async () => {
  const good = await signature(packager.privateKey);
  const at = new Date(Math.floor(Date.now() / 1000) * 1000 - 1200_000);
  const certified = await withThird(masters[0] as PgpKey, at, (packet) => {
    packet.signatureNeverExpires = false;
    packet.signatureExpirationTime = 600;
  });
  for (const [seconds, status] of [
    [-1, 'untrusted'],
    [0, 'valid'],
    [599, 'valid'],
    [600, 'untrusted'],
  ] as const) {
    const verdict = await judged(good, certified, at.getTime() + seconds * 1000);
    assert.equal(verdict.status, status, `${seconds} s after`);
  }
});

test('a master key that is not made yet introduces nobody', async () => {
  const good = await signature(packager.privateKey);
  const at = new Date(Date.now() - 600_000);
  for (const [hours, status] of [
    [-1, 'valid'],
    [6, 'untrusted'],
  ] as const) {
    const third = await makePgpKey({ created: new Date(Date.now() + hours * HOUR_MS) });
    assert.equal((await judged(good, await withThird(third, at))).status, status);
  }
});

/** As if a pinned key's packet were a test key's: the constructor takes what the reader of files would say. */
async function claiming(sha256s: readonly string[], trusted: 'marginal' | 'full' = 'full') {
  const files = pacmanKeyringFiles({ trusted: [], keys: [await certify(packager, masters)] });
  const blocks = splitKeyring(files[0]?.bytes ?? Buffer.of(), 'test.gpg');
  const pins = ARCH_MASTER_KEY_PINS.filter(({ sha256 }) => sha256 !== '').slice(0, 3);
  const claimed = pins.flatMap(({ fingerprint, sha256 }, n) =>
    sha256s.map((said) => ({
      fingerprint,
      keyIds: [fingerprint.slice(-16)],
      sha256: said || sha256,
      bytes: masters[n]?.publicBytes ?? Buffer.of(),
    })),
  );
  return {
    blocks: [...blocks, ...claimed],
    trusted: new Map(pins.map(({ fingerprint }) => [fingerprint, trusted])),
    revoked: new Set<string>(),
    sources: [],
  };
}

test('a pinned master counts where every copy of its key has the pinned bytes', async () => {
  const good = await signature(packager.privateKey);
  const other = 'ab'.repeat(32);
  for (const [sha256s, status] of [
    [[''], 'valid'],
    [['', ''], 'valid'],
    [[other], 'untrusted'],
    [['', other], 'untrusted'],
    [[other, ''], 'untrusted'],
    [[], 'untrusted'],
  ] as const) {
    const keyring = new OpenPgpKeyring(await claiming(sha256s)).restrictTo(ARCH_MASTER_KEY_PINS);
    assert.equal((await judged(good, keyring)).status, status, JSON.stringify(sha256s));
  }
});

test('a pinned master is trusted marginally, whatever level the keyring gives it, and only where it lists it', async () => {
  const good = await signature(packager.privateKey);
  const parts = await claiming(['']);
  const [first] = parts.trusted.keys();
  assert.ok(first);
  const alone = new OpenPgpKeyring({ ...parts, trusted: new Map([[first, 'full']]) });
  assert.equal((await judged(good, alone)).status, 'valid');
  assert.equal((await judged(good, alone.restrictTo(ARCH_MASTER_KEY_PINS))).status, 'untrusted');
  const all = new OpenPgpKeyring(parts).restrictTo(ARCH_MASTER_KEY_PINS);
  assert.equal((await judged(good, all)).status, 'valid');
});

test('of a master whose packet is not pinned the fingerprint decides', async () => {
  const pin = ARCH_MASTER_KEY_PINS.find(({ sha256 }) => sha256 === '');
  assert.ok(pin);
  const { blocks, ...parts } = await claiming(['']);
  const block = { ...blocks[0], fingerprint: pin.fingerprint, sha256: 'ab'.repeat(32) };
  const keyring = new OpenPgpKeyring({
    ...parts,
    blocks: [block as KeyBlock],
    trusted: new Map([[pin.fingerprint, 'full']]),
  });
  assert.equal(keyring.restrictTo(ARCH_MASTER_KEY_PINS).isTrusted(pin.fingerprint), true);
});

test('keyrings together revoke what any of them revokes, and know the keys of all', async () => {
  const empty = await OpenPgpKeyring.fromFiles([]);
  const list = { name: 'other-revoked', bytes: Buffer.from(`${packager.fingerprint}\n`) };
  const revoking = await OpenPgpKeyring.fromFiles([list]);
  const good = await signature(packager.privateKey);
  for (const [parts, status] of [
    [[keyring, empty], 'valid'],
    [[empty, keyring], 'valid'],
    [[keyring, revoking], 'revoked-key'],
    [[revoking, keyring], 'revoked-key'],
  ] as const) {
    assert.equal((await judged(good, OpenPgpKeyring.union(parts))).status, status);
  }
});
