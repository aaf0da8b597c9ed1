import { AppError } from '../model/app-error.ts';

/** Members whose own keys are names that users choose. */
const MAPS = new Set(['labels', 'annotations', 'exposedports', 'volumes']);
const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];

/**
 * Refuses an object that has a key twice. Some readers take the first, some the last, Go's merges the two, and takes `Layers` for
 * `layers`, so that an image could be verified by one reader and run differently by another.
 * @param text JSON that `value` was parsed from
 * @throws AppError BAD_ARCHIVE
 */
export function expectDistinctKeys(text: string, value: unknown, where: string): void {
  const kept = countKeys(value, { where, isMap: false });
  const written = countWritten(text);
  if (kept !== written) throw refused(where, `${written - kept} keys more than once`);
}

function countKeys(
  value: unknown,
  { where, isMap }: { readonly where: string; readonly isMap: boolean },
): number {
  if (typeof value !== 'object' || value === null) return 0;
  const entries = Object.entries(value);
  let count = Array.isArray(value) ? 0 : entries.length;
  const known = new Map<string, string>();
  for (const [key, item] of entries) {
    const lower = key.toLowerCase();
    const other = known.get(lower);
    if (other !== undefined && !isMap) {
      throw refused(where, `${JSON.stringify(other)} and ${JSON.stringify(key)}`);
    }
    known.set(lower, key);
    count += countKeys(item, { where, isMap: MAPS.has(lower) });
  }
  return count;
}

/** Counts the keys of valid JSON: strings that a colon follows. */
function countWritten(text: string): number {
  let count = 0;
  for (let index = text.indexOf('"'); index >= 0; index = text.indexOf('"', index + 1)) {
    for (index += 1; text.charCodeAt(index) !== QUOTE; index++)
      if (text.charCodeAt(index) === BACKSLASH) index += 1;
    let next = index + 1;
    while (next < text.length && text.charCodeAt(next) <= 0x20) next += 1;
    if (text.charCodeAt(next) === COLON) count += 1;
  }
  return count;
}

function refused(where: string, got: string): AppError {
  return new AppError('BAD_ARCHIVE', `${where}: expected each key of an object once, got ${got}`, {
    hint: 'Clients read such a document in different ways.',
  });
}
