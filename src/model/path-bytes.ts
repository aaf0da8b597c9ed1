/**
 * File names are bytes. Valid UTF-8 decodes as itself; any other byte b becomes the lone surrogate U+DC00+b
 * (Python's "surrogateescape", PEP 383), which encodes back to the same byte.
 */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes a file name without loss. */
export function decodePath(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeLossless(bytes);
  }
}

function decodeLossless(bytes: Uint8Array): string {
  let text = '';
  let offset = 0;
  while (offset < bytes.length) {
    const lead = bytes[offset] ?? 0;
    const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    const piece = bytes.subarray(offset, offset + length);
    try {
      if (length === 0 || piece.length < length) throw new TypeError('not UTF-8');
      text += strict.decode(piece);
      offset += length;
    } catch {
      text += String.fromCharCode(0xdc00 + lead);
      offset += 1;
    }
  }
  return text;
}

/** Encodes a file name: the inverse of decodePath. */
export function encodePath(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** Returns the same text without the longer one that it was cut from, which it would keep in memory. */
export function copied(path: string): string {
  return decodePath(encodePath(path));
}
