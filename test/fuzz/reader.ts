/** Something of the product that reads what others wrote. */
export interface FuzzedReader {
  readonly name: string;
  /** Made by code; what it reads without a refusal, and what it refuses */
  readonly samples: readonly Buffer[];
  /** How a mutated sample becomes its input: compressed, or with sums made anew. Absent: as it is */
  wrap?(bytes: Buffer): Buffer;
  read(bytes: Buffer): unknown;
}

export async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** So that not every change of a tar ends at its checksum: the sums of whatever looks like a header. */
export function withTarSums(bytes: Buffer): Buffer {
  const tar = Buffer.from(bytes);
  for (let at = 0; at + 512 <= tar.length; at += 512) {
    if (tar.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    tar.fill(' ', at + 148, at + 156);
    let sum = 0;
    for (const byte of tar.subarray(at, at + 512)) sum += byte;
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
  }
  return tar;
}
