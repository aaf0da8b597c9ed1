import { type DecompressOptions, decompress } from '../../src/archive/decompress.ts';
import type { TarEntry } from '../../src/archive/tar-entry.ts';
import { type TarLimits, TarScanner } from '../../src/archive/tar-reader.ts';
import type { ArchiveSegment, Compression } from '../../src/model/archive.ts';

/** The bytes as a source in pieces of `pieceBytes`. */
export async function* pieces(bytes: Uint8Array, pieceBytes = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

export interface Unpacked {
  readonly bytes: Buffer;
  /** What each segment decompressed to, and its compressed bytes as onCompressed told them */
  readonly bySegment: readonly { readonly bytes: Buffer; readonly compressed: Buffer }[];
  readonly segments: readonly ArchiveSegment[];
}

export async function unpack(
  archive: Uint8Array,
  compression: Compression,
  options: DecompressOptions & { readonly pieceBytes?: number } = {},
): Promise<Unpacked> {
  const raw: Buffer[][] = [];
  const plain: Buffer[][] = [];
  const { chunks, segments } = decompress(pieces(archive, options.pieceBytes), compression, {
    ...options,
    onCompressed(segment, bytes) {
      raw[segment] ??= [];
      raw[segment].push(Buffer.from(bytes));
    },
  });
  for await (const { segment, bytes } of chunks) {
    plain[segment] ??= [];
    plain[segment].push(Buffer.from(bytes));
  }
  const bySegment = segments.map((_, index) => ({
    bytes: Buffer.concat(plain[index] ?? []),
    compressed: Buffer.concat(raw[index] ?? []),
  }));
  return { bytes: Buffer.concat(bySegment.map(({ bytes }) => bytes)), bySegment, segments };
}

/** Bytes that neither compress to nothing nor stay as they are; the same for the same seed. */
export function sampleBytes(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = seed;
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = (state >>> 16) & ((at >> 10) & 1 ? 0xff : 0x07);
  }
  return bytes;
}

export interface Scanned {
  readonly entries: readonly TarEntry[];
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly ended: readonly string[];
  readonly scanner: TarScanner;
}

/** Scans a tar handed over in pieces of `pieceBytes`. */
export function scan(tar: Buffer, limits: TarLimits & { readonly pieceBytes?: number } = {}): Scanned {
  const entries: TarEntry[] = [];
  const contents = new Map<string, Buffer>();
  const ended: string[] = [];
  const scanner = new TarScanner(
    {
      entry: (entry) => entries.push(entry),
      content: ({ path }, chunk) => {
        contents.set(path, Buffer.concat([contents.get(path) ?? Buffer.alloc(0), chunk]));
      },
      end: ({ path }) => ended.push(path),
    },
    limits,
  );
  const pieceBytes = limits.pieceBytes ?? tar.length;
  for (let at = 0; at < tar.length; at += pieceBytes) scanner.write(tar.subarray(at, at + pieceBytes));
  scanner.finish();
  return { entries, contents, ended, scanner };
}

/** Parts of a raw header block; what is not given is as GNU and POSIX tars have it. */
export interface RawHeader {
  readonly name?: string | Buffer;
  readonly mode?: string | Buffer;
  readonly uid?: string | Buffer;
  readonly size?: string | Buffer;
  readonly mtime?: string | Buffer;
  readonly flag?: string;
  readonly linkTarget?: string;
  readonly magic?: string;
  readonly prefix?: string;
  /** Instead of the right sum */
  readonly checksum?: string;
}

/** A header block written field by field, so that anything can be wrong with it. */
export function rawHeader(parts: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  const put = (value: string | Buffer, at: number) => Buffer.from(value as string, 'latin1').copy(block, at);
  put(parts.name ?? 'file', 0);
  put(parts.mode ?? '0000644\0', 100);
  put(parts.uid ?? '0000000\0', 108);
  put('0000000\0', 116);
  put(parts.size ?? '00000000000\0', 124);
  put(parts.mtime ?? '00000000000\0', 136);
  put(parts.flag ?? '0', 156);
  put(parts.linkTarget ?? '', 157);
  put(parts.magic ?? 'ustar\u000000', 257);
  put(parts.prefix ?? '', 345);
  put('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(parts.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** An extension block pair: header and body, padded. */
export function rawExtension(flag: string, body: string | Buffer): Buffer {
  const bytes = Buffer.from(body as string);
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
  const size = `${bytes.length.toString(8).padStart(11, '0')}\0`;
  return Buffer.concat([rawHeader({ name: 'extension', flag, size }), bytes, padding]);
}

/** `<length> <key>=<value>\n` */
export function rawRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
