import { inflateRawSync } from 'node:zlib';

/** Raw gzip members of an apk or index, split independently of the product's own splitter. */
export function splitGzip(bytes: Buffer): { raw: Buffer; content: Buffer }[] {
  const members: { raw: Buffer; content: Buffer }[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const flags = bytes[offset + 3] ?? 0;
    let start = offset + 10;
    if (flags & 4) start += 2 + bytes.readUInt16LE(start);
    if (flags & 8) start = bytes.indexOf(0, start) + 1;
    if (flags & 16) start = bytes.indexOf(0, start) + 1;
    if (flags & 2) start += 2;
    const { buffer, engine } = inflateRawSync(bytes.subarray(start), { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    const end = start + engine.bytesWritten + 8;
    members.push({ raw: bytes.subarray(offset, end), content: buffer });
    offset = end;
  }
  return members;
}

/** Name and content of the one file in a signature member. */
export function signatureOf(tar: Buffer): { member: string; bytes: Buffer } {
  const member = tar.toString('latin1', 0, 100).replace(/\0.*/s, '');
  const size = Number.parseInt(tar.toString('latin1', 124, 136), 8);
  return { member, bytes: tar.subarray(512, 512 + size) };
}
