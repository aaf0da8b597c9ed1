import { undecided } from '../../shared/shell/undecided.ts';

/** A number with more digits may overflow glibc's `int`. */
const MAX_DIGITS = 9;

/**
 * Compares names of libraries as glibc's `_dl_cache_libcmp` does (elf/dl-cache.c): character by character, with runs of digits as
 * numbers, which are greater than all other characters. Positive: the first is newer.
 * @throws Undecided for names that are not ASCII, whose order depends on the processor, and for numbers that may overflow
 */
export function compareLibraries(first: string, second: string): number {
  let a = 0;
  let b = 0;
  while (a < first.length) {
    const left = first.charCodeAt(a);
    const right = b < second.length ? second.charCodeAt(b) : 0;
    if (left > 0x7f || right > 0x7f) undecided('a library’s name is not ASCII');
    if (isDigit(left) && isDigit(right)) {
      const endA = digitsEnd(first, a);
      const endB = digitsEnd(second, b);
      const difference = Number(first.slice(a, endA)) - Number(second.slice(b, endB));
      if (difference !== 0) return difference;
      a = endA;
      b = endB;
    } else if (isDigit(left)) return 1;
    else if (isDigit(right)) return -1;
    else if (left !== right) return left - right;
    else {
      a++;
      b++;
    }
  }
  return b < second.length ? -1 : 0;
}

function digitsEnd(text: string, from: number): number {
  let end = from;
  while (isDigit(text.charCodeAt(end))) end++;
  if (end - from > MAX_DIGITS) undecided('a library’s name has a large number');
  return end;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
