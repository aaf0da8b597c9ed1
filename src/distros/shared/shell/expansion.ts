import { matchesGlob } from '../../../model/glob.ts';
import type { ShellDialect } from './lexer.ts';
import type { Script, Word, WordPart } from './syntax.ts';
import { undecided } from './undecided.ts';

/** State with which words are expanded. */
export interface ExpansionState {
  readonly dialect: ShellDialect;
  readonly variables: Pick<ReadonlyMap<string, string>, 'get'>;
  positional: readonly string[];
  /** Exit status of the last command */
  status: number;
  /** Spends a cost. @throws Undecided when the budget is exceeded */
  readonly spend: (cost: number) => void;
  readonly substitute: (script: Script) => string;
}

/**
 * Expands a word of a command to fields: usually one, none for an empty unquoted expansion, several for `"$@"`. @throws Undecided
 */
export function fieldsOf(word: Word, state: ExpansionState): readonly string[] {
  if (word.length > 0 && word.some((part) => part.kind === 'parameter' && part.name === '@')) {
    const significant = word.filter((part) => part.kind !== 'text' || part.text !== '');
    const [only] = significant;
    if (significant.length !== 1 || only?.kind !== 'parameter' || !only.quoted || only.operator !== '')
      undecided('$@ inside a word');
    return state.positional;
  }
  let text = '';
  let present = false;
  for (const part of word) {
    const value = partOf(part, state);
    if (part.kind !== 'opaque' && part.quoted) present = true;
    else if (part.kind !== 'text') {
      if (/[*?[\\\s]/.test(value)) undecided('a value that is split');
    } else if (word.length > 1 || !['[', '{', '}'].includes(value)) {
      if (/[*?[]/.test(value)) undecided('a pattern for file names');
      if (state.dialect === 'bash' && value.includes('{')) undecided('braces');
    }
    text += value;
  }
  return present || text !== '' ? [text] : [];
}

/**
 * Expands a word to a single text, without field splitting: for assignments, redirects and the subject of `case`. @throws
 * Undecided
 */
export function textOf(word: Word, state: ExpansionState): string {
  let text = '';
  for (const part of word) {
    if (part.kind === 'parameter' && (part.name === '@' || part.name === '*')) undecided(`$${part.name}`);
    text += partOf(part, state);
  }
  return text;
}

/** Expands a word to a pattern, in which quoted characters are literal. @throws Undecided */
export function patternOf(word: Word, state: ExpansionState): string {
  let pattern = '';
  for (const part of word) {
    const value = partOf(part, state);
    if (part.kind === 'opaque' || part.quoted) pattern += value.replace(/[*?[\]\\]/g, '\\$&');
    else if (/[[\\]/.test(value)) undecided('a pattern with brackets');
    else pattern += value;
  }
  return pattern;
}

function partOf(part: WordPart, state: ExpansionState): string {
  const value = expand(part, state);
  state.spend(value.length);
  return value;
}

function expand(part: WordPart, state: ExpansionState): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'opaque':
      return undecided(part.what);
    case 'substitution':
      return state.substitute(part.body);
    case 'parameter':
      return parameter(part, state);
  }
}

function parameter(part: Extract<WordPart, { kind: 'parameter' }>, state: ExpansionState): string {
  const { name, operator, operand } = part;
  if (operator === '-' || operator === ':-') {
    const value = parameterValue(name, state, true);
    return value === undefined || (operator === ':-' && value === '') ? textOf(operand, state) : value;
  }
  const value = parameterValue(name, state, false) ?? undecided(`$${name}, which nothing sets`);
  if (operator === '') return value;
  const pattern = patternOf(operand, state);
  state.spend(value.length * value.length * (pattern.length + 1));
  return cut(value, pattern, operator);
}

/**
 * Returns a parameter's value; undefined: not set. The environment is not known, so a name that the script never sets is
 * Undecided.
 */
function parameterValue(name: string, state: ExpansionState, mayBeUnset: boolean): string | undefined {
  if (/^[1-9][0-9]?$/.test(name)) return state.positional[Number(name) - 1] ?? (mayBeUnset ? undefined : '');
  if (name === '#') return String(state.positional.length);
  if (name === '?') return String(state.status);
  if (!/^[A-Za-z_]/.test(name)) undecided(`$${name}`);
  return state.variables.get(name) ?? undecided(`$${name}, which nothing sets`);
}

/** Returns whether a pattern of `case` matches a text. @throws Undecided when that depends on the locale */
export function matches(pattern: string, text: string, state: ExpansionState): boolean {
  state.spend((pattern.length + 1) * (text.length + 1));
  if (pattern.includes('?') && /[^\0-\x7f]/.test(text)) undecided('a character of several bytes');
  return matchesGlob(pattern, text);
}

/** Removes the shortest (`#`, `%`) or longest (`##`, `%%`) match of the pattern. */
function cut(value: string, pattern: string, operator: '#' | '##' | '%' | '%%'): string {
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  if (operator.length === 2) lengths.reverse();
  const front = operator.startsWith('#');
  for (const length of lengths) {
    const matched = front ? value.slice(0, length) : value.slice(value.length - length);
    if (!matchesGlob(pattern, matched)) continue;
    return front ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}
