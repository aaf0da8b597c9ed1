/**
 * fnmatch(3) without flags, as libalpm calls it: `*` and `?` match `/` and a leading dot too. Time is at most the
 * product of both lengths, whatever the pattern.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let position = 0;
  let star = -1;
  let resume = 0;
  while (position < text.length) {
    if (pattern[at] === '*') {
      star = at;
      at += 1;
      resume = position;
      continue;
    }
    const next = matchOne(pattern, at, text.charAt(position));
    if (next >= 0) {
      at = next;
      position += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      position = resume;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** The characters before the first special one: every match starts with them. */
export function literalPrefix(pattern: string): string {
  return pattern.slice(0, Math.max(pattern.search(/[*?[\\]|$/), 0));
}

/** The characters behind the last special one: every match ends with them. */
export function literalSuffix(pattern: string): string {
  return /[^*?[\]\\]*$/.exec(pattern)?.[0] ?? '';
}

/** Whether a word is meant as a glob. */
export function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

/** The longest run of ordinary characters outside brackets: every match contains it. Empty where there is none. */
export function longestLiteral(glob: string): string {
  const open = glob.indexOf('[');
  const close = glob.lastIndexOf(']');
  const plain = open < 0 ? glob : `${glob.slice(0, open)}*${close > open ? glob.slice(close + 1) : ''}`;
  return plain
    .replace(/\\.?/gs, '*')
    .split(/[*?]+/)
    .reduce((longest, run) => (run.length > longest.length ? run : longest), '');
}

/** Where the pattern goes on after matching one character; -1 when it does not match. */
function matchOne(pattern: string, at: number, character: string): number {
  const sign = pattern[at];
  if (sign === undefined) return -1;
  if (sign === '?') return at + 1;
  if (sign === '\\' && at + 1 < pattern.length) return pattern[at + 1] === character ? at + 2 : -1;
  if (sign === '[') {
    const set = readSet(pattern, at);
    if (set !== undefined) return set.contains(character) ? set.end : -1;
  }
  return sign === character ? at + 1 : -1;
}

interface CharacterSet {
  /** Index behind the closing bracket */
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

/** POSIX bracket expression; undefined when it has no end, where `[` stands for itself. */
function readSet(pattern: string, start: number): CharacterSet | undefined {
  let at = start + 1;
  const negated = pattern[at] === '!' || pattern[at] === '^';
  if (negated) at += 1;
  const first = at;
  const tests: ((character: string) => boolean)[] = [];
  for (;;) {
    const character = pattern[at];
    if (character === undefined) return undefined;
    if (character === ']' && at > first) break;
    const name = character === '[' ? /^\[:([a-z]+):\]/.exec(pattern.slice(at, at + 12))?.[1] : undefined;
    const known = name === undefined ? undefined : CLASSES[name];
    if (known !== undefined && name !== undefined) {
      tests.push((candidate) => known.test(candidate));
      at += name.length + 4;
      continue;
    }
    const low = readMember(pattern, at);
    at = low.end;
    if (pattern[at] === '-' && pattern[at + 1] !== undefined && pattern[at + 1] !== ']') {
      const high = readMember(pattern, at + 1);
      at = high.end;
      tests.push((candidate) => candidate >= low.character && candidate <= high.character);
    } else tests.push((candidate) => candidate === low.character);
  }
  return { end: at + 1, contains: (character) => tests.some((test) => test(character)) !== negated };
}

function readMember(pattern: string, at: number): { character: string; end: number } {
  const escaped = pattern[at] === '\\' && at + 1 < pattern.length;
  const position = escaped ? at + 1 : at;
  return { character: pattern.charAt(position), end: position + 1 };
}
