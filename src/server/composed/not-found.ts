import { type AppError, type ErrorCode, isAppError } from '../../model/app-error.ts';
import type { SolveProblem } from '../../model/package.ts';
import type { Alternatives, ElsewhereEntry } from '../../model/resolution-error.ts';
import { HttpError } from '../http/http-error.ts';
import { escapeWord } from './escape.ts';
import { imageName, type NamedImage } from './names.ts';

/** Failures of a request: what was asked for cannot be had, now or later. Clients show the messages of these only as 404. */
const OF_THE_REQUEST: readonly ErrorCode[] = [
  'UNKNOWN_PACKAGE',
  'UNSATISFIABLE',
  'NOT_FOUND',
  'CONFLICT',
  'UNSUPPORTED',
  'USAGE',
];

/** Tells whether there is no such image, rather than no way to make it just now. */
export function isNoImage(error: unknown): error is AppError {
  return isAppError(error) && OF_THE_REQUEST.includes(error.code);
}

/** Makes the 404 for an image that cannot be: what is wrong in the package manager's words, and what there is instead. */
export function noImage(named: NamedImage, error: AppError): HttpError {
  const problems = (error.details.problems ?? []) as readonly (SolveProblem & Alternatives)[];
  const advice =
    problems.length === 0 ? [error.hint ?? ''] : problems.flatMap((problem) => adviceOn(named, problem));
  const text = [error.message.replaceAll('\n', '; '), ...new Set(advice)]
    .filter((part) => part !== '')
    .join('. ');
  return noSuch(`${where(named)}: ${text}`, error);
}

/** Makes the 404 with a message. */
export function noSuch(text: string, cause?: unknown): HttpError {
  return new HttpError(404, 'MANIFEST_UNKNOWN', text, { cause });
}

function where({ distro, release }: NamedImage): string {
  return release === '' ? distro : `${distro} ${release}`;
}

function adviceOn(
  named: NamedImage,
  { nearest, providers, elsewhere }: SolveProblem & Alternatives,
): readonly string[] {
  const names = nearest.map((name) => escapeWord(name, 'name'));
  return [
    ...(names.length === 0 ? [] : [`Did you mean ${names.join(' or ')}?`]),
    ...providers.map((entry) => `${entry.by} is in ${entry.package}`),
    ...elsewhere.map((entry) => place(named, entry)),
  ];
}

/** Where else a package is: as the name of an image, if that says it all. */
function place(named: NamedImage, entry: ElsewhereEntry): string {
  const { package: label, distro, release, repository, architecture } = entry;
  const name = imageName({ ...named, distro, release, packages: [] });
  return `${label} is in ${name} (${repository}, ${architecture})`;
}
