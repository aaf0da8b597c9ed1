import { FetchFailure } from './failure.ts';

/** What is known of a file's size before it is fetched, in bytes. */
export interface SizeLimits {
  /** Set if only a file of that size is the right one */
  readonly expectedSizeBytes?: number | undefined;
  readonly maxBytes: number;
}

/** Checks the size that a source announces. @throws FetchFailure INTEGRITY, with that advice on another try; LIMIT */
export function checkSize(sizeBytes: number, limits: SizeLimits, retry: 'no' | 'later'): void {
  const { expectedSizeBytes, maxBytes } = limits;
  if (expectedSizeBytes !== undefined && sizeBytes !== expectedSizeBytes) {
    throw new FetchFailure('INTEGRITY', `wrong size: expected ${expectedSizeBytes} bytes, got ${sizeBytes}`, {
      retry,
    });
  }
  if (sizeBytes > maxBytes) throw overLimit(sizeBytes, maxBytes);
}

/** Checks that a body of `sizeBytes` so far is not too long. @throws FetchFailure INTEGRITY, LIMIT */
export function checkReceived(sizeBytes: number, { expectedSizeBytes, maxBytes }: SizeLimits): void {
  if (expectedSizeBytes !== undefined && sizeBytes > expectedSizeBytes) {
    const reason = `wrong size: expected ${expectedSizeBytes} bytes, got at least ${sizeBytes}`;
    throw new FetchFailure('INTEGRITY', reason, { retry: 'later' });
  }
  if (sizeBytes > maxBytes) throw overLimit(sizeBytes, maxBytes);
}

/** Checks that a body that has ended is complete. @param announced Content-Length @throws FetchFailure INTEGRITY, NETWORK */
export function checkComplete(
  sizeBytes: number,
  announced: number | undefined,
  { expectedSizeBytes }: Pick<SizeLimits, 'expectedSizeBytes'>,
): void {
  const expected = expectedSizeBytes ?? announced ?? sizeBytes;
  if (sizeBytes === expected) return;
  const reason = `truncated: expected ${expected} bytes, got ${sizeBytes}`;
  throw new FetchFailure(expectedSizeBytes === undefined ? 'NETWORK' : 'INTEGRITY', reason, {
    retry: 'later',
  });
}

/** Makes the LIMIT failure for a file of at least `sizeBytes`. */
export function overLimit(sizeBytes: number, maxBytes: number): FetchFailure {
  return new FetchFailure('LIMIT', `larger than allowed: at least ${sizeBytes} bytes, limit ${maxBytes}`, {
    retry: 'no',
  });
}
