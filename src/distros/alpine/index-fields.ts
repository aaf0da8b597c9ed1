import type { IndexPackage } from '../../model/package.ts';

type Draft = { -readonly [Key in keyof IndexPackage]: IndexPackage[Key] };

const NONE: readonly string[] = [];

/** A package of which more lines may come. */
export interface PackageRecord {
  readonly draft: Draft;
  /** A bit for each letter seen (bitOf) */
  letters: number;
  /** The first reason why the package cannot be used; undefined: none */
  fault: string | undefined;
}

/** A bit for each letter with a single value; 0 for lists, which apk joins, and for letters without a field. */
const BITS = new Uint16Array(0x80);
for (const [index, letter] of [...'CPVASITULomtckq'].entries()) BITS[letter.charCodeAt(0)] = 1 << index;

/** Bit of the letter V in `letters` */
export const VERSION_BIT = BITS[0x56] ?? 0;

/** Sets the field of a line; `code` is its letter's, ASCII. */
export function setField(
  record: PackageRecord,
  code: number,
  { value, line }: { readonly value: string; readonly line: number },
): void {
  const bit = BITS[code] ?? 0;
  if ((record.letters & bit) !== 0)
    record.fault ??= fault(line, `one ${String.fromCharCode(code)}:`, 'a second one');
  record.letters |= bit;
  if (!setText(record.draft, code, value)) setOther(record, code, { value, line });
}

/**
 * Sets a text field. Returns false if the letter is not one, or if the empty value must be kept because apk 2.14 writes it back.
 */
function setText(draft: Draft, code: number, value: string): boolean {
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
  { value, line }: { readonly value: string; readonly line: number },
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

/** Says why a line cannot be used. */
export function fault(line: number, expected: string, got: string): string {
  return `APKINDEX line ${line}: expected ${expected}, got ${got}`;
}
