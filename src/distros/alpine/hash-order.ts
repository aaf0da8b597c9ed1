/** Number of buckets of apk's name and directory tables, which decides the order of reverse lists and trigger arguments. */
export const NAME_BUCKETS = 20_000;
const SEED = 5381;

/** Sorts items in the order in which apk's hash tables iterate: by bucket; within a bucket, the last inserted first. */
export function hashOrder<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return items
    .map((item, index) => ({ item, index, bucket: murmur3(Buffer.from(keyOf(item))) % NAME_BUCKETS }))
    .sort((a, b) => a.bucket - b.bucket || b.index - a.index)
    .map(({ item }) => item);
}

/** Computes MurmurHash3_x86_32 as an unsigned number, by default with apk's seed. */
export function murmur3(bytes: Buffer, seed = SEED): number {
  let hash = seed;
  const tail = bytes.length & ~3;
  for (let offset = 0; offset < tail; offset += 4) {
    hash ^= scramble(bytes.readInt32LE(offset));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let offset = bytes.length - 1; offset >= tail; offset -= 1) rest = (rest << 8) | (bytes[offset] ?? 0);
  if (tail < bytes.length) hash ^= scramble(rest);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
