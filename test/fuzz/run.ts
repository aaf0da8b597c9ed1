import { Undecided } from '../../src/distros/shared/shell/undecided.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { mutated, type Random } from './mutate.ts';
import type { FuzzedReader } from './reader.ts';

/** A sound reader takes milliseconds; this much is a fault even on a busy machine. */
export const MAX_MS = 10_000;
/** The process with all readers takes 200 MiB. */
export const MAX_RSS_BYTES = 1024 * 1024 * 1024;

export interface Failure {
  readonly reader: string;
  readonly input: Buffer;
  readonly problem: string;
}

/** The next input of a reader. */
export function nextInput({ samples, wrap }: FuzzedReader, random: Random): Buffer {
  const bytes = mutated(samples, random);
  return wrap === undefined ? bytes : wrap(bytes);
}

/** What is wrong with how the reader took the input: another error than AppError and Undecided, too slow, too large. */
export async function tryInput(reader: FuzzedReader, input: Buffer): Promise<Failure | undefined> {
  const failed = (problem: string): Failure => ({ reader: reader.name, input, problem });
  const began = performance.now();
  try {
    await reader.read(input);
  } catch (error) {
    if (!isAppError(error) && !(error instanceof Undecided)) {
      return failed(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
  const tookMs = performance.now() - began;
  if (tookMs > MAX_MS) return failed(`took ${Math.round(tookMs)} ms`);
  const { rss } = process.memoryUsage();
  if (rss > MAX_RSS_BYTES) return failed(`the process has grown to ${Math.round(rss / 2 ** 20)} MiB`);
  return undefined;
}
