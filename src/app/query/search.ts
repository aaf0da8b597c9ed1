import type { SearchRow } from '../../catalog/search.ts';
import { AppError } from '../../model/app-error.ts';
import { isGlob } from '../../model/glob.ts';
import type { FoundPackage, SearchReport } from '../../model/package-report.ts';
import type { SourceOptions } from '../../model/request.ts';
import { cachedDigests } from '../archives/indexed-archives.ts';
import type { Context } from '../context.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { withLookup } from '../repositories/open-lookup.ts';
import { nearestNames } from '../settings/nearest.ts';
import { byExpression, byGlob, byWord, type Match, type Matches } from './search-match.ts';

/** A longer query is pasted by mistake; every word costs a pass over all names. */
const MAX_WORDS = 16;
const MAX_WORD_LENGTH = 256;
const MAX_NEAREST = 5;

/** Request of `search`. */
export interface SearchRequest {
  readonly source: SourceOptions;
  /** All must match; a word with `*`, `?` or `[` is a glob */
  readonly words: readonly string[];
  /** The words are regular expressions (ECMAScript, any case) */
  readonly regex: boolean;
  /** Maximum number of packages in the report; Infinity: all */
  readonly limit: number;
}

/** Finds packages by name, provided names and description, best first. @throws AppError USAGE, LIMIT; as ensureIndexed */
export async function search(context: Context, request: SearchRequest): Promise<SearchReport> {
  check(request.words);
  return withLookup(context, request.source, (lookup) => {
    const { total, best } = matchAll(context, lookup, request);
    if (total === 0) return { total: 0, packages: [], nearest: nearest(context, lookup, request) };
    const packages = best.flatMap(([id, match]) => {
      const row = context.catalog.search.row(id);
      return row === undefined ? [] : [foundPackage(context, lookup, { row, match })];
    });
    return { total, packages, nearest: [] };
  });
}

function check(words: readonly string[]): void {
  const long = words.find((word) => word.length > MAX_WORD_LENGTH);
  if (words.length <= MAX_WORDS && long === undefined) return;
  throw new AppError(
    'USAGE',
    `expected at most ${MAX_WORDS} words of at most ${MAX_WORD_LENGTH} characters, got ${long === undefined ? `${words.length} words` : `one of ${long.length}`}`,
  );
}

type Found = [id: number, match: Match];

/**
 * Finds packages that match all words.
 * @returns their number, and the best ones first: by the sum over the words, then in the order of repositories and packages
 */
function matchAll(
  context: Context,
  { repositories }: Lookup,
  { words, regex, limit }: SearchRequest,
): { readonly total: number; readonly best: readonly Found[] } {
  const byGrade: Found[][] = [];
  let total = 0;
  for (const { row } of repositories) {
    const perWord = words.map((word): Matches => {
      if (regex) return byExpression(context.catalog.search, row.id, word);
      return isGlob(word)
        ? byGlob(context.catalog.search, row.id, word)
        : byWord(context.catalog.search, row.id, word);
    });
    const [first, ...others] = perWord as [Matches, ...Matches[]];
    for (const [id, own] of first) {
      const match = others.reduce<Match | undefined>((known, other) => sum(known, other.get(id)), own);
      if (match === undefined) continue;
      total += 1;
      byGrade[match.grade] ??= [];
      byGrade[match.grade]?.push([id, match]);
    }
  }
  // Most matches of a short word are never shown, and need no order.
  const best: Found[] = [];
  for (const found of byGrade) {
    if (best.length >= limit) break;
    for (const entry of found?.sort(byTie) ?? []) best.push(entry);
  }
  return { total, best: best.slice(0, limit) };
}

function byTie([, a]: Found, [, b]: Found): number {
  return a.tie - b.tie || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function sum(a: Match | undefined, b: Match | undefined): Match | undefined {
  if (a === undefined || b === undefined) return undefined;
  return {
    grade: a.grade + b.grade,
    tie: a.tie + b.tie,
    name: a.name || b.name,
    provides: [...a.provides, ...b.provides],
  };
}

function foundPackage(
  context: Context,
  { sources, repositories }: Lookup,
  { row, match }: { row: SearchRow; match: Match },
): FoundPackage {
  const repository = repositories.find((candidate) => candidate.row.id === row.repositoryId);
  return {
    name: row.name,
    version: row.version,
    repository: repository?.spec.name ?? '',
    description: row.description,
    provides: [...new Set(match.provides)],
    cached: !cachedDigests(context, sources, [{ ...row, sizeBytes: 0 }]).includes(undefined),
  };
}

function nearest(context: Context, { repositories }: Lookup, { words }: SearchRequest): readonly string[] {
  const names = context.catalog.packages.names(repositories.map(({ row }) => row));
  const near = words.flatMap((word) => nearestNames(word.toLowerCase(), names, MAX_NEAREST));
  return [...new Set(near)].slice(0, MAX_NEAREST);
}
