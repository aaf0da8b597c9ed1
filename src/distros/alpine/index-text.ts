import { AppError } from '../../model/app-error.ts';
import { BLANK_PACKAGE } from '../../model/blank-package.ts';
import { detached } from '../../model/detached.ts';
import type { IndexPackage } from '../../model/package.ts';
import { UNUSABLE } from '../../model/unusable.ts';
import { fault, type PackageRecord, setField, VERSION_BIT } from './index-fields.ts';

/** Real lines reach 60 KiB (`p:` of a language pack). */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024;
/** UTF-8 has at most three bytes per UTF-16 unit. */
const MAX_LINE_BYTES = 3 * MAX_LINE_CHARACTERS;
/** Alpine's edge has 30,000 packages in all. */
const MAX_PACKAGES = 1_000_000;

/**
 * Parses the text of an APKINDEX, piece by piece: records of `X:value` lines, each ended by a line of at most one character
 * (apk-tools `database.c` apk_db_fdb_read). If a name, version and checksum are repeated, one record is kept. Letters without a
 * field go to `extra`, and so does the reason why a record is unusable (model/unusable.ts); an error is thrown only if apk itself
 * refuses the whole index.
 * @throws AppError BAD_INDEX, LIMIT with the number of the line
 */
export class IndexTextParser {
  readonly #where: string;
  readonly #seen = new Set<string>();
  #packages: IndexPackage[] = [];
  #record: PackageRecord | undefined;
  #line = 0;
  /** Beginning of a line whose end has not come yet */
  #rest: Buffer = NOTHING;

  constructor(where: string) {
    this.#where = where;
  }

  /** Returns the packages that end within the next bytes, which may be cut anywhere. */
  write(bytes: Buffer): readonly IndexPackage[] {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    const rest = bytes.subarray(end);
    if (end === 0) this.#rest = Buffer.concat([this.#rest, rest]);
    else {
      const first =
        this.#rest.length === 0
          ? bytes.subarray(0, end)
          : Buffer.concat([this.#rest, bytes.subarray(0, end)]);
      this.#rest = Buffer.from(rest);
      this.#lines(first.toString('utf8'));
    }
    if (this.#rest.length > MAX_LINE_BYTES) throw this.#tooLong(this.#line + 1, 'more');
    return this.#taken();
  }

  /** Returns the last package, which no empty line needs to end. */
  end(): readonly IndexPackage[] {
    this.#lines(this.#rest.toString('utf8'));
    if (this.#record !== undefined) this.#finish(this.#record);
    return this.#taken();
  }

  #taken(): readonly IndexPackage[] {
    const packages = this.#packages;
    this.#packages = [];
    return packages;
  }

  #lines(text: string): void {
    let position = 0;
    while (position < text.length) {
      const newline = text.indexOf('\n', position);
      const end = newline < 0 ? text.length : newline;
      this.#line += 1;
      if (end - position >= 2) this.#field(text, position, end);
      else {
        if (this.#record !== undefined) this.#finish(this.#record);
        this.#record = undefined;
      }
      position = end + 1;
    }
  }

  #field(text: string, position: number, end: number): void {
    const line = this.#line;
    if (end - position > MAX_LINE_CHARACTERS) throw this.#tooLong(line, `${end - position}`);
    const code = text.charCodeAt(position);
    if (text.charCodeAt(position + 1) !== COLON || code > LAST_ASCII) {
      const got = JSON.stringify(text.slice(position, Math.min(end, position + 60)));
      throw bad(this.#where, line, 'a "X:value" line', got);
    }
    this.#record ??= { draft: { ...BLANK_PACKAGE }, letters: 0, fault: undefined };
    const record = this.#record;
    const value = text.slice(position + 2, end);
    setField(record, code, { value, line });
  }

  #finish({ draft, letters, fault: found }: PackageRecord): void {
    const { name, version } = draft;
    const line = this.#line;
    // Nothing can request a package without a name; apk 3 ignores it, and so does 2.14 if P: is present but empty.
    if (name === '') return;
    if ((letters & VERSION_BIT) === 0) {
      throw bad(this.#where, line, 'a package with a V: before this line', `P:${name}, no V:`);
    }
    const key = detached(`${name} ${version} ${draft.checksum}`);
    if (this.#seen.has(key)) return;
    if (this.#seen.size >= MAX_PACKAGES) {
      throw limit(this.#where, line, `at most ${MAX_PACKAGES} packages`, 'more');
    }
    this.#seen.add(key);
    const unsafe = version === '' || UNSAFE.test(name) || UNSAFE.test(version) || name.startsWith('.');
    const why = unsafe
      ? fault(
          line,
          'a name and version that are allowed in a file name before it',
          JSON.stringify(`${name}-${version}`),
        )
      : found;
    if (why !== undefined)
      draft.extra = { ...draft.extra, [UNUSABLE]: [`its index entry is invalid: ${why}`] };
    draft.fileName = unsafe ? '' : `${name}-${version}.apk`;
    this.#packages.push(draft);
  }

  #tooLong(line: number, got: string): AppError {
    return limit(this.#where, line, `at most ${MAX_LINE_CHARACTERS} characters per line`, got);
  }
}

/** Control characters, blanks and slashes. */
const UNSAFE = /[\0-\x20/\x7f]/;
const NOTHING = Buffer.alloc(0);
const NEWLINE = 0x0a;
const COLON = 0x3a;
const LAST_ASCII = 0x7f;

function bad(where: string, line: number, expected: string, got: string): AppError {
  return new AppError('BAD_INDEX', `${where}: ${fault(line, expected, got)}`, {
    hint: 'Index the repository again or use another mirror with --mirror: the index is damaged or not an apk index.',
    details: { where, line, expected, got },
  });
}

function limit(where: string, line: number, expected: string, got: string): AppError {
  return new AppError('LIMIT', `${where}: ${fault(line, expected, got)}`);
}
