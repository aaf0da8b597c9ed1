import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { PrivateKey, SignaturePacket } from 'openpgp';
import { OpenPgpKeyring } from '../../src/trust/openpgp-keyring.ts';
import { verifyDetached } from '../../src/trust/verify-detached.ts';
import {
  certify,
  makePgpKey,
  makeTestWeb,
  type PgpKey,
  pacmanKeyringFiles,
  signDetached,
  signPacket,
} from '../fixtures/pgp.ts';

const openpgp = await import('openpgp');
const { enums } = openpgp;
const data = Buffer.from('bytes of a package');
const web = await makeTestWeb();
const { masters, packager } = web;

async function rsaKey(rsaBits: number, created: Date): Promise<PgpKey> {
  const made = await openpgp.generateKey({
    type: 'rsa',
    rsaBits,
    userIDs: [{ name: 'Old', email: 'old@example.org' }],
    date: created,
    subkeys: [],
    format: 'object',
    config: { minRSABits: 1024 },
  });
  const fingerprint = made.publicKey.getFingerprint().toUpperCase();
  return { privateKey: made.privateKey, fingerprint, publicBytes: made.publicKey.write() };
}

/** A signature packet with SHA-1, which openpgp.js's own functions no longer choose. */
async function sha1Packet(
  key: PrivateKey,
  type: number,
  options: { readonly content: object; readonly at: Date },
): Promise<SignaturePacket> {
  const packet = new openpgp.SignaturePacket();
  packet.signatureType = type;
  packet.publicKeyAlgorithm = key.keyPacket.algorithm as never;
  packet.hashAlgorithm = enums.hash.sha1;
  await signPacket(packet, key.keyPacket, options);
  return packet;
}

async function write(packet: SignaturePacket): Promise<Uint8Array> {
  const list = new openpgp.PacketList<never>();
  list.push(packet as never);
  return list.write();
}

const old = await rsaKey(2048, new Date(Date.UTC(2018, 0, 1)));
const document = { text: null, getBytes: () => data };

test('SHA-1 over an archive counts until 2019-01-19 and not after', async () => {
  const keyring = await OpenPgpKeyring.fromFiles(pacmanKeyringFiles({ trusted: [old] }));
  for (const [at, status] of [
    [new Date(Date.UTC(2018, 5, 1)), 'valid'],
    [new Date(Date.UTC(2019, 0, 20)), 'bad-signature'],
  ] as const) {
    const signature = await write(
      await sha1Packet(old.privateKey, enums.signature.binary, { content: document, at }),
    );
    const verdict = await verifyDetached(keyring, data, signature);
    assert.equal(verdict.status, status, verdict.message);
  }
});

test('a SHA-1 certification counts until 2019-01-19 and not after', async () => {
  const veteran = await makePgpKey({ created: new Date(Date.UTC(2018, 1, 1)) });
  const trusted = [...masters.slice(0, 2), old];
  for (const [at, status] of [
    [new Date(Date.UTC(2018, 5, 1)), 'valid'],
    [new Date(Date.UTC(2019, 0, 20)), 'untrusted'],
  ] as const) {
    const key = await openpgp.readKey({ binaryKey: await certify(veteran, masters.slice(0, 2)) });
    const user = key.users[0];
    assert.ok(user);
    const content = { userID: user.userID, key: key.keyPacket };
    user.otherCertifications.push(
      await sha1Packet(old.privateKey, enums.signature.certGeneric, { content, at }),
    );
    const keyring = await OpenPgpKeyring.fromFiles(pacmanKeyringFiles({ trusted, keys: [key.write()] }));
    const verdict = await verifyDetached(keyring, data, await signDetached(veteran, data));
    assert.equal(verdict.status, status, verdict.message);
  }
});

test('an RSA key of 1024 bits may not sign, whoever certifies it', async () => {
  const weak = await rsaKey(1024, new Date(Date.now() - 3_600_000));
  const { config } = openpgp;
  const before = config.minRSABits;
  config.minRSABits = 1024;
  const signature = await signDetached(weak, data).finally(() => {
    config.minRSABits = before;
  });
  const keys = [await certify(weak, masters)];
  const keyring = await OpenPgpKeyring.fromFiles(pacmanKeyringFiles({ trusted: masters, keys }));
  const verdict = await verifyDetached(keyring, data, signature);
  assert.equal(verdict.status, 'untrusted');
  assert.match(verdict.message, /RSA keys shorter than 2047 bits/);
});

async function twoNames(options: { readonly revokeSecond: boolean }) {
  const made = await openpgp.generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name: 'Plain' }, { name: 'Certified' }],
    date: new Date(Date.now() - 3_600_000),
    subkeys: [],
    format: 'object',
  });
  const at = new Date(Date.now() - 1_000_000);
  const key = made.publicKey;
  const user = key.users[1];
  assert.ok(user);
  const certified = await user.certify(
    masters.map((master) => master.privateKey),
    at,
    openpgp.config,
  );
  key.users[1] = options.revokeSecond
    ? await certified.revoke(
        made.privateKey.keyPacket as never,
        {},
        new Date(at.getTime() + 1000),
        openpgp.config,
      )
    : certified;
  const signer = { privateKey: made.privateKey, fingerprint: '', publicBytes: key.write() };
  const keyring = await OpenPgpKeyring.fromFiles(
    pacmanKeyringFiles({ trusted: masters, keys: [key.write()] }),
  );
  return verifyDetached(keyring, data, await signDetached(signer, data));
}

test('a certified user id counts until its owner revokes it', async () => {
  assert.equal((await twoNames({ revokeSecond: false })).status, 'valid');
  assert.equal((await twoNames({ revokeSecond: true })).status, 'untrusted');
});

test('a certification that its master revoked no longer counts', async () => {
  const key = await openpgp.readKey({ binaryKey: await certify(packager, masters) });
  const user = key.users[0];
  const master = masters[0]?.privateKey;
  assert.ok(user && master);
  const revocation = new openpgp.SignaturePacket();
  revocation.signatureType = enums.signature.certRevocation;
  revocation.publicKeyAlgorithm = master.keyPacket.algorithm as never;
  revocation.hashAlgorithm = enums.hash.sha256;
  await signPacket(revocation, master.keyPacket, {
    content: { userID: user.userID, key: key.keyPacket },
    at: new Date(Date.now() - 60_000),
  });
  user.revocationSignatures.push(revocation);
  const keyring = await OpenPgpKeyring.fromFiles(
    pacmanKeyringFiles({ trusted: masters, keys: [key.write()] }),
  );
  assert.equal((await verifyDetached(keyring, data, await signDetached(packager, data))).status, 'untrusted');
});

test('a long stream is not kept: its chunks are collected while it runs', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const keyring = await OpenPgpKeyring.fromFiles(web.files);
  const signature = await signDetached(packager, data);
  const chunks: WeakRef<Buffer>[] = [];
  let alive = Number.POSITIVE_INFINITY;
  const long = (async function* () {
    for (let index = 0; index < 100; index++) {
      const chunk = Buffer.from(new ArrayBuffer(64 * 1024));
      chunks.push(new WeakRef(chunk));
      yield chunk;
    }
    await setImmediate();
    collect();
    await setImmediate();
    collect();
    alive = chunks.filter((chunk) => chunk.deref() !== undefined).length;
  })();
  assert.equal((await verifyDetached(keyring, long, signature)).status, 'bad-signature');
  assert.ok(alive < 10, `${alive} of ${chunks.length} chunks are still held`);
});
