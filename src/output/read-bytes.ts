/** Few calls per layer, little memory. */
export const MAX_READ_BYTES = 1024 * 1024;

/**
 * Returns how many bytes to read at once from a file of that size. A stream allocates that much memory for every call, including
 * the last, which finds the end.
 */
export function readBytes(sizeBytes: number): number {
  return Math.min(MAX_READ_BYTES, sizeBytes + 1);
}
