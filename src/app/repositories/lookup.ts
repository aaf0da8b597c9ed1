import type { PackageSource, SolveProblem } from '../../model/package.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { IndexedRepository } from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';

/** The repositories of a request, indexed, and the packages in them. */
export interface Lookup {
  readonly options: SourceOptions;
  readonly sources: Sources;
  /** By rank */
  readonly repositories: readonly IndexedRepository[];
  readonly source: PackageSource;
}

/** Error for a request that cannot be met, before alternatives have been looked for. */
export class Unresolved extends Error {
  readonly problems: readonly SolveProblem[];
  /** The real tool's own words */
  readonly report: readonly string[];
  /** As in ResolutionFailure */
  readonly hint: string | undefined;

  constructor(problems: readonly SolveProblem[], report: readonly string[], hint?: string) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
    this.report = report;
    this.hint = hint;
  }
}
