import type { AppError, ErrorCode } from '../../model/app-error.ts';
import type { VerifyProblem } from '../../model/verify-report.ts';

/** Number of problems of one kind that are listed; one more says how many were left out. */
export const MAX_PROBLEMS_PER_LAYER = 50;

/** Further facts about a problem. */
export interface ProblemFacts {
  readonly hint?: string;
  readonly layer?: number;
  readonly path?: string;
  readonly expected?: string;
  readonly got?: string;
}

/** Makes a problem for the report. */
export function problem(code: ErrorCode, message: string, facts: ProblemFacts = {}): VerifyProblem {
  const { hint = null, layer = null, path = null, expected = null, got = null } = facts;
  return { code, message, hint, layer, path, expected, got };
}

/** Turns the refusal of a layer into a problem whose message begins with the layer. */
export function problemOf({ code, message, hint, details }: AppError, layer: number): VerifyProblem {
  const word = (value: unknown) => (value === undefined ? null : String(value));
  const where = `layer ${layer}`;
  return {
    code,
    message: message.startsWith(where) || message.includes(`of ${where} `) ? message : `${where}: ${message}`,
    hint: hint ?? null,
    layer,
    path: typeof details.path === 'string' ? details.path : null,
    expected: word(details.expected),
    got: word(details.got),
  };
}
