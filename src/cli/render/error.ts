import { AppError } from '../../model/app-error.ts';
import { ResolutionError } from '../../model/resolution-error.ts';
import { EXIT_BUG, EXIT_CODES, EXIT_SIGTERM } from '../exit-codes.ts';
import { labelled, printable } from './format.ts';
import { problemLines } from './problems.ts';
import { withSourcePlaces } from './source-places.ts';

const ISSUES = 'the project’s issue tracker';

/**
 * Returns the exit code of an error: by the signal if the process was cancelled, by EXIT_CODES for an AppError, otherwise
 * EXIT_BUG.
 */
export function errorExitCode(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) return signal.reason === 'SIGTERM' ? EXIT_SIGTERM : EXIT_CODES.CANCELLED;
  return error instanceof AppError ? EXIT_CODES[error.code] : EXIT_BUG;
}

/** Longer chains are loops or noise. */
const MAX_CAUSES = 8;

function causeLines(error: Error): readonly string[] {
  const out: string[] = [];
  let cause: unknown = error.cause;
  for (let depth = 0; cause !== undefined && depth < MAX_CAUSES; depth += 1) {
    out.push(
      labelled('caused by', cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)),
    );
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return out;
}

function appErrorLines(error: AppError, verbose: boolean): readonly string[] {
  if (error instanceof ResolutionError) return problemLines(error.failure, verbose);
  return [
    labelled('error', error.message),
    ...(error.hint === undefined ? [] : [labelled('hint', error.hint)]),
    ...(verbose ? causeLines(error) : []),
  ];
}

function stackOf(error: unknown): string {
  return error instanceof Error ? withSourcePlaces(error.stack ?? error.message) : String(error);
}

function bugLines(error: unknown): readonly string[] {
  return [
    'error: internal error: this is a bug in pkgcompose',
    ...stackOf(error).split('\n'),
    ...(error instanceof Error ? causeLines(error) : []),
    `hint: Please report it to ${ISSUES}, with the command line and the lines above.`,
  ];
}

/** Renders an error for standard error. */
export function errorText(
  error: unknown,
  options: { readonly verbose: boolean; readonly signal: AbortSignal },
): string {
  if (options.signal.aborted) return 'error: interrupted\n';
  const lines = error instanceof AppError ? appErrorLines(error, options.verbose) : bugLines(error);
  return `${lines.map(printable).join('\n')}\n`;
}

/** Returns the JSON form of an error, for standard output. */
export function errorJson(
  error: unknown,
  signal: AbortSignal,
): { readonly error: Readonly<Record<string, unknown>> } {
  if (signal.aborted) {
    return {
      error: {
        code: 'CANCELLED',
        message: 'interrupted',
        hint: null,
        details: { signal: String(signal.reason) },
      },
    };
  }
  if (error instanceof AppError) {
    const { code, message, hint, details } = error;
    return { error: { code, message, hint: hint ?? null, details } };
  }
  const message = error instanceof Error ? error.message : String(error);
  const stack = stackOf(error);
  return { error: { code: 'BUG', message, hint: `Please report it to ${ISSUES}.`, details: { stack } } };
}
