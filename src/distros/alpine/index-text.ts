import { AppError } from '../../model/app-error.ts';
import { BLANK_PACKAGE } from '../../model/blank-package.ts';
import type { IndexPackage } from '../../model/package.ts';

/** Real lines reach 60 KiB (`p:` of a language pack); a longer one is no index. */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024;
/** Alpine's edge has 30,000 packages in all. */
const MAX_PACKAGES = 1_000_000;

type Draft = { -readonly [Key in keyof IndexPackage]: IndexPackage[Key] };

const NONE: readonly string[] = [];

/**
 * The text of an APKINDEX: records of `X:value` lines, a blank line after each. A name-version-checksum that is
 * repeated is kept once. Letters without a field go to `extra`.
 * @throws AppError BAD_INDEX, LIMIT with the line
 */
export function parseIndexText(text: string, where: string): IndexPackage[] {
  const packages: IndexPackage[] = [];
  const seen = new Set<string>();
  let draft: Draft | undefined;
  let letters = 0;
  let line = 0;
  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    line += 1;
    if (end === at) {
      if (draft !== undefined) finish(draft, packages, { seen, where, line });
      draft = undefined;
    } else {
      if (end - at > MAX_LINE_CHARACTERS) {
        throw limit(where, line, `at most ${MAX_LINE_CHARACTERS} characters a line`, `${end - at}`);
      }
      if (text.charCodeAt(at + 1) !== COLON) {
        throw bad(where, line, 'a "X:value" line', JSON.stringify(text.slice(at, Math.min(end, at + 60))));
      }
      if (draft === undefined) {
        draft = { ...BLANK_PACKAGE };
        letters = 0;
      }
      const code = text.charCodeAt(at);
      const value = text.slice(at + 2, end);
      const bit = bitOf(code);
      if ((letters & bit) !== 0) throw bad(where, line, `one ${text.charAt(at)}: a package`, 'a second one');
      letters |= bit;
      if (!setField(draft, code, value)) setOther(draft, code, { value, where, line });
    }
    at = end + 1;
  }
  if (draft !== undefined) finish(draft, packages, { seen, where, line });
  return packages;
}

interface Place {
  readonly where: string;
  readonly line: number;
}

function finish(draft: Draft, packages: IndexPackage[], state: Place & { seen: Set<string> }): void {
  const { name, version } = draft;
  if (name === '' || version === '') {
    throw bad(
      state.where,
      state.line,
      'a package with P: and V: before this line',
      `${name === '' ? 'no P:' : `P:${name}`}, ${version === '' ? 'no V:' : `V:${version}`}`,
    );
  }
  if (UNSAFE.test(name) || UNSAFE.test(version) || name.startsWith('.')) {
    throw bad(
      state.where,
      state.line,
      'a name and version that can be a file name',
      JSON.stringify(`${name}-${version}`),
    );
  }
  const key = `${name} ${version} ${draft.checksum}`;
  if (state.seen.has(key)) return;
  state.seen.add(key);
  draft.fileName = `${name}-${version}.apk`;
  if (packages.length >= MAX_PACKAGES) {
    throw limit(state.where, state.line, `at most ${MAX_PACKAGES} packages`, 'more');
  }
  packages.push(draft);
}

/** Control characters, blanks and slashes. */
const UNSAFE = /[\0-\x20/\x7f]/;
const COLON = 0x3a;

/** One bit a letter of a single value; 0 for lists, which apk joins, and for letters without a field. */
function bitOf(code: number): number {
  const index = FIELD_LETTERS.indexOf(String.fromCharCode(code));
  return index < 0 ? 0 : 1 << index;
}

const FIELD_LETTERS = 'CPVASITULomtckq';

/** Text fields; false when the letter is not one. */
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
      return true;
    case 0x6d: // m
      draft.maintainer = value;
      return true;
    case 0x63: // c
      draft.commit = value;
      return true;
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

/** Numbers, and what has no field. */
function setOther(draft: Draft, code: number, at: Place & { value: string }): void {
  switch (code) {
    case 0x53: // S
      draft.sizeBytes = number(at);
      return;
    case 0x49: // I
      draft.installedSizeBytes = number(at);
      return;
    case 0x74: // t
      draft.buildTime = number(at);
      return;
    case 0x6b: // k
      draft.providerPriority = number(at);
      return;
    case 0x71: // q
      draft.replacesPriority = number(at);
      return;
    default: {
      const letter = String.fromCharCode(code);
      draft.extra = { ...draft.extra, [letter]: [...(draft.extra[letter] ?? []), at.value] };
    }
  }
}

function number(at: Place & { value: string }): number {
  const value = Number(at.value);
  if (!Number.isSafeInteger(value) || value < 0 || at.value === '') {
    throw bad(at.where, at.line, 'a whole number', JSON.stringify(at.value.slice(0, 60)));
  }
  return value;
}

function joined(before: readonly string[], value: string): readonly string[] {
  return before.length === 0 ? words(value) : [...before, ...words(value)];
}

function words(value: string): readonly string[] {
  if (value === '') return NONE;
  const list = value.split(' ');
  return list.includes('') ? list.filter((word) => word !== '') : list;
}

function bad(where: string, line: number, expected: string, got: string): AppError {
  return new AppError('BAD_INDEX', `${where}: APKINDEX line ${line}: expected ${expected}, got ${got}`, {
    hint: 'The index is damaged or is no apk index; index the repository again or name another mirror with --mirror.',
    details: { where, line, expected, got },
  });
}

function limit(where: string, line: number, expected: string, got: string): AppError {
  return new AppError('LIMIT', `${where}: APKINDEX line ${line}: expected ${expected}, got ${got}`);
}
