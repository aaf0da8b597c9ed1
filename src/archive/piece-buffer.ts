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
