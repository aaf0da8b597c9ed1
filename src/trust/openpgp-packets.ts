import { createHash } from 'node:crypto';
import { AppError } from '../model/app-error.ts';

/** Arch's whole keyring is 2 MiB; a file beyond this is not a keyring. */
export const MAX_KEYRING_BYTES = 64 * 1024 * 1024;
/** Arch's keyring has 10^5 packets at most; a million one-byte packets would only take time. */
const MAX_PACKETS = 1_000_000;
/** The largest RSA key packet in use (16384 bits) is 2 KiB; post-quantum ones are below 8 KiB. */
const MAX_KEY_PACKET_BYTES = 64 * 1024;

const TAG_SIGNATURE = 2;
const TAG_PUBLIC_KEY = 6;
const TAG_MARKER = 10;
const TAG_TRUST = 12;
const TAG_PUBLIC_SUBKEY = 14;
const TAG_PADDING = 21;

/** Byte range of one transferable public key in a keyring (RFC 9580 section 10.1), with the ids of its keys. */
export interface KeyBlock {
  /** Upper-case hex fingerprint of the primary key */
  readonly fingerprint: string;
  /** Upper-case hex key ids of the primary key and its subkeys, 16 digits each */
  readonly keyIds: readonly string[];
  /** Lower-case hex SHA-256 of the primary key packet's body */
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

interface Packet {
  readonly tag: number;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
}

/**
 * Reads the header of a packet, in old or new format (RFC 9580 section 4.2). Streams of unknown length do not occur in keyrings.
 */
function readPacket(bytes: Uint8Array, start: number, refuse: (reason: string) => never): Packet {
  const at = (index: number): number =>
    bytes[index] ?? refuse(`ends inside a packet header at byte ${start}`);
  const lead = at(start);
  if ((lead & 0x80) === 0) refuse(`no packet header at byte ${start}`);
  let tag: number;
  let bodyStart: number;
  let length: number;
  if ((lead & 0x40) !== 0) {
    tag = lead & 0x3f;
    const first = at(start + 1);
    if (first < 192) {
      [bodyStart, length] = [start + 2, first];
    } else if (first < 224) {
      [bodyStart, length] = [start + 3, ((first - 192) << 8) + at(start + 2) + 192];
    } else if (first === 255) {
      at(start + 5);
      [bodyStart, length] = [
        start + 6,
        Buffer.from(bytes.buffer, bytes.byteOffset + start + 2, 4).readUInt32BE(),
      ];
    } else {
      return refuse(`partial body length at byte ${start}`);
    }
  } else {
    tag = (lead >> 2) & 0x0f;
    const lengthType = lead & 3;
    if (lengthType === 3) return refuse(`indeterminate length at byte ${start}`);
    const lengthBytes = 1 << lengthType;
    at(start + lengthBytes);
    bodyStart = start + 1 + lengthBytes;
    length = Buffer.from(bytes.buffer, bytes.byteOffset + start + 1, lengthBytes).readUIntBE(0, lengthBytes);
  }
  const end = bodyStart + length;
  if (end > bytes.length) refuse(`ends inside a packet that starts at byte ${start}`);
  return { tag, start, bodyStart, end };
}

/**
 * Computes fingerprint and key id (RFC 9580 section 5.5.4); undefined for versions that GnuPG no longer certifies (2, 3) or never
 * made (5).
 */
function identify(body: Uint8Array): { fingerprint: string; keyId: string } | undefined {
  const head = Buffer.alloc(body[0] === 6 ? 5 : 3);
  if (body[0] === 4) {
    head[0] = 0x99;
    head.writeUInt16BE(body.length & 0xffff, 1);
    const fingerprint = createHash('sha1').update(head).update(body).digest('hex').toUpperCase();
    return { fingerprint, keyId: fingerprint.slice(-16) };
  }
  if (body[0] === 6) {
    head[0] = 0x9b;
    head.writeUInt32BE(body.length, 1);
    const fingerprint = createHash('sha256').update(head).update(body).digest('hex').toUpperCase();
    return { fingerprint, keyId: fingerprint.slice(0, 16) };
  }
  return undefined;
}

/** Decodes a binary or ASCII-armored (RFC 9580 section 6.2) keyring; several armored blocks are joined. */
function dearmor(bytes: Uint8Array, refuse: (reason: string) => never): Uint8Array {
  if (((bytes[0] ?? 0x80) & 0x80) !== 0) return bytes;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const blocks: Buffer[] = [];
  const pattern =
    /^-----BEGIN PGP PUBLIC KEY BLOCK-----[ \t]*\r?\n(?:[^\r\n]+: [^\r\n]*\r?\n)*[ \t]*\r?\n([A-Za-z0-9+/\s]*={0,2}\s*)(?:^=[A-Za-z0-9+/]{4}\s*)?^-----END PGP PUBLIC KEY BLOCK-----/gm;
  for (const match of text.matchAll(pattern)) blocks.push(Buffer.from(match[1] ?? '', 'base64'));
  const begun = text.match(/^-----BEGIN PGP /gm)?.length ?? 0;
  if (begun === 0) return refuse('neither OpenPGP packets nor an armored public key block');
  if (begun !== blocks.length) return refuse('an armored block is truncated or not a public key');
  return Buffer.concat(blocks);
}

/**
 * Splits a keyring into its keys without parsing them: Arch's has about 150 keys with 10,000 signatures, of which an image needs
 * a few. Keys of unknown versions are left out.
 * @param where names the keyring in errors
 * @throws AppError UNTRUSTED_KEY if it is not a keyring, is truncated or exceeds a limit
 */
export function splitKeyring(keyring: Uint8Array, where: string): KeyBlock[] {
  const refuse = (reason: string): never => {
    throw new AppError('UNTRUSTED_KEY', `${where}: not an OpenPGP keyring: ${reason}`, {
      hint: 'Pass a folder with an intact keyring with --keyring DIR.',
      details: { where, reason },
    });
  };
  if (keyring.length > MAX_KEYRING_BYTES) {
    refuse(`expected at most ${MAX_KEYRING_BYTES} bytes, got ${keyring.length}`);
  }
  const bytes = dearmor(keyring, refuse);
  const blocks: KeyBlock[] = [];
  let open:
    | { start: number; primary: ReturnType<typeof identify>; keyIds: string[]; sha256: string }
    | undefined;
  const close = (end: number): void => {
    if (open?.primary === undefined) return;
    const { primary, keyIds, sha256, start } = open;
    blocks.push({ fingerprint: primary.fingerprint, keyIds, sha256, bytes: bytes.subarray(start, end) });
  };
  let count = 0;
  for (let offset = 0; offset < bytes.length; ) {
    if (++count > MAX_PACKETS) refuse(`more than ${MAX_PACKETS} packets`);
    const packet = readPacket(bytes, offset, refuse);
    const isKey = packet.tag === TAG_PUBLIC_KEY || packet.tag === TAG_PUBLIC_SUBKEY;
    if (isKey) {
      const body = bytes.subarray(packet.bodyStart, packet.end);
      if (body.length > MAX_KEY_PACKET_BYTES) refuse(`key packet of ${body.length} bytes at byte ${offset}`);
      const identity = identify(body);
      if (packet.tag === TAG_PUBLIC_KEY) {
        close(offset);
        const sha256 = createHash('sha256').update(body).digest('hex');
        open = { start: offset, primary: identity, keyIds: [], sha256 };
      }
      if (identity !== undefined) open?.keyIds.push(identity.keyId);
    }
    if (open === undefined && ![TAG_MARKER, TAG_PADDING, TAG_TRUST].includes(packet.tag)) {
      refuse(
        `packet ${packet.tag} before the first key${packet.tag === TAG_SIGNATURE ? ' (a signature?)' : ''}`,
      );
    }
    offset = packet.end;
  }
  close(bytes.length);
  return blocks;
}
