import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, type ErrorCode, type ErrorContext } from '../model/app-error.ts';
import type { Progress } from '../model/progress.ts';
import { cancelled, FetchFailure } from './failure.ts';
import { fileNameOf, redactUrl } from './url.ts';

const DEFAULT_RETRIES = 3;
const DEFAULT_BACKOFF_MS = 250;
/** A cache on the way may hold an old or truncated copy; if the second answer is the same, the mirror has it. */
const WRONG_SIZE_RETRIES = 1;
/** Longer pauses make a person wait without helping the server. */
const MAX_BACKOFF_MS = 8_000;

/** Options of trying the sources of one file. */
export interface MirrorOptions {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  readonly label?: string;
  /** Tries of one source after the first; default 3 */
  readonly retries?: number;
  /** Pause before the second try, doubled for each further one, with jitter; default 250 */
  readonly backoffMs?: number;
  /** Hints by error code, in place of the general ones */
  readonly hints?: Readonly<Partial<Record<ErrorCode, string>>>;
}

/** Reason why one source failed. */
export interface SourceReason {
  /** Without credentials and query */
  readonly url: string;
  readonly reason: string;
  readonly code: ErrorCode;
}

/** Error if every source failed: the message and `sources` name each of them with its reason, in the order of the request. */
export class FetchError extends AppError {
  readonly sources: readonly SourceReason[];

  constructor(
    code: ErrorCode,
    message: string,
    { sources, ...context }: Omit<ErrorContext, 'details'> & { readonly sources: readonly SourceReason[] },
  ) {
    super(code, message, { ...context, details: { urls: sources } });
    this.sources = sources;
  }
}

interface SourceFailure {
  readonly url: string;
  readonly failure: FetchFailure;
}

/**
 * Tries the sources in turn, each again while its failure allows it.
 * @param attempt throws FetchFailure for what another try or source may mend; any other error ends the whole
 * @throws AppError with the code on which all sources agree (NOT_FOUND, LIMIT, INTEGRITY, STORAGE), else the code of the first
 * source whose content was refused, else NETWORK. It is a FetchError, unless there was only one source and its content was refused. USAGE without any source
 */
export async function tryMirrors<T>(
  urls: readonly string[],
  options: MirrorOptions,
  attempt: (url: string) => Promise<T>,
): Promise<T> {
  if (urls.length === 0) throw new AppError('USAGE', `no URL to fetch ${options.label ?? 'from'}`);
  const failures: SourceFailure[] = [];
  for (const [index, url] of urls.entries()) {
    const outcome = await trySource(url, options, { attempt, alone: urls.length === 1 });
    if ('value' in outcome) return outcome.value;
    const failed = { url: redactUrl(url), failure: outcome.failure };
    failures.push(failed);
    const next = urls[index + 1];
    // A file that is not in a folder may be in its parent, which is not another mirror.
    if (next === undefined || (outcome.failure.code === 'NOT_FOUND' && isAbove(next, url))) continue;
    const place = isAbove(next, url) ? 'the folder above' : 'the next mirror';
    options.progress?.note(`${lineOf(failed)}; trying ${place}`);
  }
  throw gather(failures, options);
}

function isAbove(upper: string, lower: string): boolean {
  const [above, below] = [folderOf(upper), folderOf(lower)];
  return below !== above && below.startsWith(above);
}

/** Returns the folder of a URL, with the slash at its end and without a query. */
function folderOf(url: string): string {
  const path = url.replace(/\?.*$/, '');
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** The error of refused content names the source itself. */
function lineOf({ url, failure }: SourceFailure): string {
  return failure.message.startsWith(url) ? failure.message : `${url}: ${failure.message}`;
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

/** Doubles the pause with every try. A random half of it keeps many clients from coming back together. */
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

function gather(failures: readonly SourceFailure[], options: MirrorOptions): AppError {
  const [only] = failures;
  if (failures.length === 1 && only?.failure.refusal !== undefined) return only.failure.refusal;
  const code = commonCode(failures);
  const what = options.label ?? fileNameOf(only?.url ?? '');
  const problem = code === 'NOT_FOUND' ? `${what} not found` : `cannot fetch ${what}`;
  const lines = failures.map(lineOf);
  const list = lines.length === 1 ? ` ${lines[0]}` : lines.map((line) => `\n  ${line}`).join('');
  const own = failures.find(({ failure }) => failure.code === code && failure.hint !== undefined);
  const hint = own?.failure.hint ?? options.hints?.[code] ?? hints[code];
  return new FetchError(code, `${problem}:${list}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: failures.at(-1)?.failure,
    sources: failures.map(({ url, failure }) => ({ url, reason: failure.message, code: failure.code })),
  });
}

function commonCode(failures: readonly SourceFailure[]): ErrorCode {
  const codes = [...new Set(failures.map(({ failure }) => failure.code))];
  const [only] = codes;
  if (codes.length === 1 && only !== undefined) return only;
  return codes.find((code) => code !== 'NETWORK' && code !== 'NOT_FOUND') ?? 'NETWORK';
}

const hints: Partial<Record<ErrorCode, string>> = {
  NOT_FOUND:
    'Run `compose index`, since the index may be older than the mirror, or name another mirror with --mirror.',
  NETWORK:
    'Check the connection and the proxy settings (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), or name another mirror with --mirror.',
  INTEGRITY:
    'Run `compose index`, since the index and the mirror differ, or name another mirror with --mirror.',
};
