import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** So long the last bytes get to leave before a connection is cut. */
export const FLUSH_MS = 20;

export function countBytes(add: (bytes: number) => void): Transform {
  return onChunk((chunk) => {
    add(chunk.length);
    return chunk;
  });
}

/** The byte at an offset of the stream, inverted. */
export function invertByte(offset: number): Transform {
  let at = 0;
  return onChunk((chunk) => {
    const index = offset - at;
    at += chunk.length;
    if (index < 0 || index >= chunk.length) return chunk;
    const changed = Buffer.from(chunk);
    changed[index] = (changed[index] ?? 0) ^ 0xff;
    return changed;
  });
}

/** Drops what comes after so many bytes. */
export function keepFirst(limit: number): Transform {
  let left = limit;
  return onChunk((chunk) => {
    const part = chunk.subarray(0, left);
    left -= part.length;
    return part;
  });
}

/** Passes so many bytes and calls `cut` once they have left; nothing follows, not even the end. */
export function cutAfter(limit: number, cut: () => void): Transform {
  let left = limit;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (left > 0) return done(null, part);
      this.push(part);
      setTimeout(cut, FLUSH_MS);
    },
  });
}

export function throttle(bytesPerSecond: number): Transform {
  const step = Math.max(1, Math.ceil(bytesPerSecond / 50));
  return new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length && !this.destroyed; at += step) {
        this.push(chunk.subarray(at, at + step));
        await sleep(20);
      }
      done();
    },
  });
}

/** Mulberry32: the same numbers from 0 to 1 for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function onChunk(change: (chunk: Buffer) => Buffer): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, change(chunk));
    },
  });
}
