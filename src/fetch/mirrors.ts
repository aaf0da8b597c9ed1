import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, type ErrorCode } from '../model/app-error.ts';
import type { Progress } from '../model/progress.ts';
import { cancelled, FetchFailure } from './failure.ts';
import { fileNameOf, redactUrl } from './url.ts';

const DEFAULT_RETRIES = 3;
const DEFAULT_BACKOFF_MS = 250;
/** A cache on the way may have had an old or cut copy; a second equal answer is what the mirror has. */
const WRONG_SIZE_RETRIES = 1;
/** Doubling further makes a person wait without helping the server. */
const MAX_BACKOFF_MS = 8_000;

export interface MirrorOptions {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  readonly label?: string;
  /** Further tries of one source after its first; default 3 */
  readonly retries?: number;
  /** Before the first of them; doubles, with jitter; default 250 */
  readonly backoffMs?: number;
}

interface SourceFailure {
  readonly url: string;
  readonly failure: FetchFailure;
}

/**
 * Tries the sources in turn, each again while its failure allows it.
 * @param attempt throws FetchFailure for what another try or source may mend; anything else ends the whole
 * @throws AppError with the code on which all sources agree (NOT_FOUND, LIMIT, INTEGRITY, STORAGE), otherwise NETWORK;
 * its message and `details.urls` have every URL with its reason
 */
export async function tryMirrors<T>(
  urls: readonly string[],
  options: MirrorOptions,
  attempt: (url: string) => Promise<T>,
): Promise<T> {
  if (urls.length === 0) throw new AppError('USAGE', `No URL to fetch ${options.label ?? 'from'}`);
  const failures: SourceFailure[] = [];
  for (const url of urls) {
    const outcome = await trySource(url, options, { attempt, alone: urls.length === 1 });
    if ('value' in outcome) return outcome.value;
    failures.push({ url: redactUrl(url), failure: outcome.failure });
    if (failures.length < urls.length) {
      options.progress?.note(`${redactUrl(url)}: ${outcome.failure.message}; trying the next mirror`);
    }
  }
  throw gather(failures, options.label);
}

async function trySource<T>(
  url: string,
  options: MirrorOptions,
  task: { attempt: (url: string) => Promise<T>; alone: boolean },
): Promise<{ value: T } | { failure: FetchFailure }> {
  const retries = options.retries ?? DEFAULT_RETRIES;
  let used = 0;
  for (;;) {
    if (options.signal?.aborted) throw cancelled(url);
    try {
      return { value: await task.attempt(url) };
    } catch (error) {
      if (!(error instanceof FetchFailure)) throw error;
      if (error.retry === 'at-once') continue;
      const hopeless = error.retry === 'no' || (error.retry === 'elsewhere' && !task.alone);
      const allowed = error.code === 'INTEGRITY' ? Math.min(retries, WRONG_SIZE_RETRIES) : retries;
      if (hopeless || used >= allowed) return { failure: error };
      await pause(url, options, error.waitMs ?? backoff(used, options.backoffMs ?? DEFAULT_BACKOFF_MS));
      used++;
    }
  }
}

/** Doubles with every try; a random half of it keeps many clients from coming back together. */
function backoff(tried: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** tried, MAX_BACKOFF_MS) * (0.5 + Math.random() / 2);
}

async function pause(url: string, options: MirrorOptions, ms: number): Promise<void> {
  try {
    await sleep(ms, undefined, options.signal === undefined ? {} : { signal: options.signal });
  } catch (error) {
    throw options.signal?.aborted ? cancelled(url) : error;
  }
}

function gather(failures: readonly SourceFailure[], label: string | undefined): AppError {
  const codes = new Set<ErrorCode>(failures.map(({ failure }) => failure.code));
  const code = codes.size === 1 ? ([...codes][0] ?? 'NETWORK') : 'NETWORK';
  const what = label ?? fileNameOf(failures[0]?.url ?? '');
  const verb = code === 'NOT_FOUND' ? 'Not found' : 'Cannot fetch';
  const lines = failures.map(({ url, failure }) => `${url}: ${failure.message}`);
  const list = lines.length === 1 ? ` ${lines[0]}` : lines.map((line) => `\n  ${line}`).join('');
  const hint = failures.find(({ failure }) => failure.hint !== undefined)?.failure.hint ?? hints[code];
  return new AppError(code, `${verb}: ${what}:${list}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: failures.at(-1)?.failure,
    details: {
      urls: failures.map(({ url, failure }) => ({ url, reason: failure.message, code: failure.code })),
    },
  });
}

const hints: Partial<Record<ErrorCode, string>> = {
  NOT_FOUND:
    'The index may be older than the mirror: run `compose index`, or name another mirror with --mirror.',
  NETWORK:
    'Check the connection and the proxy settings (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), or name another mirror with --mirror.',
  INTEGRITY: 'The index and the mirror differ: run `compose index`, or name another mirror with --mirror.',
};
