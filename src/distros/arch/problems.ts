import type { CatalogPackage, IndexPackage, SolveProblem, SolveTerm } from '../../model/package.ts';
import { type Relation, relationText } from './relation.ts';
import { fullName, type Session } from './session.ts';

/** A problem and what pacman prints of it. */
export interface Failure {
  readonly problem: SolveProblem;
  readonly line: string;
}

/** A change that pacman would refuse, with the lines that it would print. */
export interface FailedChange {
  readonly ok: false;
  readonly problems: readonly SolveProblem[];
  readonly report: readonly string[];
}

/** The asker of everything that nobody else asks for. */
export const WORLD = 'world';

/** A failure before the transaction: targets that cannot be found, or not together. */
export function failTargets(failures: readonly Failure[]): FailedChange {
  return {
    ok: false,
    problems: failures.map(({ problem }) => problem),
    report: failures.map(({ line }) => `error: ${line}`),
  };
}

/** `why`: libalpm's words for the error code; `lines`: what it could not do, one a line. */
export function failTransaction(
  why: string,
  problems: readonly SolveProblem[],
  lines: readonly string[],
): FailedChange {
  const report = [`error: failed to prepare transaction (${why})`, ...lines.map((line) => `:: ${line}`)];
  return { ok: false, problems, report };
}

/** A problem, with its first term as its requirement. */
export function problem(
  facts: Pick<SolveProblem, 'kind' | 'subject' | 'message'> & { readonly candidates?: readonly string[] },
  terms: readonly [SolveTerm, ...SolveTerm[]],
): SolveProblem {
  const [{ requirement, chain }] = terms;
  return { candidates: [], ...facts, requirement, chain, terms };
}

/** A target of an architecture that was not asked for. */
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

/** libalpm finds out last, when it adds up what to download. */
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

/** A package that would do, and what is installed in its place. */
export interface Displaced {
  readonly old: IndexPackage;
  readonly by: IndexPackage;
}

/** A requirement that nothing in the transaction meets. */
export interface Unmet {
  readonly wanted: Relation;
  /** Those who have the requirement, each with who asked for it, outermost first */
  readonly chains: readonly (readonly string[])[];
  /** More have it than `chains` tells */
  readonly more: number;
  readonly displaced: Displaced | undefined;
}

/** Why a requirement is not met: nothing provides it, or only what gave way, is ignored or has another version. */
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

/** libalpm's line for a requirement that is not met. */
export function missingLine(requirer: string, wanted: Relation): string {
  return `unable to satisfy dependency '${relationText(wanted)}' required by ${requirer}`;
}

/** An installed package whose requirement the transaction takes away. */
export interface Broken {
  readonly requirer: IndexPackage;
  readonly wanted: Relation;
  /** What met it so far */
  readonly lost: IndexPackage;
  /** What comes in the place of that; undefined: it is removed */
  readonly by: CatalogPackage | undefined;
}

/** An installed package that the transaction would break. */
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
  /** Which of the two has the conflict in its `conflicts` */
  readonly asker: 'first' | 'second';
  /** The second is installed, and to stay */
  readonly installed: boolean;
}

/** `because`: how a package came to be wanted, for one that nobody asked for by name. */
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

/** A provider with what it provides of the name: it may be without a version. */
export function labelOf(entry: IndexPackage, name: string, { relations }: Session): string {
  if (entry.name === name) return fullName(entry);
  const provided = entry.provides.filter((text) => relations.get(text).name === name);
  return `${fullName(entry)} (provides ${provided.join(', ')})`;
}

const MAX_LISTED = 5;

/** Some names, and how many more there are. */
export function list(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED).join(', ');
  return names.length > MAX_LISTED ? `${shown} and ${names.length - MAX_LISTED} more` : shown;
}
