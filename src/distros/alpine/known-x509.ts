import { createHash } from 'node:crypto';
import { undecided } from '../shared/shell/undecided.ts';

/** ASN.1 tags (X.690). */
const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const PRINTABLE_STRING = 0x13;
const T61_STRING = 0x14;
const IA5_STRING = 0x16;
const VERSION = 0xa0;
/** Tags of strings whose bytes, if ASCII, are also UTF-8. */
const ASCII_STRINGS = new Set([PRINTABLE_STRING, T61_STRING, IA5_STRING]);

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** The whole element, with tag and length */
  readonly whole: Uint8Array;
}

/** Returns the DER bytes of a PEM file with one certificate. @throws Undecided for any other file */
export function certificateOf(text: string): Uint8Array {
  const [, base64] =
    /^(?:#[^\n]*\n|\n)*-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE-----\n?$/.exec(
      text,
    ) ?? undecided('a certificate of another form');
  return Buffer.from(base64 ?? '', 'base64');
}

/**
 * Returns the hash that names a certificate in a directory of OpenSSL (X509_NAME_hash), as 8 hex digits: the first four bytes,
 * least significant first, of the SHA-1 of the subject's sets, with strings as UTF-8 in lower case and with single blanks.
 * @param certificate DER
 * @throws Undecided
 */
export function subjectHash(certificate: Uint8Array): string {
  const sets = elements(subjectOf(certificate)).map(({ tag, content }) => {
    const [attribute, ...others] = elements(content);
    // The canonical order of a set with several attributes may be different.
    if (tag !== SET || attribute?.tag !== SEQUENCE || others.length > 0)
      undecided('a subject of unknown form');
    const [type, value, ...rest] = elements(attribute.content);
    if (type?.tag !== OBJECT_IDENTIFIER || value === undefined || rest.length > 0)
      return undecided('an attribute of unknown form');
    return encode(SET, encode(SEQUENCE, Buffer.concat([type.whole, canonical(value)])));
  });
  const hash = createHash('sha1').update(Buffer.concat(sets)).digest();
  return hash.readUInt32LE(0).toString(16).padStart(8, '0');
}

function subjectOf(certificate: Uint8Array): Uint8Array {
  const [whole] = elements(certificate);
  const [signed] = elements(whole?.content ?? new Uint8Array());
  const fields = elements(signed?.content ?? new Uint8Array());
  // serialNumber, signature, issuer, validity, subject (RFC 5280, 4.1)
  const subject = fields[fields[0]?.tag === VERSION ? 5 : 4];
  return subject?.tag === SEQUENCE ? subject.content : undecided('no certificate');
}

function canonical({ tag, content }: Element): Uint8Array {
  if (tag !== UTF8_STRING && !ASCII_STRINGS.has(tag)) undecided('a string of unknown kind');
  if (tag !== UTF8_STRING && content.some((byte) => byte > 0x7f)) undecided('a string that is not ASCII');
  const text = Buffer.from(content)
    .toString('latin1')
    .replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '')
    .replaceAll(/[ \t\n\v\f\r]+/g, ' ')
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  return encode(UTF8_STRING, Buffer.from(text, 'latin1'));
}

function elements(bytes: Uint8Array): readonly Element[] {
  const found: Element[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const tag = bytes[offset] ?? 0;
    const first = bytes[offset + 1] ?? undecided('truncated DER');
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || lengthBytes > 3 || (tag & 0x1f) === 0x1f) undecided('DER of unknown form');
    let length = lengthBytes === 0 ? first : 0;
    for (let i = 0; i < lengthBytes; i++)
      length = length * 256 + (bytes[offset + 2 + i] ?? undecided('truncated DER'));
    const start = offset + 2 + lengthBytes;
    const end = start + length;
    if (end > bytes.length) undecided('truncated DER');
    found.push({ tag, content: bytes.subarray(start, end), whole: bytes.subarray(offset, end) });
    offset = end;
  }
  return found;
}

function encode(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return length < 0x1_0000
    ? Buffer.concat([Buffer.from([tag, ...head]), content])
    : undecided('a name too long');
}
