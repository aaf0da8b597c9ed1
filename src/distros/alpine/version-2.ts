/**
 * Version order of apk 2. Grammar: `digit(.digit)*[letter[digit…]](_suffix[n])*(-rN)?`, without the commit hash of apk 3. Invalid
 * versions are compared as far as they can be read. Source: apk-tools 2.14.0, src/version.c.
 */

const INVALID = -1;
const DIGIT_OR_ZERO = 0;
const DIGIT = 1;
const LETTER = 2;
const SUFFIX = 3;
const SUFFIX_NUMBER = 4;
const REVISION = 5;
const END = 6;

const BEFORE_RELEASE = ['alpha', 'beta', 'pre', 'rc'];
const AFTER_RELEASE = ['cvs', 'svn', 'git', 'hg', 'p'];

/** apk counts in 64 bits and rejects longer numbers. */
const MAX_DIGITS = 18;
/** Numbers up to this many digits are exact as a double; longer ones are BigInts and never equal to those. */
const EXACT_DIGITS = 15;

interface Reader {
  readonly text: string;
  position: number;
  /** Kind of the part that comes next */
  kind: number;
}

/** Compares two versions as apk 2 does. Returns a negative number, zero or a positive one. */
export function compareVersions2(a: string, b: string): number {
  return a === b ? 0 : compare(a, b, false);
}

/** Compares two versions for apk 2's `~`: they are equal if either is a prefix of the other. */
export function compareFuzzy2(a: string, b: string): number {
  return compare(a, b, true);
}

/** Returns whether apk 2 accepts a version (apk_version_validate). */
export function isValidVersion2(version: string): boolean {
  const reader = { text: version, position: 0, kind: DIGIT };
  while (reader.kind !== END && reader.kind !== INVALID) take(reader);
  return reader.kind === END;
}

function compare(a: string, b: string, fuzzy: boolean): number {
  const left: Reader = { text: a, position: 0, kind: DIGIT };
  const right: Reader = { text: b, position: 0, kind: DIGIT };
  let leftValue: number | bigint = 0;
  let rightValue: number | bigint = 0;
  while (left.kind === right.kind && left.kind !== END && left.kind !== INVALID && leftValue === rightValue) {
    leftValue = take(left);
    rightValue = take(right);
  }
  if (leftValue !== rightValue) return leftValue < rightValue ? -1 : 1;
  if (left.kind === right.kind || fuzzy) return 0;
  // The longer one is greater unless a suffix says that it comes before the release.
  if (left.kind === SUFFIX && take({ ...left }) < 0) return -1;
  if (right.kind === SUFFIX && take({ ...right }) < 0) return 1;
  return left.kind > right.kind ? -1 : 1;
}

/** Reads a part and returns its value. */
function take(reader: Reader): number | bigint {
  const { text } = reader;
  if (reader.position >= text.length) {
    reader.kind = END;
    return 0;
  }
  let value: number | bigint;
  let next: number | undefined;
  switch (reader.kind) {
    case DIGIT_OR_ZERO:
      // More leading zeros make a part less; the last of them begins a number.
      if (text[reader.position] === '0') {
        const start = reader.position;
        while (text[reader.position + 1] === '0') reader.position += 1;
        value = start - reader.position;
        next = DIGIT;
        break;
      }
      value = takeNumber(reader);
      break;
    case DIGIT:
    case SUFFIX_NUMBER:
    case REVISION:
      value = takeNumber(reader);
      break;
    case LETTER:
      value = text.charCodeAt(reader.position);
      reader.position += 1;
      break;
    default:
      value = takeSuffix(reader);
  }
  if (reader.kind === INVALID) return -1;
  if (reader.position >= text.length) reader.kind = END;
  else if (next !== undefined) reader.kind = next;
  else toNext(reader);
  return value;
}

function takeNumber(reader: Reader): number | bigint {
  const start = reader.position;
  while (isDigit(reader.text.charCodeAt(reader.position))) reader.position += 1;
  const digits = reader.text.slice(start, reader.position);
  if (digits.length >= MAX_DIGITS) reader.kind = INVALID;
  const plain = digits.replace(/^0+/, '');
  return plain.length <= EXACT_DIGITS ? Number(plain) : BigInt(plain);
}

function takeSuffix(reader: Reader): number {
  if (reader.kind === SUFFIX) {
    for (const [list, base] of [
      [BEFORE_RELEASE, -BEFORE_RELEASE.length],
      [AFTER_RELEASE, 0],
    ] as const) {
      const found = list.findIndex((word) => reader.text.startsWith(word, reader.position));
      if (found < 0) continue;
      reader.position += (list[found] as string).length;
      return base + found;
    }
  }
  reader.kind = INVALID;
  return -1;
}

/** Determines the kind of the next part and skips its introducing characters. */
function toNext(reader: Reader): void {
  const { text, position, kind } = reader;
  const code = text.charCodeAt(position);
  let next = INVALID;
  if ((kind === DIGIT || kind === DIGIT_OR_ZERO) && code >= LOWER_A && code <= LOWER_Z) next = LETTER;
  else if (kind === LETTER && isDigit(code)) next = DIGIT;
  else if (kind === SUFFIX && isDigit(code)) next = SUFFIX_NUMBER;
  else {
    if (text[position] === '.') next = DIGIT_OR_ZERO;
    else if (text[position] === '_') next = SUFFIX;
    else if (text.startsWith('-r', position)) next = REVISION;
    reader.position += next === REVISION ? 2 : 1;
  }
  const goesBack =
    (next === DIGIT_OR_ZERO && kind === DIGIT) ||
    (next === SUFFIX && kind === SUFFIX_NUMBER) ||
    (next === DIGIT && kind === LETTER);
  reader.kind = next < kind && !goesBack ? INVALID : next;
}

const LOWER_A = 0x61;
const LOWER_Z = 0x7a;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
