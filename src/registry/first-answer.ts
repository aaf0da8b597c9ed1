import { connectTimeoutMs } from '../fetch/connections.ts';
import type { Progress } from '../model/progress.ts';

/** Registries that are there answer sooner, and nobody wonders for that long. */
const SILENCE_MS = 500;

/** Watches the requests to a registry until it has answered one, and notes once if no answer comes soon: connecting may take seconds. */
export function watchFirstAnswer(
  domain: string,
  progress: Progress | undefined,
): <T>(request: () => Promise<T>) => Promise<T> {
  let done = false;
  return async (request) => {
    if (done) return request();
    const seconds = connectTimeoutMs(process.env) / 1000;
    const timer = setTimeout(() => {
      if (!done) progress?.note(`${domain}: no answer yet; a connection may take up to ${seconds} s`);
      done = true;
    }, SILENCE_MS);
    try {
      const answer = await request();
      done = true;
      return answer;
    } finally {
      clearTimeout(timer);
    }
  };
}
