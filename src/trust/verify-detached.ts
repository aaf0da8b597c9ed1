import type { AnyKeyPacket, Key, PublicKeyPacket, SignaturePacket, Subkey } from 'openpgp';
import type { OpenPgpKeyring } from './openpgp-keyring.ts';
import { checkSignatures, type PendingSignature } from './openpgp-stream.ts';
import { type OpenPgpVerdict, UNSIGNED } from './openpgp-verdict.ts';
import { certificationOf, gnupgConfig, isWeak, primaryKeyState, userIdOf } from './web-of-trust.ts';

/** Arch's signatures are 119 to 566 bytes; an armored one with three signatures is below 8 KiB. */
const MAX_SIGNATURE_BYTES = 64 * 1024;
/** Each signature costs a pass of hashing; Arch has one. */
const MAX_SIGNATURES = 8;
/** Signatures from the future are accepted within the error of a clock that is set to the wrong time zone. */
const CLOCK_SKEW_MS = 24 * 3600 * 1000;

interface Located {
  readonly key: Key;
  /** The primary key or subkey that made the signature */
  readonly signer: Key | Subkey;
  readonly fingerprint: string;
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

const badSignature = (message: string): OpenPgpVerdict => ({ ...UNSIGNED, status: 'bad-signature', message });

async function readSignatures(bytes: Uint8Array): Promise<readonly SignaturePacket[] | string> {
  if (bytes.length > MAX_SIGNATURE_BYTES) {
    return `its signature has ${bytes.length} bytes: expected at most ${MAX_SIGNATURE_BYTES}`;
  }
  const { readSignature, SignaturePacket: packetClass } = await import('openpgp');
  try {
    const armored = ((bytes[0] ?? 0) & 0x80) === 0;
    const read = armored
      ? await readSignature({ armoredSignature: Buffer.from(bytes).toString('latin1') })
      : await readSignature({ binarySignature: bytes });
    const packets = [...read.packets];
    const known = packets.filter((packet) => packet instanceof packetClass);
    if (known.length === 0 || known.length !== packets.length) {
      return 'its signature has a version or algorithm that OpenPGP no longer supports, or is truncated';
    }
    if (known.length > MAX_SIGNATURES)
      return `it has ${known.length} signatures: expected at most ${MAX_SIGNATURES}`;
    return known;
  } catch (error) {
    return `its signature is not an OpenPGP signature: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function issuerFingerprint(signature: SignaturePacket): string {
  return signature.issuerFingerprint === null || signature.issuerFingerprint === undefined
    ? ''
    : Buffer.from(signature.issuerFingerprint).toString('hex').toUpperCase();
}

async function locate(keyring: OpenPgpKeyring, signature: SignaturePacket): Promise<Located | undefined> {
  const named = issuerFingerprint(signature);
  for (const fingerprint of keyring.findByKeyId(signature.issuerKeyID.toHex().toUpperCase())) {
    const key = await keyring.key(fingerprint);
    const signer = key
      ?.getKeys(signature.issuerKeyID)
      .find((candidate) => named === '' || candidate.getFingerprint().toUpperCase() === named);
    if (key !== undefined && signer !== undefined) return { key, signer, fingerprint };
  }
  return undefined;
}

/** Returns why the signature packet itself is not good at `now`. */
async function packetFault(signature: SignaturePacket, now: Date): Promise<string | undefined> {
  const { enums } = await import('openpgp');
  if (signature.signatureType !== enums.signature.binary) {
    return `the signature is of type ${signature.signatureType}: expected one over a binary document (0)`;
  }
  if (await isWeak(signature))
    return 'it uses SHA-1, which is accepted only in signatures made before 2019-01-19';
  const expires = signature.getExpirationTime();
  if (expires instanceof Date && expires <= now) return `the signature expired on ${day(expires)}`;
  if (signature.created !== null && signature.created.getTime() > now.getTime() + CLOCK_SKEW_MS) {
    return `the signature was made on ${day(signature.created)}, which is after today, ${day(now)}: check the clock`;
  }
  return undefined;
}

type KeyVerdict = Pick<OpenPgpVerdict, 'status' | 'message'>;

const named = ({ key, fingerprint }: Located): string =>
  `${userIdOf(key) || 'a key without a name'}, key ${fingerprint}`;

/** Returns until when primary key and signer are both valid; undefined if the key's own signatures do not confirm it. */
async function expiryOf({ key, signer }: Located, now: Date): Promise<number | undefined> {
  const primary = await key.getExpirationTime();
  const own = signer === key ? primary : await signer.getExpirationTime(now);
  if (primary === null || own === null || primary === undefined || own === undefined) return undefined;
  return Math.min(Number(primary), Number(own));
}

/** openpgp.js's types ask for one binding signature; without one, a revocation of the subkey as such is looked for. */
function isSubkeyRevoked(subkey: Subkey, now: Date): Promise<boolean> {
  return subkey.isRevoked(
    null as unknown as SignaturePacket,
    subkey.mainKey.keyPacket as PublicKeyPacket,
    now,
  );
}

async function judgeKey(located: Located, keyring: OpenPgpKeyring, now: Date): Promise<KeyVerdict> {
  const { key, signer, fingerprint } = located;
  const who = named(located);
  const isSubkey = signer !== key;
  if (keyring.isDisabled(fingerprint)) {
    return {
      status: 'revoked-key',
      message: `signed by ${who}, which is in the keyring's list of revoked keys`,
    };
  }
  if ((await primaryKeyState(key, now)) === 'revoked') {
    return { status: 'revoked-key', message: `signed by ${who}, which its owner revoked` };
  }
  if (isSubkey && (await isSubkeyRevoked(signer as Subkey, now))) {
    const subkey = signer.getFingerprint().toUpperCase();
    return { status: 'revoked-key', message: `signed by ${who}, whose subkey ${subkey} the owner revoked` };
  }
  const expires = await expiryOf(located, now);
  if (expires === undefined) {
    return { status: 'untrusted', message: `signed by ${who}, whose self-signatures are invalid` };
  }
  const expired = expires <= now.getTime();
  const refused = await signingFault(located, expired ? new Date(expires - 1000) : now);
  if (refused !== undefined) {
    return { status: 'untrusted', message: `signed by ${who}, which cannot be used for signing: ${refused}` };
  }
  if (expired) {
    return { status: 'expired-key', message: `signed by ${who}, which expired on ${day(new Date(expires))}` };
  }
  if (keyring.isTrusted(fingerprint))
    return { status: 'valid', message: `signed by ${who}, a trusted key itself` };
  const introducers = await keyring.introducers();
  const certified = await certificationOf(key, introducers, now);
  const by = certified.by.length === 0 ? 'none' : certified.by.join(', ');
  if (certified.valid) return { status: 'valid', message: `signed by ${who}, certified by ${by}` };
  const masters = `${introducers.length} trusted ${introducers.length === 1 ? 'key' : 'keys'}`;
  return {
    status: 'untrusted',
    message: `signed by ${who}, which is not certified by enough of the ${masters} of the keyring: expected 3 (or one with full trust), got ${by}`,
  };
}

/**
 * Returns why a signature by this key does not count; undefined if it does. The key must be strong enough and meant for signing,
 * a subkey bound in both directions, at a time when it had not expired.
 */
async function signingFault({ key, signer }: Located, at: Date): Promise<string | undefined> {
  try {
    await key.getSigningKey(signer.getKeyID(), at, undefined, await gnupgConfig());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function drain(data: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
  if (data instanceof Uint8Array) return;
  for await (const _ of data);
}

/** Options of a verification. */
export interface VerifyOptions {
  /** Time at which keys and signatures are judged, in milliseconds since the epoch; default: the clock */
  readonly now?: number;
}

/**
 * Checks a detached signature (binary or armored) over data, which is read once, to its end, in constant memory. The checks are,
 * in order: the bytes, revocation, expiry, permission to sign, web of trust. If there are several signatures, all have to be
 * good, as libalpm requires; the verdict is that of the first that is not. An empty signature gives `unsigned`.
 * @throws whatever reading the data throws
 */
export async function verifyDetached(
  keyring: OpenPgpKeyring,
  data: AsyncIterable<Uint8Array> | Uint8Array,
  signature: Uint8Array,
  options: VerifyOptions = {},
): Promise<OpenPgpVerdict> {
  const now = new Date(options.now ?? Date.now());
  const signatures = signature.length === 0 ? [] : await readSignatures(signature);
  if (typeof signatures === 'string' || signatures.length === 0) {
    await drain(data);
    return typeof signatures === 'string' ? badSignature(signatures) : UNSIGNED;
  }
  const located = await Promise.all(signatures.map((packet) => locate(keyring, packet)));
  const pending: PendingSignature[] = [];
  for (const [index, found] of located.entries()) {
    const packet = signatures[index];
    if (found !== undefined && packet !== undefined) {
      pending.push({ signature: packet, key: found.signer.keyPacket as AnyKeyPacket });
    }
  }
  const faults = await checkSignatures(pending, data);
  let first: OpenPgpVerdict | undefined;
  for (const [index, packet] of signatures.entries()) {
    const found = located[index];
    const fault = found === undefined ? undefined : (faults.shift() ?? (await packetFault(packet, now)));
    const verdict = await verdictOf(packet, found, { keyring, now, fault });
    if (verdict.status !== 'valid') return verdict;
    first ??= verdict;
  }
  return first ?? UNSIGNED;
}

async function verdictOf(
  packet: SignaturePacket,
  found: Located | undefined,
  context: { readonly keyring: OpenPgpKeyring; readonly now: Date; readonly fault: string | undefined },
): Promise<OpenPgpVerdict> {
  const { keyring, now, fault } = context;
  if (found === undefined) {
    const fingerprint = issuerFingerprint(packet) || packet.issuerKeyID.toHex().toUpperCase();
    const message = `signed by key ${fingerprint}, which is not among the ${keyring.describe()}`;
    return { status: 'unknown-key', fingerprint, signer: '', message };
  }
  const identity = { fingerprint: found.fingerprint, signer: userIdOf(found.key) };
  if (fault !== undefined) {
    return {
      ...identity,
      status: 'bad-signature',
      message: `the signature by ${named(found)} is invalid: ${fault}`,
    };
  }
  return { ...identity, ...(await judgeKey(found, keyring, now)) };
}
