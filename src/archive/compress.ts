import { PassThrough, type Transform } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';
import { GzipEncoder } from './gzip-encoder.ts';

/** zstd's own default; the checksum lets every reader notice damage without the digest. */
const ZSTD_LEVEL = 3;
/** Output in pieces of this size: few calls, and small beside any memory limit. */
const CHUNK_BYTES = 256 * 1024;

/**
 * A streaming encoder; `none` passes the bytes through. `gzip` is one member without name or time and with OS 255, so that
 * nothing but content and encoder decides the bytes. The encoder is the zlib of the running Node: the same release of Node gives
 * the same bytes.
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
