import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ARCH_MASTER_KEY_PINS } from '../../src/distros/arch/pins.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { OpenPgpKeyring } from '../../src/trust/openpgp-keyring.ts';
import { verifyDetached } from '../../src/trust/verify-detached.ts';
import {
  certify,
  makePgpKey,
  makeTestWeb,
  type PacmanKeyringSpec,
  type PgpKey,
  pacmanKeyringFiles,
  signDetached,
  writeTestKeyring,
} from '../fixtures/pgp.ts';
import { tempDir } from '../fixtures/temp.ts';

const data = Buffer.from('bytes of a package');
const web = await makeTestWeb();
const { masters, packager } = web;
const signature = await signDetached(packager, data);

const keyringOf = (spec: PacmanKeyringSpec) => OpenPgpKeyring.fromFiles(pacmanKeyringFiles(spec));

async function statusOf(spec: PacmanKeyringSpec, key: PgpKey = packager, now?: number) {
  const signed = await signDetached(key, data);
  return verifyDetached(await keyringOf(spec), data, signed, now === undefined ? {} : { now });
}

test('a packager whom three masters certify is valid, from a folder too', async (t) => {
  const directory = tempDir(t);
  const written = await writeTestKeyring(directory);
  const keyring = await OpenPgpKeyring.load(directory);
  const verdict = await verifyDetached(keyring, data, await signDetached(written.packager, data));
  assert.equal(verdict.status, 'valid');
  assert.equal(verdict.fingerprint, written.packager.fingerprint);
  assert.match(verdict.signer, /^Packager </);
  assert.match(verdict.message, /certified by Master 1 .*Master 2 .*Master 3/);
});

test('two masters are too few, one of full trust is enough, one thrice is one', async () => {
  const two = await certify(packager, masters.slice(0, 2));
  const verdict = await statusOf({ trusted: masters, keys: [two] });
  assert.equal(verdict.status, 'untrusted');
  assert.match(verdict.message, /expected 3 .* got Master 1 .*, Master 2 /);
  const one = await certify(packager, masters.slice(0, 1));
  assert.equal((await statusOf({ trusted: masters, keys: [one], level: 5 })).status, 'valid');
  const repeated = [one, one, await certify(packager, masters.slice(0, 1), new Date(Date.now() - 1_000_000))];
  assert.equal((await statusOf({ trusted: masters, keys: repeated })).status, 'untrusted');
  assert.equal((await statusOf({ trusted: masters, keys: [packager.publicBytes] })).status, 'untrusted');
});

test('certifications of copies of a key add up, as gpg --import merges them', async () => {
  const keys = await Promise.all(masters.map((master) => certify(packager, [master])));
  assert.equal((await statusOf({ trusted: masters, keys })).status, 'valid');
});

test('a trusted key itself is valid; a certified one introduces nobody', async () => {
  assert.equal((await statusOf({ trusted: masters }, masters[0])).status, 'valid');
  const friend = await makePgpKey();
  const byPackagers = await certify(friend, [packager]);
  const keys = [await certify(packager, masters), byPackagers];
  assert.equal((await statusOf({ trusted: masters, keys }, friend)).status, 'untrusted');
});

test('masters that are revoked, expired or disabled no longer count', async () => {
  const keys = [await certify(packager, masters)];
  const disabled = await statusOf({ trusted: masters, keys, revoked: [masters[0]?.fingerprint ?? ''] });
  assert.equal(disabled.status, 'untrusted');

  for (const odd of [await makePgpKey({ revoked: true }), await makePgpKey({ lifetimeSeconds: 1800 })]) {
    const trusted = [...masters.slice(0, 2), odd];
    const certified = [await certify(packager, trusted)];
    assert.equal((await statusOf({ trusted, keys: certified })).status, 'untrusted');
  }
});

test('an expired master counted while it held', async () => {
  const odd = await makePgpKey({ lifetimeSeconds: 1800 });
  const trusted = [...masters.slice(0, 2), odd];
  const spec = { trusted, keys: [await certify(packager, trusted)] };
  assert.equal((await statusOf(spec, packager, Date.now() - 2_400_000)).status, 'valid');
});

test('unknown, expired, revoked and listed-as-revoked keys are told apart', async () => {
  const unknown = await makePgpKey();
  const verdict = await statusOf({ trusted: masters }, unknown);
  assert.equal(verdict.status, 'unknown-key');
  assert.equal(verdict.fingerprint, unknown.fingerprint);
  assert.match(
    verdict.message,
    new RegExp(`${unknown.fingerprint}, which is not among the 3 keys of test\\.gpg`),
  );

  const expired = await makePgpKey({ expired: true });
  const expiredSpec = { trusted: masters, keys: [await certify(expired, masters)] };
  assert.equal((await statusOf(expiredSpec, expired)).status, 'expired-key');

  const revoked = await makePgpKey({ revoked: true });
  const revokedSpec = { trusted: masters, keys: [await certify(revoked, masters)] };
  assert.equal((await statusOf(revokedSpec, revoked)).status, 'revoked-key');

  const listed = {
    trusted: masters,
    keys: [await certify(packager, masters)],
    revoked: [packager.fingerprint],
  };
  assert.equal((await statusOf(listed)).status, 'revoked-key');
});

test('a revocation in a second copy of the key counts', async () => {
  const { revokeKey } = await import('openpgp');
  const key = await makePgpKey();
  const revoked = (await revokeKey({ key: key.privateKey, format: 'object' })).publicKey.write();
  const keys = [await certify(key, masters), revoked];
  assert.equal((await statusOf({ trusted: masters, keys }, key)).status, 'revoked-key');
});

test('a bad signature is bad whatever the key, and before its trust', async () => {
  const keyring = await OpenPgpKeyring.fromFiles(web.files);
  const changed = Buffer.from(data);
  changed[0] = 0;
  assert.equal((await verifyDetached(keyring, changed, signature)).status, 'bad-signature');
  const expired = await makePgpKey({ expired: true });
  const spec = await keyringOf({ trusted: masters, keys: [expired.publicBytes] });
  assert.equal(
    (await verifyDetached(spec, changed, await signDetached(expired, data))).status,
    'bad-signature',
  );
});

test('a signing subkey signs; one grafted onto a trusted key does not', async () => {
  const owner = await makePgpKey({ signingSubkey: true });
  const spec = { trusted: masters, keys: [await certify(owner, masters)] };
  const verdict = await statusOf(spec, owner);
  assert.equal(verdict.status, 'valid');
  assert.equal(verdict.fingerprint, owner.fingerprint);

  const { PacketList, PublicSubkeyPacket, readKey } = await import('openpgp');
  const attacker = await makePgpKey({ signingSubkey: true });
  const victim = await readKey({ binaryKey: await certify(packager, masters) });
  const attackerKey = await readKey({ binaryKey: attacker.publicBytes });
  const grafted = new PacketList<never>();
  for (const packet of victim.toPacketList()) grafted.push(packet as never);
  const packets = [...attackerKey.toPacketList()];
  const from = packets.findIndex((packet) => packet instanceof PublicSubkeyPacket);
  assert.ok(from > 0);
  for (const packet of packets.slice(from)) grafted.push(packet as never);
  const forged = await statusOf({ trusted: masters, keys: [grafted.write()] }, attacker);
  assert.equal(forged.status, 'untrusted');
  assert.match(forged.message, /self-signatures are invalid/);
});

test('certifications copied from another key’s user id count for nothing', async () => {
  const { PacketList, readKey } = await import('openpgp');
  const userId = { name: 'Same', email: 'same@example.org' };
  const victim = await readKey({ binaryKey: await certify(await makePgpKey({ userId }), masters) });
  const attacker = await makePgpKey({ userId });
  const stolen = new PacketList<never>();
  for (const packet of (await readKey({ binaryKey: attacker.publicBytes })).toPacketList()) {
    stolen.push(packet as never);
  }
  for (const certification of victim.users[0]?.otherCertifications ?? []) stolen.push(certification as never);
  assert.equal(victim.users[0]?.otherCertifications.length, 3);
  assert.equal((await statusOf({ trusted: masters, keys: [stolen.write()] }, attacker)).status, 'untrusted');
});

test('a second signature must hold too', async () => {
  const keyring = await OpenPgpKeyring.fromFiles(web.files);
  const byMaster = await signDetached(masters[0] as PgpKey, data);
  assert.equal((await verifyDetached(keyring, data, Buffer.concat([signature, byMaster]))).status, 'valid');
  const bad = await signDetached(masters[0] as PgpKey, Buffer.from('other'));
  assert.equal(
    (await verifyDetached(keyring, data, Buffer.concat([signature, bad]))).status,
    'bad-signature',
  );
  const stranger = await signDetached(await makePgpKey(), data);
  assert.equal(
    (await verifyDetached(keyring, data, Buffer.concat([signature, stranger]))).status,
    'unknown-key',
  );
  const many = Buffer.concat(Array.from({ length: 9 }, () => signature));
  assert.equal((await verifyDetached(keyring, data, many)).status, 'bad-signature');
});

test('no signature is unsigned; bytes that are none, or cut, are bad', async () => {
  const keyring = await OpenPgpKeyring.fromFiles(web.files);
  assert.equal((await verifyDetached(keyring, data, new Uint8Array(0))).status, 'unsigned');
  const odd = [
    Buffer.from('<html>404</html>'),
    Buffer.alloc(70_000, 0x88),
    packager.publicBytes,
    Buffer.of(0x88),
  ];
  for (let length = 1; length < signature.length; length += 7) odd.push(signature.subarray(0, length));
  for (const bytes of odd) {
    const verdict = await verifyDetached(keyring, data, bytes);
    assert.equal(verdict.status, 'bad-signature', Buffer.from(bytes.subarray(0, 8)).toString('hex'));
  }
});

test('armored signatures are read, expired and far-future ones refused', async () => {
  const { createMessage, readSignature, sign } = await import('openpgp');
  const keyring = await OpenPgpKeyring.fromFiles(web.files);
  const armored = (await readSignature({ binarySignature: signature })).armor();
  assert.equal((await verifyDetached(keyring, data, Buffer.from(armored))).status, 'valid');
  const future = await signDetached(packager, data, { at: new Date(Date.now() + 48 * 3_600_000) });
  const verdict = await verifyDetached(keyring, data, future);
  assert.equal(verdict.status, 'bad-signature');
  assert.match(verdict.message, /check the clock/);
  const text = await sign({
    message: await createMessage({ text: data.toString() }),
    signingKeys: packager.privateKey,
    detached: true,
    format: 'binary',
    date: new Date(Date.now() - 60_000),
  });
  assert.match(
    (await verifyDetached(keyring, data, text as Uint8Array)).message,
    /binary document|did not match/,
  );
});

test('data is read to its end whatever the verdict, and its own error is thrown on', async () => {
  const keyring = await OpenPgpKeyring.fromFiles(web.files);
  const stranger = await signDetached(await makePgpKey(), data);
  for (const bytes of [signature, stranger, Buffer.from('junk'), Buffer.alloc(0)]) {
    let ended = false;
    const chunks = (async function* () {
      for (let at = 0; at < data.length; at += 3) yield data.subarray(at, at + 3);
      ended = true;
    })();
    await verifyDetached(keyring, chunks, bytes);
    assert.ok(ended);
    const failing = (async function* () {
      yield data;
      throw new RangeError('disk');
    })();
    await assert.rejects(verifyDetached(keyring, failing, bytes), RangeError);
  }
});

test('pinned masters alone introduce once restricted, whatever the keyring’s own list says', async () => {
  const keyring = (await OpenPgpKeyring.fromFiles(web.files)).restrictTo(ARCH_MASTER_KEY_PINS);
  const verdict = await verifyDetached(keyring, data, signature);
  assert.equal(verdict.status, 'untrusted');
  assert.equal(
    (await verifyDetached(keyring, data, await signDetached(masters[0] as PgpKey, data))).status,
    'untrusted',
  );
  const pin = ARCH_MASTER_KEY_PINS[0];
  const claimed = [...web.files, { name: 'x-trusted', bytes: Buffer.from(`${pin?.fingerprint}:6:\n`) }];
  const pinned = (await OpenPgpKeyring.fromFiles(claimed)).restrictTo(ARCH_MASTER_KEY_PINS);
  assert.equal(pinned.isTrusted(pin?.fingerprint ?? ''), false, 'its key is not in the keyring');
});

test('list files: comments and blank lines pass, anything else is refused by name', async () => {
  const [gpg, trusted] = web.files;
  assert.ok(gpg && trusted);
  const commented = { ...trusted, bytes: Buffer.concat([Buffer.from('# main keys\n\n'), trusted.bytes]) };
  const keyring = await OpenPgpKeyring.fromFiles([
    gpg,
    commented,
    { name: 'README', bytes: Buffer.from('x') },
  ]);
  assert.equal((await verifyDetached(keyring, data, signature)).status, 'valid');
  for (const text of ['DEADBEEF:4:', `${'Z'.repeat(40)}:4:`, '<html>']) {
    await assert.rejects(
      OpenPgpKeyring.fromFiles([gpg, { name: 'k/odd-trusted', bytes: Buffer.from(text) }]),
      (error) => isAppError(error, 'UNTRUSTED_KEY') && error.message.startsWith('k/odd-trusted'),
    );
  }
  const never = { ...trusted, bytes: Buffer.from(trusted.bytes.toString().replaceAll(':4:', ':3:')) };
  assert.equal(
    (await verifyDetached(await OpenPgpKeyring.fromFiles([gpg, never]), data, signature)).status,
    'untrusted',
  );
});

test('a folder without a keyring is refused', async (t) => {
  const directory = tempDir(t);
  await assert.rejects(OpenPgpKeyring.load(directory), (error) => isAppError(error, 'NOT_FOUND'));
  await assert.rejects(OpenPgpKeyring.load(`${directory}/absent`), (error) => isAppError(error, 'NOT_FOUND'));
});
