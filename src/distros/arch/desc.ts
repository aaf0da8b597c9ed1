import { AppError } from '../../model/app-error.ts';
import type { IndexPackage } from '../../model/package.ts';
import { UNUSABLE } from '../../model/unusable.ts';

/** Fields of a package: name without the percent signs → lines. */
export type DescFields = Map<string, string[]>;

/** Fields with a place in IndexPackage; all others go to `extra`. */
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

/** Fields of which pacman reads one line, whatever follows; it reads all others up to an empty line. */
const SINGLE_FIELDS = new Set([
  ...[
    'FILENAME',
    'NAME',
    'BASE',
    'VERSION',
    'DESC',
    'CSIZE',
    'ISIZE',
    'URL',
    'ARCH',
    'BUILDDATE',
    'PACKAGER',
  ],
  ...['MD5SUM', 'SHA256SUM', 'PGPSIG'],
]);

/**
 * Names and versions that are safe in file names, since they appear below `/.pkg`; pacman's own rules are narrower (PKGBUILD(5),
 * `pkgname`).
 */
const SAFE_NAME = /^[^\s/\0-\x1f\x7f.-][^\s/\0-\x1f\x7f]*$/u;
const FIELD_LINE = /^%([^%\s]+)%$/;
/** PATH_MAX of Linux */
const MAX_FILE_NAME_CHARACTERS = 4096;

/**
 * Adds the fields of a member `desc` (or, in older databases, `depends`) to `into`, as libalpm reads them (be_sync.c
 * sync_db_read): if a single value is repeated, the last counts; repeated lists are joined; lines outside of fields are ignored.
 */
export function readFields(text: string, into: DescFields): void {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (let index = 0; index < lines.length; ) {
    const field = FIELD_LINE.exec(lines[index] as string)?.[1];
    index += 1;
    if (field === undefined) continue;
    const isKnown = KNOWN_FIELDS.has(field);
    if (SINGLE_FIELDS.has(field)) {
      const value = lines[index];
      if (value !== undefined) into.set(field, [value]);
      index += 1;
      continue;
    }
    const values = into.get(field) ?? [];
    into.set(field, values);
    for (; index < lines.length && lines[index] !== ''; index += 1) {
      // pacman skips unknown fields line by line, so a field may start in them.
      if (!isKnown && FIELD_LINE.test(lines[index] as string)) break;
      values.push(lines[index] as string);
    }
  }
}

/** The name of a package's folder in the database, `<name>-<version>-<release>`, from which pacman takes name and version. */
export interface DescName {
  readonly name: string;
  readonly version: string;
}

/**
 * Makes an index entry of a package's fields. If the package cannot be used, the reason goes to `extra` (model/unusable.ts).
 * @throws AppError BAD_INDEX when pacman refuses the whole database
 */
export function toPackage({ name, version }: DescName, fields: DescFields, where: string): IndexPackage {
  const single = (field: string): string => fields.get(field)?.[0] ?? '';
  const list = (field: string): string[] => fields.get(field) ?? [];
  const fileName = single('FILENAME');
  if (/^\.|\//.test(fileName) || fileName.length > MAX_FILE_NAME_CHARACTERS) {
    throw new AppError(
      'BAD_INDEX',
      `${where}: expected a file name as %FILENAME%, got ${JSON.stringify(fileName.slice(0, 80))}`,
    );
  }
  const checksum = single('SHA256SUM').toLowerCase();
  const extra: Record<string, readonly string[]> = {};
  for (const [field, values] of fields) {
    if (!KNOWN_FIELDS.has(field) && field !== UNUSABLE) setOwn(extra, field, values);
  }
  const fault = faultOf({
    name,
    version,
    fileName,
    checksum: fields.has('SHA256SUM') ? checksum : undefined,
  });
  if (fault !== undefined) extra[UNUSABLE] = [`its index entry is invalid: ${fault}`];
  return {
    name,
    version,
    architecture: single('ARCH'),
    description: single('DESC'),
    url: single('URL'),
    license: list('LICENSE').join(' AND '),
    origin: single('BASE'),
    maintainer: single('PACKAGER'),
    buildTime: count(single('BUILDDATE')),
    commit: '',
    sizeBytes: count(single('CSIZE')),
    installedSizeBytes: count(single('ISIZE')),
    fileName,
    checksum: /^[0-9a-f]{64}$/.test(checksum) ? checksum : '',
    depends: list('DEPENDS'),
    provides: list('PROVIDES'),
    replaces: list('REPLACES'),
    conflicts: list('CONFLICTS'),
    installIf: [],
    groups: list('GROUPS'),
    providerPriority: 0,
    replacesPriority: 0,
    signature: single('PGPSIG'),
    extra,
  };
}

/** Returns the reason why the package cannot be used; undefined if it can. */
function faultOf(record: DescName & { fileName: string; checksum: string | undefined }): string | undefined {
  const { name, version, fileName, checksum } = record;
  const expected = (what: string, got: string): string =>
    `desc of ${JSON.stringify(`${name}-${version}`.slice(0, 160))}: expected ${what}, got ${got === '' ? 'none' : JSON.stringify(got.slice(0, 80))}`;
  for (const word of [name, version])
    if (!SAFE_NAME.test(word)) return expected('a name and version that are allowed in a file name', word);
  if (fileName === '' || /[\0-\x1f\x7f]/.test(fileName)) return expected('a %FILENAME%', fileName);
  if (checksum !== undefined && !/^[0-9a-f]{64}$/.test(checksum))
    return expected('64 hex digits for %SHA256SUM%', checksum);
  return undefined;
}

/** Sets a field even if it is called `__proto__`. */
function setOwn(record: Record<string, readonly string[]>, key: string, value: readonly string[]): void {
  Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Parses a whole number; 0 (unknown) for anything else: pacman installs such a package too. */
function count(text: string): number {
  const number = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(number) ? number : 0;
}
