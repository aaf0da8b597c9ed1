import { AppError, isAppError } from '../../model/app-error.ts';

/**
 * Puts the place (`where`: URL or path) in front of an AppError's message, unless it is there; returns any other error unchanged.
 */
export function located(error: unknown, where: string): unknown {
  if (!isAppError(error) || error.message.startsWith(where)) return error;
  return new AppError(error.code, `${where}: ${error.message}`, {
    cause: error,
    details: error.details,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
