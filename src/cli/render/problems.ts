import { familyOf } from '../../distros/families.ts';
import { largest } from '../../model/lists.ts';
import type { SolveProblem, SolveTerm } from '../../model/package.ts';
import type { ResolutionFailure } from '../../model/resolution-error.ts';
import { count, printableLine } from './format.ts';

/** Number of problems shown without --verbose; --json has all. */
const MAX_PROBLEMS = 10;
const MAX_TERMS = 4;
const MAX_CANDIDATES = 8;
/** Number of links of a chain that are shown: of a longer one, the first two and the last three. */
const MAX_CHAIN = 7;
/** pacman repeats a requirement each time it meets it. */
const MAX_REPORT_LINES = 100;

/**
 * Renders a paragraph for each package or name that cannot be installed: first its name, then the requirements that clash over
 * it, each with its path from the request, then what is available instead.
 */
export function problemLines(
  { distro, problems, report, hint }: ResolutionFailure,
  verbose: boolean,
): readonly string[] {
  const distinct = withoutMirrored(problems);
  const shown = verbose ? distinct : distinct.slice(0, MAX_PROBLEMS);
  const hidden = distinct.length - shown.length;
  const reported = report.slice(0, MAX_REPORT_LINES);
  return [
    ...shown.flatMap((problem) => [
      ...paragraph(problem, verbose),
      ...(problem.hint === '' ? [] : [`hint: ${problem.hint}`]),
    ]),
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
    ...(hidden === 0 ? [] : [`… and ${count(hidden, 'problem')} more; --verbose shows all`]),
    ...(verbose && report.length > 0
      ? [`in ${familyOf(distro).tool}'s words:`, ...reported.map(indented)]
      : []),
    ...(verbose && report.length > reported.length
      ? [indented(`… and ${count(report.length - reported.length, 'line')} more`)]
      : []),
  ].map(printableLine);
}

/** Drops the second report of a conflict, which apk makes at both of its packages. */
function withoutMirrored<Problem extends SolveProblem>(problems: readonly Problem[]): readonly Problem[] {
  const pairs = new Set<string>();
  return problems.filter(({ kind, subject, terms }) => {
    if (kind !== 'conflict') return true;
    const others = terms.filter(({ verdict }) => verdict === 'conflicts').map(({ chain }) => chain.at(-1));
    const isNews = others.length === 0 || others.some((other) => !pairs.has(`${other}\n${subject}`));
    for (const other of others) pairs.add(`${subject}\n${other}`);
    return isNews;
  });
}

function paragraph(problem: SolveProblem, verbose: boolean): readonly string[] {
  const rows = [...termRows(problem, verbose)];
  const headline = headlineOf(problem, rows.length > 0);
  const others = problem.candidates.filter((label) => !headline.includes(label));
  if (others.length > 0) {
    rows.push([problem.kind === 'virtual' ? 'name one of' : 'available', listed(others, verbose), '']);
  }
  return [`error: ${headline}`, ...aligned(rows).map(indented)];
}

/** Words a problem without what the rows below it show: who requires it, or what is available. */
function headlineOf({ kind, subject, requirement, message }: SolveProblem, hasRows: boolean): string {
  if (kind === 'virtual')
    return `${subject} is only provided by packages that are never chosen automatically`;
  if (!hasRows) return message;
  if (kind === 'unknown') return `no such package: ${subject}`;
  if (kind !== 'version') return message;
  return requirement.startsWith('!')
    ? `${subject} is excluded by ${requirement}`
    : `${subject} does not satisfy ${requirement}`;
}

type Row = readonly [verdict: string, requirement: string, chain: string];

const VERDICTS: Readonly<Record<SolveTerm['verdict'], string>> = {
  breaks: 'must satisfy',
  conflicts: 'in conflict',
  satisfies: 'needed as',
  requires: 'needed as',
  depends: 'depends on',
};

/** Lists the requirements by verdict, the shortest chain first; empty if the message says everything. */
function termRows({ terms }: SolveProblem, verbose: boolean): readonly Row[] {
  const relevant = terms.filter(({ verdict }) => verdict !== 'depends');
  if (relevant.length < 2 && relevant.every(({ chain }) => chain.length < 2)) return [];
  const groups = Map.groupBy(relevant, ({ verdict }) => verdict);
  return [...groups].flatMap(([verdict, group]) => {
    const sorted = group.toSorted((a, b) => a.chain.length - b.chain.length);
    const shown = verbose ? sorted : sorted.slice(0, MAX_TERMS);
    const rows = shown.map(({ requirement, chain }, index): Row => {
      const label = verdict === 'breaks' && requirement.startsWith('!') ? 'excluded by' : VERDICTS[verdict];
      const isSame = shown[index - 1]?.requirement === requirement;
      return [index === 0 ? label : '', isSame ? '' : requirement, chainText(chain, verbose)];
    });
    const hidden = group.length - shown.length;
    return hidden === 0 ? rows : [...rows, ['', '', `… and ${hidden} more`] as const];
  });
}

/** Renders a chain: `you → git-2.43.0-r0 → curl-8.5.0-r0`. */
function chainText(chain: readonly string[], verbose: boolean): string {
  const links = chain.map((link, index) => (index === 0 && link === 'world' ? 'you' : link));
  const hidden = links.length - 5;
  if (verbose || links.length <= MAX_CHAIN) return links.join(' → ');
  return [...links.slice(0, 2), `… ${hidden} more …`, ...links.slice(-3)].join(' → ');
}

function listed(labels: readonly string[], verbose: boolean): string {
  const shown = verbose ? labels : labels.slice(0, MAX_CANDIDATES);
  const hidden = labels.length - shown.length;
  return `${shown.join(', ')}${hidden === 0 ? '' : ` and ${hidden} more`}`;
}

/** A cell is padded to at most so many columns, so that one long name does not push the others away. */
const MAX_PADDING = 40;

function aligned(rows: readonly Row[]): readonly string[] {
  const width = (column: 0 | 1, among: readonly Row[]): number =>
    Math.min(largest(among.map((row) => row[column].length)), MAX_PADDING);
  const first = width(0, rows);
  const second = width(
    1,
    rows.filter((row) => row[2] !== ''),
  );
  return rows.map(([verdict, requirement, chain]) =>
    `${verdict.padEnd(first)}  ${requirement.padEnd(second)}  ${chain}`.trimEnd(),
  );
}

function indented(line: string): string {
  return `  ${line}`;
}
