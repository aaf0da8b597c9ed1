import { AppError } from './app-error.ts';
import type { DistroId, SolveProblem } from './package.ts';

/** A package that meets the request, in a repository of the catalog that the request does not use. */
export interface ElsewhereEntry {
  /** `name-version` */
  readonly package: string;
  readonly distro: DistroId;
  readonly release: string;
  readonly repository: string;
  readonly architecture: string;
  /** Options that make the request use it: `['--release', 'edge']` */
  readonly options: readonly string[];
}

/** Alternatives to a package that cannot be installed. */
export interface Alternatives {
  /** Names most like the unknown one */
  readonly nearest: readonly string[];
  /** Packages that provide the unknown name: `{package: 'git-2.43.0-r0', by: 'cmd:git'}` */
  readonly providers: readonly { readonly package: string; readonly by: string }[];
  readonly elsewhere: readonly ElsewhereEntry[];
  /** All of them in sentences; empty if none is known */
  readonly hint: string;
}

/** Reasons why a request cannot be met. For `--json`, these fields are the error's `details`. */
export interface ResolutionFailure {
  readonly distro: DistroId;
  readonly problems: readonly (SolveProblem & Alternatives)[];
  /** The real tool's own words, one line each; empty if the solver was not run */
  readonly report: readonly string[];
  /** Advice about the request as a whole, in a sentence */
  readonly hint?: string | undefined;
}

/** AppError UNKNOWN_PACKAGE if a name is unknown, else UNSATISFIABLE. */
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
