import { createHash } from 'node:crypto';
import { decompress } from '../archive/decompress.ts';
import { TarScanner } from '../archive/tar-reader.ts';
import { AppError } from '../model/app-error.ts';
import type { Compression } from '../model/archive.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { DiffId, Digest } from '../model/digest.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { blobPath } from './image.ts';
import { type LayoutReader, located } from './layout-reader.ts';
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

/**
 * Reads one layer's blob in a single pass: digest, size, diffID and file list.
 * @throws AppError INTEGRITY, BAD_ARCHIVE, UNSUPPORTED, LIMIT
 */
export async function readLayer(
  layout: LayoutReader,
  descriptor: Descriptor,
  { at, advance }: { readonly at: number; advance(bytes: number): void },
): Promise<{ readonly layer: VerifiedLayer; readonly entries: readonly LayerEntry[] }> {
  const { digest, size, mediaType, annotations = {} } = descriptor;
  const where = `layer ${at} (${digest})`;
  const compression = COMPRESSIONS[mediaType];
  if (compression === undefined) throw new AppError('UNSUPPORTED', `${where}: media type ${mediaType}`);
  const present = layout.size(blobPath(digest));
  if (present === undefined)
    throw new AppError('INTEGRITY', `${where}: expected a blob of ${size} bytes, got none`);
  expectEqual(`size of ${where}`, size, present);

  const blob = createHash('sha256');
  const tar = createHash('sha256');
  const entries: LayerEntry[] = [];
  let content = createHash('sha256');
  const scanner = new TarScanner({
    entry() {},
    content: (_entry, chunk) => void content.update(chunk),
    end(entry) {
      if (entry.type === 'file') {
        entries.push({ entry, sha256: content.digest('hex') });
        content = createHash('sha256');
      } else entries.push({ entry, sha256: '' });
    },
  });
  async function* compressed(): AsyncGenerator<Buffer> {
    for await (const chunk of layout.stream(blobPath(digest))) {
      blob.update(chunk);
      advance(chunk.length);
      yield chunk;
    }
  }
  let uncompressedSizeBytes = 0;
  try {
    const limits = { maxUncompressedBytes: MAX_LAYER_BYTES };
    for await (const { bytes } of decompress(compressed(), compression, limits).chunks) {
      tar.update(bytes);
      uncompressedSizeBytes += bytes.length;
      scanner.write(bytes);
    }
    scanner.finish();
  } catch (error) {
    await expectDigest(layout, digest, where);
    throw located(error, where);
  }
  expectEqual(`digest of ${where}`, digest, `sha256:${blob.digest('hex')}`);
  const lost = scanner.dataAfterEndAt >= 0 ? scanner.dataAfterEndAt : scanner.strayZeroBlockAt;
  if (lost >= 0) {
    throw new AppError(
      'INTEGRITY',
      `${where}: an engine would stop within it: zero blocks before byte ${lost} of its tar`,
    );
  }
  const diffId = `sha256:${tar.digest('hex')}` as DiffId;
  const layer = {
    digest,
    diffId,
    mediaType,
    sizeBytes: size,
    uncompressedSizeBytes,
    entries: entries.length,
    annotations,
  };
  return { layer, entries };
}

/** Says that a blob is not what it is called before saying what is wrong inside. */
async function expectDigest(layout: LayoutReader, digest: Digest, where: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of layout.stream(blobPath(digest))) hash.update(chunk);
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
