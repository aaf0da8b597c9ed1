import { isAppError } from '../../model/app-error.ts';
import { HttpError } from '../http/http-error.ts';

/** Seconds after which a client may try again. */
const RETRY_AFTER = { 'retry-after': '5' };

/** Whether the registry behind answers, as its last request showed. */
export class RegistryHealth {
  #problem: string | undefined;

  /** What is wrong; undefined: nothing */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Runs requests to the registry, and remembers how they ended.
   * @throws HttpError 503 with Retry-After if the registry does not answer or refuses the login; else what `work` throws
   */
  async watch<T>(work: () => Promise<T>): Promise<T> {
    try {
      const done = await work();
      this.#problem = undefined;
      return done;
    } catch (error) {
      throw this.translate(error);
    }
  }

  /** Remembers a failure of the registry, and returns the error for the client; other errors are returned as they are. */
  translate(error: unknown): unknown {
    if (!isAppError(error, 'NETWORK') && !isAppError(error, 'AUTH')) return error;
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    this.#problem = `${error.message}${hint}`;
    return new HttpError(503, 'UNAVAILABLE', `the registry behind this server: ${error.message}`, {
      headers: RETRY_AFTER,
      cause: error,
    });
  }
}

/** Makes the error for what has to wait until the server is ready. */
export function notReady(why: string): HttpError {
  return new HttpError(503, 'UNAVAILABLE', why, { headers: RETRY_AFTER });
}
