import type { NameRow, SearchTable } from '../../catalog/search.ts';
import { longestLiteral, matchesGlob } from '../../model/glob.ts';
import { required } from '../../model/required.ts';
import { filterByExpression } from './regular-expression.ts';

/** A package's match of one word. */
export interface Match {
  /** Lower is better (GRADES) */
  readonly grade: number;
  /** Order within a grade, lower is better: length of the name, or bm25 */
  readonly tie: number;
  /** Name that matched, by which equal matches are sorted; empty if a description matched */
  readonly name: string;
  /** Provided names that matched, if its own name does not */
  readonly provides: readonly string[];
}

/** Matches by package id. */
export type Matches = ReadonlyMap<number, Match>;

const GRADES = { exact: 0, prefix: 1, name: 2, providesExactly: 3, provides: 4, description: 5 } as const;

/** Finds a word in names, in provided names, or at the start of words of the description, ignoring case. */
export function byWord(table: SearchTable, repositoryId: number, word: string): Matches {
  const wanted = word.toLowerCase();
  const matches = new Map<number, Match>();
  for (const { id, rank } of table.describedBy(repositoryId, word)) {
    matches.set(id, { grade: GRADES.description, tie: rank, name: '', provides: [] });
  }
  addProvides(matches, table.provides(repositoryId, word), (name) => {
    const lower = name.toLowerCase();
    return lower === wanted || lower.slice(lower.indexOf(':') + 1) === wanted
      ? GRADES.providesExactly
      : GRADES.provides;
  });
  addNames(matches, table.names(repositoryId, word), (name) => {
    const lower = name.toLowerCase();
    if (lower === wanted) return GRADES.exact;
    return lower.startsWith(wanted) ? GRADES.prefix : GRADES.name;
  });
  return matches;
}

/** Finds whole names and whole provided names that match a glob, ignoring case. */
export function byGlob(table: SearchTable, repositoryId: number, glob: string): Matches {
  const pattern = glob.toLowerCase();
  const literal = longestLiteral(pattern);
  const fits = ({ name }: NameRow): boolean => matchesGlob(pattern, name.toLowerCase());
  const matches = new Map<number, Match>();
  addProvides(matches, table.provides(repositoryId, literal).filter(fits), () => GRADES.provides);
  addNames(matches, table.names(repositoryId, literal).filter(fits), () => GRADES.name);
  return matches;
}

/** Finds names, provided names and descriptions that match an expression. @throws AppError USAGE, LIMIT */
export function byExpression(table: SearchTable, repositoryId: number, expression: string): Matches {
  const matches = new Map<number, Match>();
  const names = table.names(repositoryId, '');
  const provides = table.provides(repositoryId, '');
  const descriptions = table.descriptions(repositoryId);
  const [nameHits, providesHits, descriptionHits] = filterByExpression(expression, [
    names.map(({ name }) => name),
    provides.map(({ name }) => name),
    descriptions.map(({ description }) => description),
  ]) as [number[], number[], number[]];
  for (const index of descriptionHits) {
    const { id, description } = required(descriptions, index);
    matches.set(id, { grade: GRADES.description, tie: description.length, name: '', provides: [] });
  }
  const rows = (all: readonly NameRow[], hits: readonly number[]) =>
    hits.map((index) => required(all, index));
  addProvides(matches, rows(provides, providesHits), () => GRADES.provides);
  addNames(matches, rows(names, nameHits), () => GRADES.name);
  return matches;
}

/** Adds rows from worst to best: later ones replace earlier ones. */
function addProvides(
  matches: Map<number, Match>,
  rows: readonly NameRow[],
  gradeOf: (name: string) => number,
): void {
  // One letter matches ten thousands of names: each match is made once, and changed.
  const found = new Map<number, { grade: number; tie: number; name: string; readonly provides: string[] }>();
  for (const { id, name } of rows) {
    const known = found.get(id);
    const grade = gradeOf(name);
    if (known === undefined) {
      const match = { grade, tie: name.length, name, provides: [name] };
      found.set(id, match);
      matches.set(id, match);
      continue;
    }
    known.provides.push(name);
    if (grade < known.grade) known.grade = grade;
    if (name.length < known.tie) {
      known.tie = name.length;
      known.name = name;
    }
  }
}

function addNames(
  matches: Map<number, Match>,
  rows: readonly NameRow[],
  gradeOf: (name: string) => number,
): void {
  for (const { id, name } of rows) {
    matches.set(id, { grade: gradeOf(name), tie: name.length, name, provides: [] });
  }
}
