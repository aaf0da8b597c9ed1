import { contentLength } from '../fetch/exchange.ts';
import { FetchFailure } from '../fetch/failure.ts';
import { overLimit } from '../fetch/sizes.ts';
import { oneChunk } from '../model/one-chunk.ts';
import type { RequestBody } from './types.ts';

/** Slower than any useful line: only a server that wants to keep us waiting sends at this rate. */
const MIN_BYTES_PER_SECOND = 1024;

interface Body {
  header(name: string): string;
  readonly body: AsyncIterable<Buffer>;
}

/** Reads a whole body. @throws FetchFailure LIMIT if it is larger than `maxBytes` */
export async function readUpTo(response: Body, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Leaving the loop by an error ends the response.
  for await (const chunk of response.body) {
    sizeBytes += chunk.length;
    const announced = contentLength(response) ?? 0;
    if (sizeBytes > maxBytes || announced > maxBytes) {
      throw overLimit(Math.max(sizeBytes, announced), maxBytes);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}

/**
 * Yields the body while it arrives at a useful rate: after a total wait of `graceMs` it must have brought 1 KiB per second. The
 * time that the reader takes does not count.
 * @throws FetchFailure NETWORK if it is too slow
 */
export async function* paced(body: AsyncIterable<Buffer>, graceMs: number): AsyncGenerator<Buffer> {
  let waitedMs = 0;
  let sizeBytes = 0;
  let since = performance.now();
  for await (const chunk of body) {
    waitedMs += performance.now() - since;
    sizeBytes += chunk.length;
    if (waitedMs > graceMs && sizeBytes < (waitedMs / 1000) * MIN_BYTES_PER_SECOND) {
      const reason = `too slow: ${sizeBytes} bytes in ${Math.round(waitedMs)} ms`;
      throw new FetchFailure('NETWORK', reason, { retry: 'later' });
    }
    yield chunk;
    since = performance.now();
  }
}

/** Makes a request body of bytes in memory. */
export function bytesBody(bytes: Uint8Array): RequestBody {
  return { sizeBytes: bytes.byteLength, open: () => oneChunk(bytes) };
}

/** Reads a whole body whose size is already limited. */
export async function readAll(response: Pick<Body, 'body'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
