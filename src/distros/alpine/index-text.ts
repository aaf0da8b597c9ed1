import { AppError } from '../../model/app-error.ts';
import { BLANK_PACKAGE } from '../../model/blank-package.ts';
import type { IndexPackage } from '../../model/package.ts';
import { UNUSABLE } from '../../model/unusable.ts';

/** Real lines reach 60 KiB (`p:` of a language pack). */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024;
/** Alpine's edge has 30,000 packages in all. */
const MAX_PACKAGES = 1_000_000;

type Draft = { -readonly [Key in keyof IndexPackage]: IndexPackage[Key] };

const NONE: readonly string[] = [];

/**
 * Parses the text of an APKINDEX: records of `X:value` lines, each ended by a line of at most one character (apk-tools
 * `database.c` apk_db_fdb_read). If a name, version and checksum are repeated, one record is kept. Letters without a field go to
 * `extra`, and so does the reason why a record is unusable (model/unusable.ts); an error is thrown only if apk itself refuses the
 * whole index.
 * @throws AppError BAD_INDEX, LIMIT with the number of the line
 */
export function parseIndexText(text: string, where: string): IndexPackage[] {
  const packages: IndexPackage[] = [];
  const seen = new Set<string>();
  let record: PackageRecord | undefined;
  let line = 0;
  let position = 0;
  while (position < text.length) {
    const newline = text.indexOf('\n', position);
    const end = newline < 0 ? text.length : newline;
    line += 1;
    if (end - position < 2) {
      if (record !== undefined) finish(record, packages, { seen, where, line });
      record = undefined;
    } else {
      if (end - position > MAX_LINE_CHARACTERS) {
        throw limit(where, line, `at most ${MAX_LINE_CHARACTERS} characters per line`, `${end - position}`);
      }
      const code = text.charCodeAt(position);
      if (text.charCodeAt(position + 1) !== COLON || code > LAST_ASCII) {
        throw bad(
          where,
          line,
          'a "X:value" line',
          JSON.stringify(text.slice(position, Math.min(end, position + 60))),
        );
      }
      record ??= { draft: { ...BLANK_PACKAGE }, letters: 0, fault: undefined };
      const value = text.slice(position + 2, end);
      const bit = bitOf(code);
      if ((record.letters & bit) !== 0)
        record.fault ??= fault(line, `one ${text.charAt(position)}:`, 'a second one');
      record.letters |= bit;
      if (!setField(record.draft, code, value)) setOther(record, code, { value, line });
    }
    position = end + 1;
  }
  if (record !== undefined) finish(record, packages, { seen, where, line });
  return packages;
}

interface PackageRecord {
  readonly draft: Draft;
  /** A bit for each letter seen (bitOf) */
  letters: number;
  /** The first reason why the package cannot be used; undefined: none */
  fault: string | undefined;
}

interface Place {
  readonly where: string;
  readonly line: number;
}

function finish(
  { draft, letters, fault: found }: PackageRecord,
  packages: IndexPackage[],
  state: Place & { seen: Set<string> },
): void {
  const { name, version } = draft;
  // Nothing can request a package without a name; apk 3 ignores it, and so does 2.14 if P: is present but empty.
  if (name === '') return;
  if ((letters & bitOf(VERSION)) === 0) {
    throw bad(state.where, state.line, 'a package with a V: before this line', `P:${name}, no V:`);
  }
  const key = `${name} ${version} ${draft.checksum}`;
  if (state.seen.has(key)) return;
  state.seen.add(key);
  const unsafe = version === '' || UNSAFE.test(name) || UNSAFE.test(version) || name.startsWith('.');
  const why = unsafe
    ? fault(
        state.line,
        'a name and version that are allowed in a file name before it',
        JSON.stringify(`${name}-${version}`),
      )
    : found;
  if (why !== undefined) draft.extra = { ...draft.extra, [UNUSABLE]: [`its index entry is invalid: ${why}`] };
  draft.fileName = unsafe ? '' : `${name}-${version}.apk`;
  if (packages.length >= MAX_PACKAGES) {
    throw limit(state.where, state.line, `at most ${MAX_PACKAGES} packages`, 'more');
  }
  packages.push(draft);
}

/** Control characters, blanks and slashes. */
const UNSAFE = /[\0-\x20/\x7f]/;
const COLON = 0x3a;
const VERSION = 0x56;
const LAST_ASCII = 0x7f;

/** Returns a bit for each letter with a single value; 0 for lists, which apk joins, and for letters without a field. */
function bitOf(code: number): number {
  const index = FIELD_LETTERS.indexOf(String.fromCharCode(code));
  return index < 0 ? 0 : 1 << index;
}

const FIELD_LETTERS = 'CPVASITULomtckq';

/**
 * Sets a text field. Returns false if the letter is not one, or if the empty value must be kept because apk 2.14 writes it back.
 */
function setField(draft: Draft, code: number, value: string): boolean {
  switch (code) {
    case 0x43: // C
      draft.checksum = value;
      return true;
    case 0x50: // P
      draft.name = value;
      return true;
    case 0x56: // V
      draft.version = value;
      return true;
    case 0x41: // A
      draft.architecture = value;
      return true;
    case 0x54: // T
      draft.description = value;
      return true;
    case 0x55: // U
      draft.url = value;
      return true;
    case 0x4c: // L
      draft.license = value;
      return true;
    case 0x6f: // o
      draft.origin = value;
      return value !== '';
    case 0x6d: // m
      draft.maintainer = value;
      return value !== '';
    case 0x63: // c
      draft.commit = value;
      return value !== '';
    case 0x44: // D
      draft.depends = joined(draft.depends, value);
      return true;
    case 0x70: // p
      draft.provides = joined(draft.provides, value);
      return true;
    case 0x72: // r
      draft.replaces = joined(draft.replaces, value);
      return true;
    case 0x69: // i
      draft.installIf = joined(draft.installIf, value);
      return true;
    default:
      return false;
  }
}

/** Sets a number, or adds a letter without a field to `extra`. */
function setOther(
  record: PackageRecord,
  code: number,
  { value, line }: { value: string; line: number },
): void {
  const { draft } = record;
  const field = NUMBERS[code];
  if (field === undefined) {
    const letter = String.fromCharCode(code);
    draft.extra = { ...draft.extra, [letter]: [...(draft.extra[letter] ?? []), value] };
    return;
  }
  const number = Number(value);
  if (WHOLE_NUMBER.test(value) && Number.isSafeInteger(number)) draft[field] = number;
  else {
    const expected = `a whole number as ${String.fromCharCode(code)}:`;
    record.fault ??= fault(line, expected, JSON.stringify(value.slice(0, 60)));
  }
}

const WHOLE_NUMBER = /^\d+$/;
const NUMBERS: Readonly<
  Record<number, 'sizeBytes' | 'installedSizeBytes' | 'buildTime' | 'providerPriority' | 'replacesPriority'>
> = {
  83: 'sizeBytes', // S
  73: 'installedSizeBytes', // I
  116: 'buildTime', // t
  107: 'providerPriority', // k
  113: 'replacesPriority', // q
};

function joined(before: readonly string[], value: string): readonly string[] {
  return before.length === 0 ? words(value) : [...before, ...words(value)];
}

function words(value: string): readonly string[] {
  if (value === '') return NONE;
  const list = value.split(' ');
  return list.includes('') ? list.filter((word) => word !== '') : list;
}

function fault(line: number, expected: string, got: string): string {
  return `APKINDEX line ${line}: expected ${expected}, got ${got}`;
}

function bad(where: string, line: number, expected: string, got: string): AppError {
  return new AppError('BAD_INDEX', `${where}: ${fault(line, expected, got)}`, {
    hint: 'Index the repository again or use another mirror with --mirror: the index is damaged or not an apk index.',
    details: { where, line, expected, got },
  });
}

function limit(where: string, line: number, expected: string, got: string): AppError {
  return new AppError('LIMIT', `${where}: ${fault(line, expected, got)}`);
}
