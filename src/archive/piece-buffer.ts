/** Size of a piece: large against the cost of handing it on, small against any memory limit. */
const PIECE_BYTES = 256 * 1024;

/** Collects many small buffers, such as a tar's headers and paddings, into few larger pieces. */
export class PieceBuffer {
  #parts: Uint8Array[] = [];
  #sizeBytes = 0;

  /** True if there is enough for a piece. */
  get isFull(): boolean {
    return this.#sizeBytes >= PIECE_BYTES;
  }

  /** Adds a buffer, which must not change before `take`. */
  add(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#sizeBytes += bytes.length;
  }

  /** Returns everything that was added since the last call. */
  take(): Buffer {
    const piece = Buffer.concat(this.#parts, this.#sizeBytes);
    this.#parts = [];
    this.#sizeBytes = 0;
    return piece;
  }
}

/** Yields the same bytes in pieces of exactly that size, the last one excepted. */
export async function* inPiecesOf(
  sizeBytes: number,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafeSlow(sizeBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.length; ) {
      const part = chunk.subarray(taken, taken + sizeBytes - filled);
      piece.set(part, filled);
      taken += part.length;
      filled += part.length;
      if (filled < sizeBytes) continue;
      yield piece;
      piece = Buffer.allocUnsafeSlow(sizeBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
