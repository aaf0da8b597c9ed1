import { AppError } from './app-error.ts';

/** Documents of OCI, registries and engines are some ten levels deep; a reader's call stack ends at some thousands. */
const MAX_DEPTH = 100;

/**
 * Parses JSON from outside; the only function that does. The result can be walked and written by recursion.
 * @param where names the source in errors
 * @throws AppError LIMIT for values nested more than 100 deep; SyntaxError if it is not JSON, or not UTF-8
 */
export function parseJson(source: string | Uint8Array, where: string): unknown {
  const text = typeof source === 'string' ? source : utf8(source);
  if (isDeep(text)) {
    throw new AppError('LIMIT', `${where}: expected JSON nested at most ${MAX_DEPTH} deep, got more`);
  }
  return JSON.parse(text);
}

/** Parses JSON, or returns undefined for anything else, for readers with their own error messages. @throws AppError LIMIT */
export function parseJsonOr(source: string | Uint8Array, where: string): unknown {
  try {
    return parseJson(source, where);
  } catch (error) {
    if (error instanceof AppError) throw error;
    return undefined;
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new SyntaxError('not UTF-8', { cause: error });
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Counts brackets, except for those in strings. The result means nothing for a text that is not JSON. */
function isDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let offset = 0; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    if (code === QUOTE) inString = !inString;
    else if (inString) offset += code === BACKSLASH ? 1 : 0;
    else if (OPENING.has(code)) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (CLOSING.has(code)) depth -= 1;
  }
  return false;
}
