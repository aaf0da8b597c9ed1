import { PassThrough, type Transform } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';
import { GzipEncoder } from './gzip-encoder.ts';

/** zstd's own default; the checksum lets every reader detect damage without the digest. */
const ZSTD_LEVEL = 3;
/** Size of the pieces of output: few calls, and small compared with any memory limit. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Makes a streaming encoder; `none` passes the bytes through. `gzip` is one member without name or time and with OS 255, so that
 * only content and encoder decide the bytes. The encoder is the zlib of the running Node.js: the same release gives the same
 * bytes.
 */
export function encoder(encoding: 'gzip' | 'zstd' | 'none'): Transform {
  if (encoding === 'none') return new PassThrough();
  if (encoding === 'zstd') {
    return createZstdCompress({
      chunkSize: CHUNK_BYTES,
      params: {
        [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL,
        [constants.ZSTD_c_checksumFlag]: 1,
      },
    });
  }
  return new GzipEncoder();
}
