/*
 * Words of packages as components of repository names and as tags, which take fewer characters. What a name may have stays as it
 * is; the rest is written as the hexadecimal digits of its UTF-8 bytes, between double underscores:
 *
 *     libstdc++   libstdc__2b2b
 *     git>2.40    git__3e__2.40
 *     core/bash   core__2f__bash
 *     R           hex__52
 *
 * Texts and digits alternate; `hex` stands for no text before the first digits.
 */

const TEXT = {
  /** A component of a repository's name (OCI distribution-spec, "Pulling manifests"), without `__` */
  name: /([a-z0-9]+(?:(?:\.|_|-+)[a-z0-9]+)*)/,
  /** A tag, without `__` and without separators at its ends */
  tag: /([A-Za-z0-9]+(?:(?:\.|_|-+)[A-Za-z0-9]+)*)/,
} as const;

/** Stands for no text before digits. */
const NO_TEXT = 'hex';
const BETWEEN = '__';

/** Writes a word as a component of a name, or as a tag. The result may be too long for one. */
export function escapeWord(word: string, place: 'name' | 'tag'): string {
  // Every other part is a text that can stay.
  const [before = '', first = '', ...others] = word.split(TEXT[place]);
  if (first === NO_TEXT && before === '' && others[0] !== '') return escapeWhole(word);
  const start = before === '' ? [first] : [NO_TEXT, digitsOf(before), first];
  const parts = [...start, ...others.map((part, index) => (index % 2 === 0 ? digitsOf(part) : part))];
  return parts.filter((part) => part !== '').join(BETWEEN);
}

/** Writes a word in digits alone, so that it is not taken for another one that means something in its place. */
export function escapeWhole(word: string): string {
  return [NO_TEXT, digitsOf(word)].join(BETWEEN);
}

/** Reads what escapeWord or escapeWhole has written; undefined for what neither can have written. */
export function unescapeWord(text: string): string | undefined {
  const parts = text.split(BETWEEN);
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return text;
  try {
    return [
      first === NO_TEXT ? '' : first,
      ...others.map((part, index) => (index % 2 === 0 ? read(part) : part)),
    ].join('');
  } catch {
    return undefined;
  }
}

function digitsOf(text: string): string {
  return Buffer.from(text).toString('hex');
}

/** @throws for other than whole UTF-8 characters */
function read(digits: string): string {
  if (!/^(?:[0-9a-f]{2})+$/.test(digits)) throw new SyntaxError(`not hexadecimal: ${digits}`);
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(digits, 'hex'));
}
