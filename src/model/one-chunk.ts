/** Yields the bytes as a stream of one chunk. */
export async function* oneChunk<Bytes extends Uint8Array>(bytes: Bytes): AsyncGenerator<Bytes> {
  yield bytes;
}
