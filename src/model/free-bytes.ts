/** Smaller buffers may share their memory with others. */
const MIN_BYTES = 16 * 1024;

/**
 * Frees the memory of bytes that nobody reads any more: garbage collection, which only sees small objects, would let dozens of MiB
 * pile up. Bytes that are part of a larger buffer stay.
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength >= MIN_BYTES && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer)
    buffer.transfer(0);
}
