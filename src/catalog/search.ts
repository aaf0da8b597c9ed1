import type Database from 'better-sqlite3';
import { REVISION } from './revisions.ts';

/** A name of a package: its own, or one that it provides. */
export interface NameRow {
  readonly id: number;
  readonly name: string;
}

/** A package in a list of results. */
export interface SearchRow {
  readonly id: number;
  readonly repositoryId: number;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly checksum: string;
}

/** SQLite accepts patterns of 50,000 bytes (sqlite.org/limits.html, 8), a UTF-16 unit is at most three; no name is so long. */
const MAX_FRAGMENT = 16_000;

/** Lookups for a search, each in one repository. Fragments match anywhere, ignoring case (ASCII). */
export class SearchTable {
  readonly #names: Database.Statement<[number, string], NameRow>;
  readonly #provides: Database.Statement<[number, string], NameRow>;
  readonly #range: Database.Statement<[number], { first: number; last: number }>;
  readonly #words: Database.Statement<[string, number, number], { id: number; rank: number }>;
  readonly #descriptions: Database.Statement<[number], { id: number; description: string }>;
  readonly #row: Database.Statement<[number], SearchRow>;

  constructor(database: Database.Database) {
    this.#names = database.prepare(
      `SELECT id, name FROM package WHERE revision = (${REVISION}) AND name LIKE ? ESCAPE '\\'`,
    );
    this.#provides = database.prepare(
      `SELECT package_id AS id, name FROM relation_name
       WHERE revision = (${REVISION}) AND kind = 0 AND name LIKE ? ESCAPE '\\'`,
    );
    this.#range = database.prepare(
      `SELECT first_package AS first, last_package AS last FROM revision WHERE id = (${REVISION})`,
    );
    this.#words = database.prepare(
      'SELECT rowid AS id, rank FROM package_text WHERE package_text MATCH ? AND rowid BETWEEN ? AND ?',
    );
    this.#descriptions = database.prepare(
      `SELECT id, description FROM package WHERE revision = (${REVISION})`,
    );
    this.#row = database.prepare(
      `SELECT package.id, repository.id AS repositoryId, package.name, version, package.description, checksum
       FROM package JOIN repository USING (revision) WHERE package.id = ?`,
    );
  }

  /** Returns package names that contain the fragment. */
  names(repositoryId: number, fragment: string): readonly NameRow[] {
    return fragment.length > MAX_FRAGMENT ? [] : this.#names.all(repositoryId, like(fragment));
  }

  /** Returns provided names that contain the fragment, without versions. */
  provides(repositoryId: number, fragment: string): readonly NameRow[] {
    return fragment.length > MAX_FRAGMENT ? [] : this.#provides.all(repositoryId, like(fragment));
  }

  /**
   * Finds packages whose description has words that begin with this one (a single letter has to be the whole word). `rank` is
   * bm25: lower is better. The word is text, never FTS5 syntax; one without letters and digits matches nothing.
   */
  describedBy(repositoryId: number, word: string): readonly { id: number; rank: number }[] {
    const ids = this.#range.get(repositoryId);
    return ids === undefined ? [] : this.#words.all(phrase(word), ids.first, ids.last);
  }

  descriptions(repositoryId: number): readonly { id: number; description: string }[] {
    return this.#descriptions.all(repositoryId);
  }

  /** Returns a package; undefined if it was removed since its id was found. */
  row(id: number): SearchRow | undefined {
    return this.#row.get(id);
  }
}

function like(fragment: string): string {
  return `%${withoutNul(fragment).replace(/[\\%_]/g, '\\$&')}%`;
}

/** Replaces NUL, since LIKE and MATCH take their patterns as C strings. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', ' ');
}

/** Writes an FTS5 string (sqlite.org/fts5.html, 3.1); from two letters or digits on, as the beginning of a word. */
function phrase(word: string): string {
  const text = withoutNul(word);
  return `"${text.replaceAll('"', '""')}"${/[\p{L}\p{N}]{2}$/u.test(text) ? '*' : ''}`;
}
