import { AppError } from '../../model/app-error.ts';
import type { IndexPackage } from '../../model/package.ts';

/** `%NAME%` → its lines, by name without the percent signs. */
export type DescFields = Map<string, string[]>;

/** Where it stands here; every other field goes to `extra`. */
const KNOWN_FIELDS = new Set([
  'FILENAME',
  'NAME',
  'BASE',
  'VERSION',
  'DESC',
  'GROUPS',
  'CSIZE',
  'ISIZE',
  'SHA256SUM',
  'PGPSIG',
  'URL',
  'LICENSE',
  'ARCH',
  'BUILDDATE',
  'PACKAGER',
  'REPLACES',
  'CONFLICTS',
  'PROVIDES',
  'DEPENDS',
]);

/** Names become file names below `/.pkg`, and pacman's own rules are narrower (PKGBUILD(5), `pkgname`). */
const SAFE_NAME = /^[^\s/\0-\x1f\x7f.-][^\s/\0-\x1f\x7f]*$/u;
const FIELD_LINE = /^%([^%\s]+)%$/;

/**
 * Adds a `desc` (or, in older databases, `depends`) member's fields: `%FIELD%`, its lines, an empty line.
 * @throws AppError BAD_INDEX
 */
export function readFields(text: string, into: DescFields, where: string): void {
  let values: string[] | undefined;
  let line = 0;
  for (const raw of text.split('\n')) {
    line += 1;
    const value = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (values !== undefined) {
      if (value === '') values = undefined;
      else values.push(value);
      continue;
    }
    if (value.trim() === '') continue;
    const field = FIELD_LINE.exec(value.trim())?.[1];
    if (field === undefined) {
      throw new AppError(
        'BAD_INDEX',
        `${where}:${line}: expected a %FIELD% line, got ${JSON.stringify(value.slice(0, 80))}`,
      );
    }
    values = into.get(field);
    if (values === undefined) {
      values = [];
      into.set(field, values);
    }
  }
}

/** @throws AppError BAD_INDEX when what identifies a package is missing or cannot be */
export function toPackage(fields: DescFields, where: string): IndexPackage {
  const one = (field: string): string => fields.get(field)?.[0] ?? '';
  const list = (field: string): string[] => fields.get(field) ?? [];
  const word = (field: string): string => {
    const value = one(field);
    if (!SAFE_NAME.test(value)) {
      throw new AppError(
        'BAD_INDEX',
        `${where}: expected one word that can be part of a file name for %${field}%, got ${value === '' ? 'none' : JSON.stringify(value.slice(0, 80))}`,
      );
    }
    return value;
  };
  const extra: Record<string, readonly string[]> = {};
  for (const [field, values] of fields) {
    if (!KNOWN_FIELDS.has(field)) setOwn(extra, field, values);
  }
  return {
    name: word('NAME'),
    version: word('VERSION'),
    architecture: one('ARCH'),
    description: one('DESC'),
    url: one('URL'),
    license: list('LICENSE').join(' AND '),
    origin: one('BASE'),
    maintainer: one('PACKAGER'),
    buildTime: count(one('BUILDDATE'), 'BUILDDATE', where),
    commit: '',
    sizeBytes: count(one('CSIZE'), 'CSIZE', where),
    installedSizeBytes: count(one('ISIZE'), 'ISIZE', where),
    fileName: word('FILENAME'),
    checksum: checksum(one('SHA256SUM'), where),
    depends: list('DEPENDS'),
    provides: list('PROVIDES'),
    replaces: list('REPLACES'),
    conflicts: list('CONFLICTS'),
    installIf: [],
    groups: list('GROUPS'),
    providerPriority: 0,
    replacesPriority: 0,
    signature: one('PGPSIG'),
    extra,
  };
}

/** A field called `__proto__` is a field too. */
function setOwn(record: Record<string, readonly string[]>, key: string, value: readonly string[]): void {
  Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true });
}

function count(text: string, field: string, where: string): number {
  if (text === '') return 0;
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new AppError(
      'BAD_INDEX',
      `${where}: expected a whole number for %${field}%, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return number;
}

function checksum(text: string, where: string): string {
  const hex = text.toLowerCase();
  if (hex !== '' && !/^[0-9a-f]{64}$/.test(hex)) {
    throw new AppError(
      'BAD_INDEX',
      `${where}: expected 64 hex digits for %SHA256SUM%, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return hex;
}
