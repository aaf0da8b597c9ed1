/**
 * Version order of apk 3. Grammar: `digit(.digit)*[letter](_suffix[n])*(~hex)?(-rN)?`, suffixes alpha < beta < pre < rc < (none)
 * < cvs < svn < git < hg < p. Source: apk-tools 3, apk-package(5) "version"; the vectors in the tests are the tool's own answers.
 */

const TOKEN = {
  initialDigit: 0,
  digit: 1,
  letter: 2,
  suffix: 3,
  suffixNumber: 4,
  commit: 5,
  revision: 6,
  end: 7,
  invalid: 8,
} as const;

const SUFFIXES: Readonly<Record<string, number>> = {
  alpha: -4,
  beta: -3,
  pre: -2,
  rc: -1,
  cvs: 1,
  svn: 2,
  git: 3,
  hg: 4,
  p: 5,
};

const ORDINARY_SUFFIX = 0;

/** Numbers up to this many digits are exact as a double; longer ones go through BigInt. */
const EXACT_DIGITS = 15;

const UINT64 = 1n << 64n;

interface Token {
  readonly text: string;
  position: number;
  kind: number;
  /** Digits, a letter or a hash, as written */
  value: string;
  suffix: number;
}

/**
 * Compares two versions as apk 3 does. Returns a negative number, zero or a positive one. Invalid versions are compared as far as
 * they parse.
 */
export function compareVersions(a: string, b: string): number {
  return a === b ? 0 : compare(a, b, false);
}

/** Compares for apk 3's `~`, `>~` and `<~`: a version that starts with `prefix` counts as equal. */
export function compareFuzzy(version: string, prefix: string): number {
  return compare(version, prefix, true);
}

/** Returns whether apk 3 accepts a version (apk_version_validate). */
export function isValidVersion(version: string): boolean {
  const token = firstToken(version);
  while (token.kind < TOKEN.end) nextToken(token);
  return token.kind === TOKEN.end;
}

function compare(a: string, b: string, fuzzy: boolean): number {
  const left = firstToken(a);
  const right = firstToken(b);
  while (left.kind === right.kind && left.kind < TOKEN.end) {
    const order = compareTokens(left, right);
    if (order !== 0) return order;
    nextToken(left);
    nextToken(right);
  }
  if (left.kind === right.kind) return 0;
  if (fuzzy && right.kind === TOKEN.end) return 0;
  if (left.kind === TOKEN.suffix && left.suffix < ORDINARY_SUFFIX) return -1;
  if (right.kind === TOKEN.suffix && right.suffix < ORDINARY_SUFFIX) return 1;
  return left.kind > right.kind ? -1 : 1;
}

function compareTokens(a: Token, b: Token): number {
  switch (a.kind) {
    case TOKEN.digit:
      if (a.value.charCodeAt(0) === ZERO || b.value.charCodeAt(0) === ZERO) {
        return compareText(a.value, b.value);
      }
      return compareNumbers(a.value, b.value);
    case TOKEN.initialDigit:
    case TOKEN.suffixNumber:
    case TOKEN.revision:
      return compareNumbers(a.value, b.value);
    case TOKEN.suffix:
      return Math.sign(a.suffix - b.suffix);
    default:
      return compareText(a.value, b.value);
  }
}

function compareNumbers(a: string, b: string): number {
  if (a.length <= EXACT_DIGITS && b.length <= EXACT_DIGITS) return Math.sign(Number(a) - Number(b));
  const left = BigInt(a) % UINT64;
  const right = BigInt(b) % UINT64;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Compares ASCII texts, in which code units are ordered as bytes are. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const ZERO = 0x30;
const NINE = 0x39;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;
const LOWER_F = 0x66;

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function firstToken(text: string): Token {
  const token = { text, position: 0, kind: TOKEN.initialDigit as number, value: '', suffix: ORDINARY_SUFFIX };
  takeDigits(token);
  return token;
}

function nextToken(token: Token): void {
  const { text, position, kind } = token;
  if (kind >= TOKEN.end) return;
  if (position >= text.length) {
    token.kind = TOKEN.end;
    return;
  }
  const code = text.charCodeAt(position);
  if (code === 0x2e /* . */) {
    token.position += 1;
    token.kind = kind > TOKEN.digit ? TOKEN.invalid : TOKEN.digit;
    if (token.kind === TOKEN.digit) takeDigits(token);
  } else if (isDigit(code)) {
    token.kind = kind === TOKEN.suffix ? TOKEN.suffixNumber : TOKEN.invalid;
    if (token.kind === TOKEN.suffixNumber) takeDigits(token);
  } else if (code >= LOWER_A && code <= LOWER_Z) {
    token.kind = kind > TOKEN.digit ? TOKEN.invalid : TOKEN.letter;
    token.value = text.charAt(position);
    token.position += 1;
  } else if (code === 0x5f /* _ */) {
    takeSuffix(token);
  } else if (code === 0x7e /* ~ */) {
    takeCommit(token);
  } else if (
    code === 0x2d /* - */ &&
    text.charCodeAt(position + 1) === 0x72 /* r */ &&
    kind < TOKEN.revision
  ) {
    token.position += 2;
    token.kind = TOKEN.revision;
    takeDigits(token);
  } else {
    token.kind = TOKEN.invalid;
  }
}

function takeDigits(token: Token): void {
  const start = token.position;
  let position = start;
  while (position < token.text.length && isDigit(token.text.charCodeAt(position))) position += 1;
  token.value = token.text.slice(start, position);
  token.position = position;
  if (position === start) token.kind = TOKEN.invalid;
}

function takeSuffix(token: Token): void {
  const start = token.position + 1;
  let position = start;
  while (token.text.charCodeAt(position) >= LOWER_A && token.text.charCodeAt(position) <= LOWER_Z)
    position += 1;
  const word = token.text.slice(start, position);
  token.position = position;
  const known = Object.hasOwn(SUFFIXES, word) && token.kind <= TOKEN.suffixNumber;
  token.kind = known ? TOKEN.suffix : TOKEN.invalid;
  token.suffix = known ? (SUFFIXES[word] ?? ORDINARY_SUFFIX) : ORDINARY_SUFFIX;
}

function takeCommit(token: Token): void {
  const start = token.position + 1;
  let position = start;
  for (; position < token.text.length; position += 1) {
    const code = token.text.charCodeAt(position);
    if (!isDigit(code) && !(code >= LOWER_A && code <= LOWER_F)) break;
  }
  token.value = token.text.slice(start, position);
  token.position = position;
  token.kind = position > start && token.kind < TOKEN.commit ? TOKEN.commit : TOKEN.invalid;
}
