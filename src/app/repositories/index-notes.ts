import type { RepositoryRow } from '../../catalog/repositories.ts';
import { redactUrl } from '../../fetch/url.ts';
import type { Context } from '../context.ts';
import type { FoundIndex } from '../sources/indexed-repository.ts';

/** A cached index that is used because no mirror answered. */
export interface UnreachableIndex {
  readonly name: string;
  readonly known: { readonly lastModified: string } | undefined;
  /** Why no mirror answered, in one line */
  readonly reason: string;
  /** Used if the mirror gave no date */
  readonly date?: string | undefined;
}

/** Notes that no mirror answered, and the date of the cached index that is used instead. */
export function noteUnreachable(
  { progress }: Context,
  { name, known, reason, date }: UnreachableIndex,
): void {
  const shown = dateOf(Date.parse(known?.lastModified ?? '')) ?? date;
  const index = shown === undefined ? 'index of an unknown date' : `index of ${shown}`;
  progress.note(`${name}: mirror unreachable; using the cached ${index} (${reason})`);
}

/** An index and the one that it replaces. */
export interface ReplacedIndex {
  readonly name: string;
  readonly found: FoundIndex;
  /** Build time of the newest package that the catalog had before, in seconds since the epoch */
  readonly newestBefore: number;
  /** Id of the repository */
  readonly id: number;
}

/**
 * Notes that an index is older than the one it replaces. A signature never expires, so that a mirror with last year's index hides
 * fixes since then. The index is accepted all the same, as by apk and pacman.
 */
export function noteOlder({ catalog, progress }: Context, index: ReplacedIndex): void {
  const { name, found, newestBefore: was, id } = index;
  const is = catalog.repositories.newestBuild(id);
  if (is >= was) return;
  const newest = (seconds: number) => (seconds === 0 ? 'none with a date' : timeOf(seconds));
  progress.note(
    `${name}: the index from ${redactUrl(found.url)} is older than the cached one: its newest package was built ${newest(is)}, that of the cached one ${newest(was)}`,
  );
}

/** Returns the day of an index's newest package, `2026-11-29`; undefined if no package has a date. */
export function newestDate({ catalog }: Context, { id }: RepositoryRow): string | undefined {
  const seconds = catalog.repositories.newestBuild(id);
  return seconds === 0 ? undefined : dateOf(seconds * 1000);
}

/** Formats seconds since the epoch: `2026-11-29 22:14 UTC`. */
function timeOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `${seconds} seconds after 1970`;
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Formats milliseconds since the epoch: `2026-11-29`. */
function dateOf(ms: number): string | undefined {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, 10);
}
