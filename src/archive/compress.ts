import { PassThrough, type Transform } from 'node:stream';
import { constants, createGzip, createZstdCompress } from 'node:zlib';

/**
 * Level 6: level 9 saves about 1 % on package contents and costs three times the time; the layers made here
 * are small or cached.
 */
const GZIP_LEVEL = 6;
/** zstd's own default; the checksum lets every reader notice damage without the digest. */
const ZSTD_LEVEL = 3;
/** RFC 1952 §2.3.1: 255 = unknown. zlib writes the system it was built for. */
const OS_UNKNOWN = 255;
const OS_AT = 9;
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
  return withUnknownSystem(createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES }));
}

/** Rewrites byte 9 of the output as it passes. */
function withUnknownSystem(gzip: Transform): Transform {
  const push = gzip.push.bind(gzip);
  let written = 0;
  gzip.push = (chunk: Buffer | null) => {
    if (chunk !== null) {
      if (written <= OS_AT && written + chunk.length > OS_AT) chunk[OS_AT - written] = OS_UNKNOWN;
      written += chunk.length;
    }
    return push(chunk);
  };
  return gzip;
}
