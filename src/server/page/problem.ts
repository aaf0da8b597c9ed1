import { AppError } from '../../model/app-error.ts';
import type { ResolutionFailure } from '../../model/resolution-error.ts';
import { httpError } from '../http/http-error.ts';
import { type Html, html } from './html.ts';
import { hrefOf, type Visit } from './visit.ts';

/** An error in words for people. */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
  /** What to do; undefined: nothing is known */
  readonly advice: Html | undefined;
}

const MAX_LINES = 10;
const MAX_ADVICE = 8;

/** Words an error. What is available instead becomes links; hints for the command line are left out. */
export function problemOf(error: unknown, visit: Visit): Problem {
  const { status, headers, message, cause } = httpError(error);
  const failure = cause instanceof AppError ? (cause.details as Partial<ResolutionFailure>) : {};
  const problems = failure.problems ?? [];
  if (problems.length === 0) return { status, headers, lines: [message], advice: undefined };
  const names = problems.flatMap(({ nearest = [], providers = [] }) => [
    ...nearest,
    ...providers.map(({ package: label }) => label.replace(/-[^-]+-[^-]+$/, '')),
  ]);
  const elsewhere = problems.flatMap((problem) => problem.elsewhere ?? []);
  return {
    status,
    headers,
    lines: problems.slice(0, MAX_LINES).map((problem) => problem.message),
    advice: html`${names.length > 0 && alternatives(visit, [...new Set(names)])}${
      elsewhere.length > 0 &&
      html`<p>It is in ${[...new Set(elsewhere.map(({ distro, release }) => `${distro} ${release}`))].slice(0, MAX_ADVICE).join(', ')}.</p>`
    }`,
  };
}

function alternatives(visit: Visit, names: readonly string[]): Html {
  return html`<p>Did you mean ${names
    .slice(0, MAX_ADVICE)
    .map(
      (name, index) => html`${index > 0 && ', '}<a href="${hrefOf('/package', visit, { name })}">${name}</a>`,
    )}?</p>`;
}
