/*
 * fnmatch(3) in the two variants that the distributions' tools use: glibc's without flags (libalpm) and musl's with FNM_PATHNAME
 * (apk). Time is at most the product of both lengths, whatever the pattern.
 */

/** Matches as glibc's fnmatch(3) without flags: `*` and `?` match `/` and a leading dot too. */
export function matchesGlob(pattern: string, text: string): boolean {
  return matches(pattern, text, { bracketEscapes: true });
}

/**
 * Matches as musl's fnmatch(3) with FNM_PATHNAME: `*`, `?` and `[…]` never match a slash, a leading dot is ordinary, and a
 * backslash in brackets is a member like any other.
 */
export function matchesPathGlob(pattern: string, path: string): boolean {
  const patterns = pattern.split('/');
  const names = path.split('/');
  return (
    patterns.length === names.length &&
    patterns.every((part, index) => matches(part, names[index] ?? '', { bracketEscapes: false }))
  );
}

interface GlobDialect {
  /** A backslash in brackets escapes the next character. */
  readonly bracketEscapes: boolean;
}

function matches(pattern: string, text: string, dialect: GlobDialect): boolean {
  let index = 0;
  let offset = 0;
  let star = -1;
  let resume = 0;
  while (offset < text.length) {
    if (pattern[index] === '*') {
      star = index;
      index += 1;
      resume = offset;
      continue;
    }
    const next = matchCharacter(pattern, index, text.charAt(offset), dialect);
    if (next >= 0) {
      index = next;
      offset += 1;
    } else if (star >= 0) {
      index = star + 1;
      resume += 1;
      offset = resume;
    } else return false;
  }
  while (pattern[index] === '*') index += 1;
  return index === pattern.length;
}

/** Returns the characters before the first special one: every match starts with them. */
export function literalPrefix(pattern: string): string {
  return pattern.slice(0, Math.max(pattern.search(/[*?[\\]|$/), 0));
}

/** Returns the characters after the last special one: every match ends with them. */
export function literalSuffix(pattern: string): string {
  return /[^*?[\]\\]*$/.exec(pattern)?.[0] ?? '';
}

/** Tells whether a word has a special character of globs. */
export function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

/** Returns the longest run of ordinary characters outside brackets, which every match contains; empty if there is none. */
export function longestLiteral(glob: string): string {
  const open = glob.indexOf('[');
  const close = glob.lastIndexOf(']');
  const plain = open < 0 ? glob : `${glob.slice(0, open)}*${close > open ? glob.slice(close + 1) : ''}`;
  return plain
    .replace(/\\.?/gs, '*')
    .split(/[*?]+/)
    .reduce((longest, run) => (run.length > longest.length ? run : longest), '');
}

/** Returns the index in the pattern after matching one character; -1 if it does not match. */
function matchCharacter(pattern: string, index: number, character: string, dialect: GlobDialect): number {
  const sign = pattern[index];
  if (sign === undefined) return -1;
  if (sign === '?') return index + 1;
  if (sign === '\\' && index + 1 < pattern.length) return pattern[index + 1] === character ? index + 2 : -1;
  if (sign === '[') {
    const set = readSet(pattern, index, dialect);
    if (set !== undefined) return set.contains(character) ? set.end : -1;
  }
  return sign === character ? index + 1 : -1;
}

interface CharacterSet {
  /** Index after the closing bracket */
  readonly end: number;
  contains(character: string): boolean;
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alpha: /[A-Za-z]/,
  digit: /[0-9]/,
  alnum: /[A-Za-z0-9]/,
  upper: /[A-Z]/,
  lower: /[a-z]/,
  space: /[ \t\n\v\f\r]/,
  blank: /[ \t]/,
  punct: /[!-/:-@[-`{-~]/,
  xdigit: /[0-9A-Fa-f]/,
  cntrl: /[\0-\x1f\x7f]/,
  print: /[ -~]/,
  graph: /[!-~]/,
};

/** Parses a POSIX bracket expression; undefined if it has no end, in which case `[` stands for itself. */
function readSet(pattern: string, start: number, dialect: GlobDialect): CharacterSet | undefined {
  let index = start + 1;
  const negated = pattern[index] === '!' || pattern[index] === '^';
  if (negated) index += 1;
  const first = index;
  const tests: ((character: string) => boolean)[] = [];
  for (;;) {
    const character = pattern[index];
    if (character === undefined) return undefined;
    if (character === ']' && index > first) break;
    const name =
      character === '[' ? /^\[:([a-z]+):\]/.exec(pattern.slice(index, index + 12))?.[1] : undefined;
    const known = name === undefined ? undefined : CLASSES[name];
    if (known !== undefined && name !== undefined) {
      tests.push((candidate) => known.test(candidate));
      index += name.length + 4;
      continue;
    }
    const low = readMember(pattern, index, dialect);
    index = low.end;
    if (pattern[index] === '-' && pattern[index + 1] !== undefined && pattern[index + 1] !== ']') {
      const high = readMember(pattern, index + 1, dialect);
      index = high.end;
      tests.push((candidate) => candidate >= low.character && candidate <= high.character);
    } else tests.push((candidate) => candidate === low.character);
  }
  return { end: index + 1, contains: (character) => tests.some((test) => test(character)) !== negated };
}

function readMember(
  pattern: string,
  index: number,
  { bracketEscapes }: GlobDialect,
): { character: string; end: number } {
  const escaped = bracketEscapes && pattern[index] === '\\' && index + 1 < pattern.length;
  const offset = escaped ? index + 1 : index;
  return { character: pattern.charAt(offset), end: offset + 1 };
}
