import type { Exchange } from './exchange.ts';
import { HttpError } from './http-error.ts';

/** What a client must keep to while it sends. */
export interface ReceiveLimits {
  /** A client that sends nothing for so long has left. In milliseconds */
  readonly idleMs: number;
  /** A client that is slower, after `firstMs`, keeps a connection for its own sake. */
  readonly minBytesPerSecond: number;
  readonly firstMs: number;
}

const LIMITS: ReceiveLimits = { idleMs: 30_000, minBytesPerSecond: 1024, firstMs: 60_000 };

/**
 * Yields the body of a request as it arrives. The client is told to go on if it waits for that (`Expect: 100-continue`).
 * @throws HttpError 413 above `maxBytes`, 408 for a client that is too slow; ECONNRESET if the client leaves before the end
 */
export async function* receive(
  { request, response }: Exchange,
  maxBytes: number,
  { idleMs, minBytesPerSecond, firstMs } = LIMITS,
): AsyncGenerator<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const { connection, expect } = request.headers;
  if (expect !== undefined) {
    response.writeContinue();
    response.shouldKeepAlive = connection?.toLowerCase() !== 'close';
  }
  const startMs = Date.now();
  let isWaiting = true;
  const timer = setTimeout(() => isWaiting && request.destroy(tooSlow()), idleMs);
  let received = 0;
  try {
    // An error must be answered, for which the connection has to stay.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (received > maxBytes) throw tooLarge(maxBytes);
      const elapsedMs = Date.now() - startMs;
      if (elapsedMs > firstMs && received < (elapsedMs / 1000) * minBytesPerSecond) throw tooSlow();
      isWaiting = false;
      yield chunk;
      isWaiting = true;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Returns a whole body. @throws as receive */
export async function receiveAll(exchange: Exchange, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of receive(exchange, maxBytes)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, 'SIZE_INVALID', `the body is larger than ${maxBytes} bytes`);
}

function tooSlow(): HttpError {
  return new HttpError(408, 'UNAVAILABLE', 'the body arrives too slowly');
}
