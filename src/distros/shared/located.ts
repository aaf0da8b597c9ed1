import { AppError, isAppError } from '../../model/app-error.ts';

/** An expected failure with the place that it concerns in front of its message; anything else as it is. */
export function located(error: unknown, where: string): unknown {
  if (!isAppError(error) || error.message.startsWith(where)) return error;
  return new AppError(error.code, `${where}: ${error.message}`, {
    cause: error,
    details: error.details,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
