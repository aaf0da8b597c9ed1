import { AppError } from './app-error.ts';
import type { DistroId, SolveProblem } from './package.ts';

/** A package that meets what was asked for, in a repository of the catalog that the request does not use. */
export interface ElsewhereEntry {
  /** `name-version` */
  readonly package: string;
  readonly distro: DistroId;
  readonly release: string;
  readonly repository: string;
  readonly architecture: string;
  /** Words that make the request use it: `['--release', 'edge']` */
  readonly options: readonly string[];
}

/** Alternatives to what cannot be installed. */
export interface Alternatives {
  /** Names most like the unknown one */
  readonly nearest: readonly string[];
  /** Packages that provide the unknown name as something: `{package: 'git-2.43.0-r0', by: 'cmd:git'}` */
  readonly providers: readonly { readonly package: string; readonly by: string }[];
  readonly elsewhere: readonly ElsewhereEntry[];
  /** All of it in sentences; empty: nothing is known */
  readonly hint: string;
}

/** Why a request cannot be met. Its `details`, for `--json`, are these fields. */
export interface ResolutionFailure {
  readonly distro: DistroId;
  readonly problems: readonly (SolveProblem & Alternatives)[];
  /** The real tool's own words, a line each; empty where the solver was not asked */
  readonly report: readonly string[];
  /** About the request as a whole, in a sentence */
  readonly hint?: string | undefined;
}

/** AppError UNKNOWN_PACKAGE where a name is unknown, else UNSATISFIABLE. */
export class ResolutionError extends AppError {
  readonly failure: ResolutionFailure;

  constructor(failure: ResolutionFailure) {
    const { problems } = failure;
    const hints = [...new Set([...problems.map(({ hint }) => hint), failure.hint ?? ''])].filter(
      (hint) => hint !== '',
    );
    super(
      problems.some(({ kind }) => kind === 'unknown') ? 'UNKNOWN_PACKAGE' : 'UNSATISFIABLE',
      problems.map(({ message }) => message).join('\n'),
      { ...(hints.length === 0 ? {} : { hint: hints.join('\n') }), details: { ...failure } },
    );
    this.failure = failure;
  }
}
