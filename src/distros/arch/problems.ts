import type { CatalogPackage, IndexPackage, SolveProblem, SolveTerm } from '../../model/package.ts';
import { type Relation, relationText } from './relation.ts';
import { fullName, type Session } from './session.ts';

/** A problem with the line that pacman prints for it. */
export interface Failure {
  readonly problem: SolveProblem;
  readonly line: string;
}

/** A transaction that pacman would refuse, with the lines that it would print. */
export interface FailedChange {
  readonly ok: false;
  readonly problems: readonly SolveProblem[];
  readonly report: readonly string[];
}

/** Head of every chain of requirements: the request itself. */
export const WORLD = 'world';

/** Makes a failure before the transaction: targets that do not exist or exclude each other. */
export function failTargets(failures: readonly Failure[]): FailedChange {
  return {
    ok: false,
    problems: failures.map(({ problem }) => problem),
    report: failures.map(({ line }) => `error: ${line}`),
  };
}

/**
 * Makes a failure of preparing the transaction.
 * @param why libalpm's text for the error code
 * @param lines pacman's lines for single problems
 */
export function failTransaction(
  why: string,
  problems: readonly SolveProblem[],
  lines: readonly string[],
): FailedChange {
  const report = [`error: failed to prepare transaction (${why})`, ...lines.map((line) => `:: ${line}`)];
  return { ok: false, problems, report };
}

/** Makes a problem whose requirement and chain are those of its first term. */
export function problem(
  facts: Pick<SolveProblem, 'kind' | 'subject' | 'message'> & { readonly candidates?: readonly string[] },
  terms: readonly [SolveTerm, ...SolveTerm[]],
): SolveProblem {
  const [{ requirement, chain }] = terms;
  return { candidates: [], ...facts, requirement, chain, terms };
}

/** Explains that a target is for another architecture than the request's. */
export function explainArchitecture(entry: CatalogPackage, expected: string): Failure {
  return {
    problem: problem(
      {
        kind: 'uninstallable',
        subject: fullName(entry),
        message: `${fullName(entry)} is for ${entry.architecture}: expected ${expected} or any`,
        candidates: [fullName(entry)],
      },
      [{ verdict: 'depends', requirement: entry.name, chain: [WORLD] }],
    ),
    line: `package ${fullName(entry)}-${entry.architecture} does not have a valid architecture`,
  };
}

/** Explains that a package has an unusable index entry; libalpm notices this last, when it determines the downloads. */
export function explainUnusable(
  entry: CatalogPackage,
  why: string,
  because: { readonly requirement: string; readonly chain: readonly string[] },
): SolveProblem {
  return problem(
    {
      kind: 'uninstallable',
      subject: fullName(entry),
      message: `${fullName(entry)} cannot be installed: ${why}`,
      candidates: [fullName(entry)],
    },
    [{ verdict: 'depends', ...because }],
  );
}

/** A package that would meet a requirement, and the package that takes its place. */
export interface Displaced {
  readonly old: IndexPackage;
  readonly by: IndexPackage;
}

/** A requirement that nothing in the transaction meets. */
export interface Unmet {
  readonly wanted: Relation;
  /** Chains of packages that lead to the requirement, outermost first */
  readonly chains: readonly (readonly string[])[];
  /** Number of packages with the requirement besides those in `chains` */
  readonly more: number;
  readonly displaced: Displaced | undefined;
}

/**
 * Explains why a requirement is not met: nothing provides it, or only packages that gave way, are ignored or have another
 * version.
 */
export function explainMissing({ wanted, chains, more, displaced }: Unmet, session: Session): SolveProblem {
  const requirement = relationText(wanted);
  const considered = session.databases.considered(wanted.name);
  const meeting = session.databases.candidates(wanted);
  const others = chains.length + more - 1;
  const asker = chains[0]?.at(-1) ?? WORLD;
  const asks = `${asker}${others === 0 ? ' requires' : ` and ${others} more require`} ${requirement}`;
  const subject = displaced?.old ?? meeting[0] ?? considered[0];
  const isMet = displaced !== undefined || meeting.length > 0;
  const verdict = subject === undefined ? 'requires' : isMet ? 'satisfies' : 'breaks';
  const terms = chains.map((chain): SolveTerm => ({ verdict, requirement, chain }));
  return problem(
    {
      subject: subject === undefined ? wanted.name : fullName(subject),
      candidates: considered.map(fullName),
      ...obstacle(),
    },
    terms as [SolveTerm, ...SolveTerm[]],
  );

  function obstacle(): Pick<SolveProblem, 'kind' | 'message'> {
    if (displaced !== undefined) {
      const { old, by } = displaced;
      return {
        kind: 'conflict',
        message: `${asks}, but ${fullName(by)} is installed instead of ${fullName(old)}`,
      };
    }
    if (considered.length === 0) return { kind: 'unknown', message: `${asks}, which nothing provides` };
    if (meeting.length > 0) {
      return { kind: 'masked', message: `${asks}, but ${list(meeting.map(fullName))} is ignored` };
    }
    const had = list(considered.map((entry) => labelOf(entry, wanted.name, session)));
    return { kind: 'version', message: `${asks}, but only ${had} is available` };
  }
}

/** Returns libalpm's line for a requirement that is not met. */
export function missingLine(requirer: string, wanted: Relation): string {
  return `unable to satisfy dependency '${relationText(wanted)}' required by ${requirer}`;
}

/** An installed package with a requirement that the transaction would break. */
export interface Broken {
  readonly requirer: IndexPackage;
  readonly wanted: Relation;
  /** Package that met the requirement so far */
  readonly lost: IndexPackage;
  /** Package that takes its place; undefined: it is removed */
  readonly by: CatalogPackage | undefined;
}

/** Explains that the transaction would break an installed package. */
export function explainBroken({ requirer, wanted, lost, by }: Broken): Failure {
  const requirement = relationText(wanted);
  const cause = by === undefined ? `removing ${lost.name}` : `installing ${lost.name} (${by.version})`;
  return {
    problem: problem(
      {
        kind: 'version',
        subject: fullName(by ?? lost),
        message: `${cause} breaks ${requirement}, which the installed ${fullName(requirer)} requires`,
      },
      [{ verdict: 'breaks', requirement, chain: [WORLD, fullName(requirer)] }],
    ),
    line: `${cause} breaks dependency '${requirement}' required by ${requirer.name}`,
  };
}

/** Two packages in conflict. */
export interface Clash {
  readonly first: IndexPackage;
  readonly second: IndexPackage;
  readonly conflict: Relation;
  /** The one that has the conflict in its `conflicts` */
  readonly asker: 'first' | 'second';
  /** Whether the second is installed and stays */
  readonly installed: boolean;
}

/**
 * Explains a conflict of two packages.
 * @param because returns the requirement and chain that brought a package into the transaction
 */
export function explainClash(
  { first, second, conflict, asker, installed }: Clash,
  because: (entry: IndexPackage) => { readonly requirement: string; readonly chain: readonly string[] },
): Failure {
  const requirement = relationText(conflict);
  const reason = conflict.operator === '' ? '' : ` (${requirement})`;
  const line = `${fullName(first)} and ${fullName(second)} are in conflict${reason}`;
  const [by, subject] = asker === 'first' ? [first, second] : [second, first];
  const wanted = because(subject);
  return {
    problem: problem(
      {
        kind: 'conflict',
        subject: fullName(subject),
        message: installed ? `${line}; ${fullName(second)} is installed` : line,
        candidates: [fullName(first), fullName(second)],
      },
      [
        { verdict: 'conflicts', requirement, chain: [...because(by).chain, fullName(by)] },
        { verdict: 'satisfies', ...wanted },
      ],
    ),
    line,
  };
}

/** Returns a package's name and version or, if it only provides `name`, these followed by the matching provides. */
export function labelOf(entry: IndexPackage, name: string, { relations }: Session): string {
  if (entry.name === name) return fullName(entry);
  const provided = entry.provides.filter((text) => relations.get(text).name === name);
  return `${fullName(entry)} (provides ${provided.join(', ')})`;
}

const MAX_LISTED = 5;

/** Joins the first names and says how many more there are. */
export function list(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED).join(', ');
  return names.length > MAX_LISTED ? `${shown} and ${names.length - MAX_LISTED} more` : shown;
}
