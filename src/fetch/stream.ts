import { contentLength } from './exchange.ts';
import { FetchFailure, SIGNIFICANT_BYTES } from './failure.ts';
import { httpGet } from './http-get.ts';
import { streamLocal } from './local.ts';
import { type MirrorOptions, tryMirrors } from './mirrors.ts';
import type { RemoteFiles } from './remote.ts';
import { checkComplete, checkSize } from './sizes.ts';
import { isLocal } from './url.ts';

/** Slow mirrors pause for seconds; none that is alive stays silent this long. */
const TIMEOUT_MS = 30_000;

/** Options of streaming a file. */
export interface StreamOptions extends MirrorOptions {
  /** Size of the file; a source that has another one is refused */
  readonly sizeBytes: number;
  readonly remote?: RemoteFiles | undefined;
}

/**
 * Passes the bytes of a file to `write`, each once, in order: from the first of `urls` that has it, and after a failure the rest from
 * the same or the next one. The bytes may then be of two different files: the caller verifies the whole.
 * @returns the URLs that bytes came from
 * @param write takes the bytes before it resolves; what it throws ends the transfer
 * @throws AppError as `download` of http.ts
 */
export async function streamFile(
  urls: readonly string[],
  write: (bytes: Uint8Array) => Promise<void>,
  options: StreamOptions,
): Promise<readonly string[]> {
  const used = new Set<string>();
  let doneBytes = 0;
  await tryMirrors(urls, options, async (url) => {
    const before = doneBytes;
    // Sources that cannot start there begin anew.
    let position = 0;
    try {
      const { start, body } = await open(url, doneBytes, options);
      position = start;
      for await (const piece of body) {
        const news = piece.subarray(Math.min(Math.max(doneBytes - position, 0), piece.length));
        position += piece.length;
        if (news.length === 0) continue;
        checkSize(Math.max(position, options.sizeBytes), limits(options), 'later');
        used.add(url);
        await write(news);
        doneBytes = position;
      }
      checkComplete(position, undefined, limits(options));
    } catch (error) {
      const isFar = doneBytes - before >= SIGNIFICANT_BYTES;
      if (!(error instanceof FetchFailure) || error.retry !== 'later' || !isFar) throw error;
      throw new FetchFailure(error.code, error.message, { retry: 'at-once', cause: error });
    }
  });
  return [...used];
}

const limits = ({ sizeBytes }: StreamOptions) => ({ expectedSizeBytes: sizeBytes, maxBytes: sizeBytes });

interface Opened {
  /** Offset of the body's first byte */
  readonly start: number;
  readonly body: AsyncIterable<Uint8Array>;
}

async function open(url: string, from: number, options: StreamOptions): Promise<Opened> {
  const { remote, signal } = options;
  if (isLocal(url)) return { start: 0, body: streamLocal(url, { maxBytes: options.sizeBytes, signal }) };
  if (remote?.serves(url)) {
    const file = await remote.find(url);
    checkSize(file.sizeBytes, limits(options), 'no');
    return { start: 0, body: file.read() };
  }
  const response = await httpGet(url, {
    headers: from > 0 ? { range: `bytes=${from}-` } : {},
    signal,
    timeoutMs: TIMEOUT_MS,
  });
  try {
    const start = startOf(response.status, response.header('content-range'), from);
    const length = contentLength(response);
    if (length !== undefined) checkSize(start + length, limits(options), 'later');
    return { start, body: response.body };
  } catch (error) {
    await response.discard();
    throw error;
  }
}

function startOf(status: number, contentRange: string, from: number): number {
  if (status === 200) return 0;
  const start = /^bytes (\d{1,15})-/.exec(contentRange)?.[1];
  if (status === 206 && from > 0 && Number(start) === from) return from;
  throw new FetchFailure('NETWORK', `requested bytes from ${from}, got HTTP ${status}`, { retry: 'later' });
}
