import { encodePath } from '../../model/path-bytes.ts';

/**
 * Sorts texts in place in strcmp(3)'s order. Texts without surrogates need no conversion: their code units have the same order.
 */
export function sortByBytes(texts: string[]): string[] {
  return texts.some((text) => /[\ud800-\udfff]/.test(text)) ? texts.sort(compareBytes) : texts.sort();
}

/** Orders two texts by their bytes, as strcmp(3) does. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(encodePath(a), encodePath(b));
}
