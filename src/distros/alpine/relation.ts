import { APK_3, type TermRules } from './rules.ts';
import { isValidVersion2 } from './version-2.ts';

/** Bits of an operator, since `< > = ~` may be mixed in any order; the values are apk's, which it sorts by. */
export const EQUAL = 1;
export const LESS = 2;
export const GREATER = 4;
export const FUZZY = 8;
/** Operator `><`: the version is a checksum, which must equal the package's. */
export const CHECKSUM = LESS | GREATER;
const ANY = LESS | EQUAL | GREATER;

/** A term of `D:`, `p:`, `i:`, `r:` or of world: `[!]name[@tag][op version]`. */
export interface Relation {
  readonly name: string;
  readonly conflict: boolean;
  /** Bits; without a version, `anyOperator` of the rules */
  readonly operator: number;
  /** Empty if there is none */
  readonly version: string;
  readonly tag: string;
  /** Whether apk rejects the version, so that the term can never hold */
  readonly broken: boolean;
  readonly text: string;
}

/** Parses a term; null if it is not one (no name, or an operator without a version). */
export function parseRelation(text: string, rules: TermRules = APK_3): Relation | null {
  const conflict = text.startsWith('!');
  const start = conflict ? 1 : 0;
  let position = start;
  while (position < text.length && !OPERATORS.has(text.charAt(position))) position += 1;
  const named = text.slice(start, position);
  let operator = 0;
  while (position < text.length && OPERATORS.has(text.charAt(position))) {
    operator |= OPERATORS.get(text.charAt(position)) ?? 0;
    position += 1;
  }
  const version = text.slice(position);
  const tagStart = named.indexOf('@');
  const name = tagStart < 0 ? named : named.slice(0, tagStart);
  const tag = tagStart < 0 ? '' : named.slice(tagStart + 1);
  if ((name === '' && !rules.lenientTerms) || (tagStart >= 0 && tag === '') || /\s/.test(text)) return null;
  if (operator === 0) {
    return { name, conflict, operator: rules.anyOperator, version: '', tag, broken: false, text };
  }
  if (version === '') return null;
  if ((operator & FUZZY) !== 0) operator |= EQUAL;
  // `<>=` allows any version, but the version is still read.
  const broken = (operator & CHECKSUM) !== CHECKSUM && !rules.isValidVersion(version);
  return { name, conflict, operator, version, tag, broken, text };
}

/**
 * Returns whether a version meets an operator. An empty version is an unversioned provide: by the rules, either lower than all
 * versions or not comparable.
 */
export function matchesOperator(
  version: string,
  relation: Pick<Relation, 'operator' | 'version'>,
  rules: TermRules = APK_3,
): boolean {
  const { operator } = relation;
  if ((operator & rules.anyOperator) === rules.anyOperator) return true;
  if (version === '' && !rules.unversionedIsLowest) return false;
  const order =
    version === ''
      ? -1
      : (operator & FUZZY) !== 0
        ? rules.compareFuzzy(version, relation.version)
        : rules.compareVersions(version, relation.version);
  return (operator & (order < 0 ? LESS : order > 0 ? GREATER : EQUAL)) !== 0;
}

/** Returns an operator as apk prints it: `<`, `>=`, `~`…; `?` if apk 2 has no text for it. */
export function operatorText(operator: number, { generation }: TermRules = APK_3): string {
  const fuzzy = (operator & FUZZY) !== 0;
  const less = (operator & LESS) !== 0 ? '<' : '';
  const greater = (operator & GREATER) !== 0 ? '>' : '';
  const equal = fuzzy ? '~' : (operator & EQUAL) !== 0 ? '=' : '';
  if (generation === '2' && (fuzzy || (operator & ANY) === ANY) && (operator & CHECKSUM) !== 0) return '?';
  return less !== '' && greater !== '' ? '><' : `${less}${greater}${equal}`;
}

/** Returns a term as apk writes it: `!foo@edge>=2`. */
export function relationText({ conflict, name, tag, operator, version }: Relation): string {
  const bound = version === '' ? '' : `${operatorText(operator)}${version}`;
  return `${conflict ? '!' : ''}${name}${tag === '' ? '' : `@${tag}`}${bound}`;
}

/**
 * Returns terms on one line as apk writes them, up to the first that it cannot read: one without a version after its operator;
 * for apk 2 also one with an invalid version; for apk 3 also one with a tag, which apk 2 drops.
 */
export function relationsText(values: readonly string[], generation: TermRules['generation']): string {
  const text = values.join(' ');
  if (!/[<>=~@]/.test(text)) return text;
  const written: string[] = [];
  for (const term of text.split(/\s+/)) {
    const [, named = '', operators = '', version = ''] = TERM.exec(term) ?? [];
    if (operators !== '' && version === '') break;
    if (generation === '2' && operators !== '' && !isReadBy2(operators, version)) break;
    const tagStart = named.indexOf('@');
    if (tagStart >= 0 && generation === '3') break;
    const untagged = tagStart < 0 ? term : `${named.slice(0, tagStart)}${operators}${version}`;
    written.push(operators.length > 1 ? inApksWords(untagged) : untagged);
  }
  return written.join(' ');
}

const TERM = /^([^<>=~]*)([<>=~]*)(.*)$/s;

/** Returns whether apk 2 reads the term; a checksum, after `><`, is not read as a version. */
function isReadBy2(operators: string, version: string): boolean {
  return (operators.includes('<') && operators.includes('>')) || isValidVersion2(version);
}

function inApksWords(term: string): string {
  const relation = parseRelation(term);
  return relation === null ? term : relationText(relation);
}

const OPERATORS: ReadonlyMap<string, number> = new Map([
  ['<', LESS],
  ['>', GREATER],
  ['=', EQUAL],
  ['~', FUZZY],
]);
