import { createHash, type Hash, hash } from 'node:crypto';
import { decompress } from '../archive/decompress.ts';
import { TarScanner } from '../archive/tar-reader.ts';
import { AppError, type ErrorCode, isAppError } from '../model/app-error.ts';
import type { ArchiveSegment, Compression } from '../model/archive.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type DiffId, type Digest, EMPTY_SHA256 } from '../model/digest.ts';
import { type FileEntries, FileEntriesPacker } from '../model/file-entries.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { limitYoungGeneration, MANY_FILES } from '../model/young-generation.ts';
import type { ImageSource } from './image-source.ts';
import { located } from './layout-reader.ts';

/** A layer whose bytes match its descriptor. */
export interface VerifiedLayer {
  readonly digest: Digest;
  readonly diffId: DiffId;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly uncompressedSizeBytes: number;
  /** Tar entries, whiteouts included */
  readonly entries: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Larger than any real layer; ends decompression bombs. Only the file list of a layer is held in memory. */
const MAX_LAYER_BYTES = 64 * 1024 ** 3;
const COMPRESSIONS: Readonly<Record<string, Compression>> = {
  [MEDIA_TYPES.layerTar]: 'none',
  [MEDIA_TYPES.layerGzip]: 'gzip',
  [MEDIA_TYPES.layerZstd]: 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
};

/** Codes of errors that a damaged blob may cause while it is read. */
const FAULTS_OF_BYTES = new Set<ErrorCode>(['BAD_ARCHIVE', 'UNSUPPORTED', 'LIMIT']);
/** Limit for a layer's files that are kept whole: file lists of packages, a database. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** Options of reading a layer. */
export interface ReadLayerOptions {
  /** Index of the layer in the image, from 0 */
  readonly index: number;
  advance(bytes: number): void;
  /** Tells whether a file's content is kept as well; contents beyond 64 MiB in all are left out. */
  keep?(path: string): boolean;
}

/** Bytes of a blob that no entry of its tar shows. */
export interface CarriedBytes {
  /** `gzip header fields`, `a skippable zstd frame`, `a gzip member that holds nothing` */
  readonly what: string;
  /** Byte offset in the blob */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A layer that was read, with its files and the bytes that no file shows. */
export interface ReadLayer {
  readonly layer: VerifiedLayer;
  readonly entries: FileEntries;
  /** Contents of the files that `keep` selects; if a path occurs several times, the last one */
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly carried: readonly CarriedBytes[];
  /** Offset in the tar of the first bytes between entries that are not zero; -1 if there are none */
  readonly hiddenBytesAt: number;
}

/**
 * Reads a layer's blob in a single pass: digest, size, diffID and file list.
 * @throws AppError INTEGRITY, BAD_ARCHIVE, UNSUPPORTED, LIMIT
 */
export async function readLayer(
  source: Pick<ImageSource, 'blob'>,
  descriptor: Descriptor,
  options: ReadLayerOptions,
): Promise<ReadLayer> {
  const { digest, size, mediaType, annotations = {} } = descriptor;
  const where = `layer ${options.index} (${digest})`;
  const compression = COMPRESSIONS[mediaType];
  if (compression === undefined) throw new AppError('UNSUPPORTED', `${where}: media type ${mediaType}`);
  const blob = createHash('sha256');
  let sizeBytes = 0;
  async function* compressed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.blob(digest)) {
      blob.update(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > size) expectEqual(`size of ${where}`, size, sizeBytes);
      options.advance(chunk.length);
      yield chunk;
    }
  }
  const collector = new EntryCollector(options.keep);
  const carried = new CarriedBytesCollector(compression);
  const tar = createHash('sha256');
  let uncompressedSizeBytes = 0;
  try {
    const limits = { maxUncompressedBytes: MAX_LAYER_BYTES };
    const decompressed = decompress(compressed(), compression, {
      ...limits,
      onCompressed: (segment, bytes) => carried.add(segment, bytes),
    });
    for await (const { bytes } of decompressed.chunks) {
      tar.update(bytes);
      uncompressedSizeBytes += bytes.length;
      collector.scanner.write(bytes);
    }
    collector.scanner.finish();
    carried.finish(decompressed.segments);
  } catch (error) {
    // A wrong digest is reported before errors of the content.
    if (isAppError(error) && FAULTS_OF_BYTES.has(error.code)) await expectBlob(source, descriptor, { where });
    throw located(error, where);
  }
  expectEqual(`size of ${where}`, size, sizeBytes);
  expectEqual(`digest of ${where}`, digest, `sha256:${blob.digest('hex')}`);
  const { scanner, kept } = collector;
  const entries = collector.packer.finish();
  const lost = scanner.dataAfterEndAt >= 0 ? scanner.dataAfterEndAt : scanner.strayZeroBlockAt;
  if (lost >= 0) {
    throw new AppError(
      'INTEGRITY',
      `${where}: zero blocks before byte ${lost} of its tar, at which engines stop reading`,
    );
  }
  const layer = {
    digest,
    diffId: `sha256:${tar.digest('hex')}` as DiffId,
    mediaType,
    sizeBytes: size,
    uncompressedSizeBytes,
    entries: entries.length,
    annotations,
  };
  return { layer, entries, contents: kept, carried: carried.found, hiddenBytesAt: scanner.hiddenBytesAt };
}

/** Size of a header without extra fields, names and comments (RFC 1952 section 2.3). */
const GZIP_HEADER_BYTES = 10;
/** zstd format section 3.1.2: 0x184D2A50 to 0x184D2A5F. */
const isSkippable = (bytes: Buffer): boolean =>
  bytes.length >= 4 && bytes.readUInt32LE(0) >>> 4 === 0x184d2a5;

/** Collects what a compressed blob holds beside the bytes it decompresses to. */
class CarriedBytesCollector {
  readonly found: CarriedBytes[] = [];
  readonly #compression: Compression;
  #segment = -1;
  readonly #skippable = new Set<number>();
  /** Segment and size of gzip header fields */
  readonly #fields: (readonly [segment: number, sizeBytes: number])[] = [];

  constructor(compression: Compression) {
    this.#compression = compression;
  }

  /** The first bytes of a gzip member that are passed on are exactly its header. */
  add(segment: number, bytes: Buffer): void {
    if (segment === this.#segment) return;
    this.#segment = segment;
    if (this.#compression === 'zstd' && isSkippable(bytes)) this.#skippable.add(segment);
    if (this.#compression === 'gzip' && bytes.length > GZIP_HEADER_BYTES) {
      this.#fields.push([segment, bytes.length - GZIP_HEADER_BYTES]);
    }
  }

  finish(segments: readonly ArchiveSegment[]): void {
    for (const [index, sizeBytes] of this.#fields) {
      this.found.push({ what: 'gzip header fields', offset: segments[index]?.offset ?? 0, sizeBytes });
    }
    segments.forEach(({ offset, sizeBytes, uncompressedSizeBytes }, index) => {
      if (this.#skippable.has(index)) this.found.push({ what: 'a skippable zstd frame', offset, sizeBytes });
      else if (this.#compression === 'gzip' && uncompressedSizeBytes === 0) {
        this.found.push({ what: 'an empty gzip member', offset, sizeBytes });
      }
    });
  }
}

/** Collects a tar's entries with the hashes of their contents, and the contents to keep. */
class EntryCollector {
  readonly packer = new FileEntriesPacker();
  readonly kept = new Map<string, Buffer>();
  readonly scanner: TarScanner;
  #keptBytes = 0;

  constructor(keep: ((path: string) => boolean) | undefined) {
    let sha256 = '';
    let kept: { readonly bytes: Buffer; filled: number } | undefined;
    let content: Hash | undefined;
    this.scanner = new TarScanner({
      entry: ({ path, type, sizeBytes }) => {
        const wanted = type === 'file' && keep?.(path) === true;
        if (wanted) this.#keptBytes += sizeBytes;
        const fits = wanted && this.#keptBytes <= MAX_KEPT_BYTES;
        kept = fits ? { bytes: Buffer.allocUnsafeSlow(sizeBytes), filled: 0 } : undefined;
        sha256 = type === 'file' ? EMPTY_SHA256 : '';
        content = undefined;
      },
      content: ({ sizeBytes }, chunk) => {
        // Most files arrive as one chunk: hash() costs a third of a hash object.
        if (chunk.length === sizeBytes) sha256 = hash('sha256', chunk, 'hex');
        else content = (content ?? createHash('sha256')).update(chunk);
        if (kept !== undefined) kept.filled += chunk.copy(kept.bytes, kept.filled);
      },
      end: (entry) => {
        if (kept !== undefined) this.kept.set(entry.path, kept.bytes);
        this.packer.add({ ...entry, sha256: content?.digest('hex') ?? sha256 });
        if (this.packer.length === MANY_FILES) limitYoungGeneration();
      },
    });
  }
}

/** Reads a blob to check its size and digest alone. @throws AppError INTEGRITY */
export async function expectBlob(
  source: Pick<ImageSource, 'blob'>,
  { digest, size }: Descriptor,
  { where, advance }: { readonly where: string; advance?(bytes: number): void },
): Promise<void> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of source.blob(digest)) {
    hash.update(chunk);
    advance?.(chunk.length);
    sizeBytes += chunk.length;
    if (sizeBytes > size) break;
  }
  expectEqual(`size of ${where}`, size, sizeBytes);
  expectEqual(`digest of ${where}`, digest, `sha256:${hash.digest('hex')}`);
}

/** Checks that two values are the same. @throws AppError INTEGRITY with expected and got */
export function expectEqual(what: string, expected: unknown, got: unknown): void {
  if (expected === got) return;
  throw new AppError('INTEGRITY', `${what}: expected ${String(expected)}, got ${String(got)}`, {
    hint: 'Write the image again; if the error persists, run `compose cache verify --repair`.',
    details: { expected, got },
  });
}
