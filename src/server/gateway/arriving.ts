import type { ArrivingFile } from '../../store/shared-downloads.ts';
import type { ServedBlob } from '../content.ts';
import type { Exchange } from '../http/exchange.ts';

/** Files up to this size are sent when they are whole: what is wrong with them is then said in words. */
export const WHOLE_BYTES = 256 * 1024;

/** A range that ends before the file: its end could be sent before the file is known to be right. */
const CLOSED_RANGE = /-\s*\d+\s*$/;

/**
 * Returns a file that is arriving, as it is sent: small files and closed ranges when the file has been accepted; all else as it comes,
 * the last byte after that.
 * @throws what `arriving.accepted` rejects with; the signal's reason
 */
export async function blobOfArriving<Result>(
  { request, signal }: Exchange,
  arriving: ArrivingFile<Result>,
  file: (result: Result) => ServedBlob,
): Promise<ServedBlob> {
  const { sizeBytes } = arriving;
  if (sizeBytes <= WHOLE_BYTES || CLOSED_RANGE.test(request.headers.range ?? ''))
    return file(await unlessAborted(arriving.accepted, signal));
  return { kind: 'stream', sizeBytes, open: (start, reading) => arriving.read(start, reading) };
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let leave = (): void => {};
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
  });
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([promise, left]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
