import { AppError } from '../model/app-error.ts';
import { EXIT_BUG, EXIT_CODES, EXIT_SIGTERM } from './exit-codes.ts';
import { printable } from './format.ts';

export const ISSUES = 'the project’s issue tracker';

export function errorExitCode(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) return signal.reason === 'SIGTERM' ? EXIT_SIGTERM : EXIT_CODES.CANCELLED;
  return error instanceof AppError ? EXIT_CODES[error.code] : EXIT_BUG;
}

/** Lines for one value of `details`: a list, or a list for each requirement. */
function lists(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    const words = value.map(nameOf).filter((word) => word !== '');
    return words.length === 0 ? [] : [words.join(', ')];
  }
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => lists(inner).map((line) => `${name}: ${line}`));
}

function nameOf(item: unknown): string {
  if (typeof item === 'string') return item;
  const { name, version } = (item ?? {}) as { name?: unknown; version?: unknown };
  if (typeof name !== 'string') return '';
  return typeof version === 'string' ? `${name}-${version}` : name;
}

/** Clashes and missing names, each with who asked for it; what the message already says is not repeated. */
function problemLines(problems: unknown, said: string): readonly string[] {
  if (!Array.isArray(problems)) return [];
  return problems.flatMap((problem: unknown) => {
    const { message, requirement, chain, candidates } = (problem ?? {}) as Record<string, unknown>;
    const asked = Array.isArray(chain) ? chain.filter((link) => link !== 'world').join(' → ') : '';
    const seen = Array.isArray(candidates) ? candidates.join(', ') : '';
    return [
      ...(typeof message === 'string' && !said.includes(message) ? [`  ${message}`] : []),
      ...(asked === '' ? [] : [`  ${requirement} is asked for by: ${asked}`]),
      ...(seen === '' ? [] : [`  ${requirement} could have been: ${seen}`]),
    ];
  });
}

function resolutionLines({ message, hint = '', details }: AppError): readonly string[] {
  const suggested = lists(details.nearest).filter(
    (line) =>
      !line
        .replace(/^[^ ]*: /, '')
        .split(', ')
        .every((name) => hint.includes(name)),
  );
  return [
    ...problemLines(details.problems, message),
    ...suggested.map((line) => `  did you mean: ${line}`),
    ...lists(details.providers).map((line) => `  provided by: ${line}`),
  ];
}

/** Deeper chains are loops or noise. */
const MAX_CAUSES = 8;

function causeLines(error: Error): readonly string[] {
  const out: string[] = [];
  let cause: unknown = error.cause;
  for (let depth = 0; cause !== undefined && depth < MAX_CAUSES; depth += 1) {
    out.push(`caused by: ${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return out;
}

function appErrorLines(error: AppError, verbose: boolean): readonly string[] {
  return [
    `error: ${error.message}`,
    ...resolutionLines(error),
    ...(error.hint === undefined ? [] : [`hint: ${error.hint}`]),
    ...(verbose ? causeLines(error) : []),
  ];
}

function bugLines(error: unknown): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    'error: internal error: this is a bug in pkgcompose',
    ...stack.split('\n'),
    ...(error instanceof Error ? causeLines(error) : []),
    `hint: please report it to ${ISSUES}, with the command line and the lines above`,
  ];
}

/** For standard error. */
export function errorText(
  error: unknown,
  options: { readonly verbose: boolean; readonly signal: AbortSignal },
): string {
  if (options.signal.aborted) return 'error: interrupted\n';
  const lines = error instanceof AppError ? appErrorLines(error, options.verbose) : bugLines(error);
  return `${lines.map(printable).join('\n')}\n`;
}

/** For standard output with --json. */
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
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return { error: { code: 'BUG', message, hint: `please report it to ${ISSUES}`, details: { stack } } };
}
