import { createHash } from 'node:crypto';
import { decompress } from '../archive/decompress.ts';
import { TarScanner } from '../archive/tar-reader.ts';
import { AppError, type ErrorCode, isAppError } from '../model/app-error.ts';
import type { Compression } from '../model/archive.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { DiffId, Digest } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import type { ImageSource } from './image-source.ts';
import { located } from './layout-reader.ts';
import type { LayerEntry } from './rootfs.ts';

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

/** Larger than any real layer; a bomb ends here. Nothing of a layer is held in memory but its file list. */
const MAX_LAYER_BYTES = 64 * 1024 ** 3;
const COMPRESSIONS: Readonly<Record<string, Compression>> = {
  [MEDIA_TYPES.layerTar]: 'none',
  [MEDIA_TYPES.layerGzip]: 'gzip',
  [MEDIA_TYPES.layerZstd]: 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
};

/** What a damaged blob may look like from inside. */
const FAULTS_OF_BYTES = new Set<ErrorCode>(['BAD_ARCHIVE', 'UNSUPPORTED', 'LIMIT']);
/** A layer's files kept whole while it is read: file lists of packages, a database. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

export interface ReadLayerOptions {
  /** Its place in the image, from 0 */
  readonly at: number;
  advance(bytes: number): void;
  /** Whether a file's content is wanted as well; those beyond 64 MiB together are left out. */
  keep?(path: string): boolean;
}

export interface ReadLayer {
  readonly layer: VerifiedLayer;
  readonly entries: readonly LayerEntry[];
  /** Contents of the files that `keep` named; of several of one path the last */
  readonly kept: ReadonlyMap<string, Buffer>;
}

/**
 * Reads one layer's blob in a single pass: digest, size, diffID and file list.
 * @throws AppError INTEGRITY, BAD_ARCHIVE, UNSUPPORTED, LIMIT
 */
export async function readLayer(
  source: Pick<ImageSource, 'blob'>,
  descriptor: Descriptor,
  options: ReadLayerOptions,
): Promise<ReadLayer> {
  const { digest, size, mediaType, annotations = {} } = descriptor;
  const where = `layer ${options.at} (${digest})`;
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
  const tar = createHash('sha256');
  let uncompressedSizeBytes = 0;
  try {
    const limits = { maxUncompressedBytes: MAX_LAYER_BYTES };
    for await (const { bytes } of decompress(compressed(), compression, limits).chunks) {
      tar.update(bytes);
      uncompressedSizeBytes += bytes.length;
      collector.scanner.write(bytes);
    }
    collector.scanner.finish();
  } catch (error) {
    if (isAppError(error) && FAULTS_OF_BYTES.has(error.code)) await expectBlob(source, descriptor, where);
    throw located(error, where);
  }
  expectEqual(`size of ${where}`, size, sizeBytes);
  expectEqual(`digest of ${where}`, digest, `sha256:${blob.digest('hex')}`);
  const { scanner, entries, kept } = collector;
  const lost = scanner.dataAfterEndAt >= 0 ? scanner.dataAfterEndAt : scanner.strayZeroBlockAt;
  if (lost >= 0) {
    throw new AppError(
      'INTEGRITY',
      `${where}: an engine would stop within it: zero blocks before byte ${lost} of its tar`,
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
  return { layer, entries, kept };
}

/** A tar's entries with the hashes of their contents, and the contents that are wanted. */
class EntryCollector {
  readonly entries: LayerEntry[] = [];
  readonly kept = new Map<string, Buffer>();
  readonly scanner: TarScanner;
  #keptBytes = 0;

  constructor(keep: ((path: string) => boolean) | undefined) {
    let content = createHash('sha256');
    let pieces: Buffer[] | undefined;
    this.scanner = new TarScanner({
      entry: ({ path, type, sizeBytes }) => {
        const wanted = type === 'file' && keep?.(path) === true;
        if (wanted) this.#keptBytes += sizeBytes;
        pieces = wanted && this.#keptBytes <= MAX_KEPT_BYTES ? [] : undefined;
      },
      content: (_entry, chunk) => {
        content.update(chunk);
        pieces?.push(Buffer.from(chunk));
      },
      end: (entry) => {
        if (pieces !== undefined) this.kept.set(entry.path, Buffer.concat(pieces));
        if (entry.type === 'file') {
          this.entries.push({ entry, sha256: content.digest('hex') });
          content = createHash('sha256');
        } else this.entries.push({ entry, sha256: '' });
      },
    });
  }
}

/** Says that a blob is not what it is called before saying what is wrong inside. */
async function expectBlob(
  source: Pick<ImageSource, 'blob'>,
  { digest, size }: Descriptor,
  where: string,
): Promise<void> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of source.blob(digest)) {
    hash.update(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > size) break;
  }
  expectEqual(`size of ${where}`, size, sizeBytes);
  expectEqual(`digest of ${where}`, digest, `sha256:${hash.digest('hex')}`);
}

/** @throws AppError INTEGRITY with expected and got */
export function expectEqual(what: string, expected: unknown, got: unknown): void {
  if (expected === got) return;
  throw new AppError('INTEGRITY', `${what}: expected ${String(expected)}, got ${String(got)}`, {
    hint: 'Write the image again; if this comes back, run `compose cache verify --repair`.',
    details: { expected, got },
  });
}
