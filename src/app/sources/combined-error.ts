import { FetchError } from '../../fetch/mirrors.ts';
import { AppError } from '../../model/app-error.ts';

/**
 * Combines several errors about one file, with every message. Code, hint and details are those of the first error about content,
 * else of the first error.
 * @param errors at least one
 */
export function combinedError(errors: readonly AppError[]): AppError {
  const [only, ...others] = errors;
  if (only === undefined) throw new Error('no errors to combine');
  if (others.length === 0) return only;
  const first = errors.find(({ code }) => code !== 'NETWORK' && code !== 'NOT_FOUND') ?? only;
  const message = errors.map((error) => error.message).join('\n');
  const context = { ...(first.hint === undefined ? {} : { hint: first.hint }), cause: first };
  return first instanceof FetchError
    ? new FetchError(first.code, message, { ...context, sources: first.sources })
    : new AppError(first.code, message, { ...context, details: first.details });
}

/** Returns `URL: reason` for every source of a fetch; for any other error, its message on one line. */
export function reasonsOf(error: AppError): readonly string[] {
  return error instanceof FetchError
    ? error.sources.map(({ url, reason }) => `${url}: ${reason}`)
    : [error.message.replaceAll('\n', '; ')];
}
