import { AppError } from '../model/app-error.ts';
import { encodePath } from '../model/path-bytes.ts';

/** PATH_MAX of Linux: a file with a longer path cannot be made. */
export const MAX_PATH_BYTES = 4096;
/** NAME_MAX of Linux: the same for each name in a path. */
const MAX_NAME_BYTES = 255;

/**
 * Normalises `./a//b/` to `a/b`, and the root itself (`./`) to ''. Absolute paths, `..`, NUL and names that are too long are
 * refused: such an entry would end up outside of the layer or nowhere, depending on the engine.
 * @throws AppError BAD_ARCHIVE
 */
export function normalisePath(raw: string, what: string, context: string): string {
  const fault = findFault(raw);
  if (fault !== '') {
    throw new AppError('BAD_ARCHIVE', `${context}: ${what} ${JSON.stringify(raw.slice(0, 200))} ${fault}`, {
      details: { path: raw.slice(0, MAX_PATH_BYTES) },
    });
  }
  if (isPlain(raw)) return raw;
  return raw
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function findFault(raw: string): string {
  if (raw === '') return 'is empty';
  if (raw.charCodeAt(0) === 0x2f) return 'is absolute';
  if (raw.includes('\0')) return 'contains a NUL byte';
  if (raw.includes('..') && raw.split('/').includes('..')) return 'contains a .. component';
  if (raw.length > MAX_PATH_BYTES / 3 && encodePath(raw).length > MAX_PATH_BYTES) {
    return `is longer than ${MAX_PATH_BYTES} bytes`;
  }
  if (raw.length > MAX_NAME_BYTES / 3 && raw.split('/').some(isLongName)) {
    return `has a name longer than ${MAX_NAME_BYTES} bytes`;
  }
  return '';
}

function isLongName(name: string): boolean {
  return name.length > MAX_NAME_BYTES / 3 && encodePath(name).length > MAX_NAME_BYTES;
}

function isPlain(path: string): boolean {
  return !(path.charCodeAt(0) === 0x2e || path.endsWith('/') || path.includes('//') || path.includes('/.'));
}
