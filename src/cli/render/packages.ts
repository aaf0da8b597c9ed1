import type {
  FilesReport,
  FoundPackage,
  OwnsReport,
  PackagePath,
  SearchReport,
} from '../../model/package-report.ts';
import { count, printable, table } from './format.ts';

/** Provided names shown per package; `--json` has all of them. */
const MAX_PROVIDES = 3;

/** Renders the packages found as a table; if there are none, similar names. */
export function renderSearch({ total, packages, nearest }: SearchReport): string {
  if (total === 0) {
    return `no package matches\n${nearest.length === 0 ? '' : `did you mean ${printable(nearest.join(', '))}?\n`}`;
  }
  const listing = table(
    [
      { title: 'PACKAGE' },
      { title: 'VERSION' },
      { title: 'REPOSITORY' },
      { title: 'STATE' },
      { title: 'DESCRIPTION' },
    ],
    packages.map((entry) => [
      entry.name,
      entry.version,
      entry.repository,
      entry.cached ? 'cached' : '',
      description(entry),
    ]),
  );
  const shown = packages.length < total ? `; the best ${packages.length} are shown, --limit 0 shows all` : '';
  return `${listing}\n${count(total, 'package')}${shown}\n`;
}

function description({ description: text, provides }: FoundPackage): string {
  if (provides.length === 0) return text;
  const more = provides.length > MAX_PROVIDES ? ` and ${provides.length - MAX_PROVIDES} more` : '';
  return `${text} (provides ${provides.slice(0, MAX_PROVIDES).join(', ')}${more})`;
}

/** Renders one path per line; with several packages, each line begins with the package's name. */
export function renderFiles(reports: readonly FilesReport[], { long }: { readonly long: boolean }): string {
  return reports
    .map((report) => {
      const start = reports.length === 1 ? '' : `${printable(report.name)} `;
      return long
        ? linesOf(report.entries ?? [], (entry) => start + longLine(entry))
        : linesOf(report.paths, (path) => start + onOneLine(path));
    })
    .join('');
}

/** Lines that are joined at a time, of which there may be a million */
const LINES = 10_000;

function linesOf<T>(items: readonly T[], toLine: (item: T) => string): string {
  const texts: string[] = [];
  for (let at = 0; at < items.length; at += LINES)
    texts.push(
      items
        .slice(at, at + LINES)
        .map((item) => `${toLine(item)}\n`)
        .join(''),
    );
  return texts.join('');
}

const TYPE_LETTERS: Readonly<Record<PackagePath['type'], string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
  character: 'c',
  block: 'b',
  fifo: 'p',
};

/** Widest size of a file below a terabyte. */
const SIZE_WIDTH = 12;

/** Renders an entry like `tar -tv`: `-rwxr-xr-x        12345 usr/bin/git`. */
function longLine({ path, type, mode, sizeBytes, linkTarget }: PackagePath): string {
  const arrow = type === 'symlink' ? ' -> ' : ' link to ';
  const target = linkTarget === '' ? '' : `${arrow}${onOneLine(linkTarget)}`;
  const slash = type === 'directory' ? '/' : '';
  return `${TYPE_LETTERS[type]}${permissions(mode)} ${String(sizeBytes).padStart(SIZE_WIDTH)} ${onOneLine(path)}${slash}${target}`;
}

function permissions(mode: number): string {
  const special = [
    { bit: 0o4000, index: 2, letter: 's' },
    { bit: 0o2000, index: 5, letter: 's' },
    { bit: 0o1000, index: 8, letter: 't' },
  ];
  const letters = [...'rwxrwxrwx'].map((letter, at) => ((mode & (0o400 >> at)) === 0 ? '-' : letter));
  for (const { bit, index, letter } of special) {
    if ((mode & bit) !== 0) letters[index] = letters[index] === '-' ? letter.toUpperCase() : letter;
  }
  return letters.join('');
}

/** Escapes a path, so that one with a line feed does not become two. */
function onOneLine(path: string): string {
  return printable(path).replaceAll('\n', '\\u000a').replaceAll('\t', '\\u0009');
}

/** Renders the packages that own paths. Notes are not repeated here: they went to standard error. */
export function renderOwns({ owners, missing, likely }: OwnsReport): string {
  const listing =
    owners.length === 0
      ? ''
      : table(
          [{ title: 'PATH' }, { title: 'PACKAGE' }, { title: 'VERSION' }, { title: 'REPOSITORY' }],
          owners.map(({ path, name, version, repository }) => [
            onOneLine(path),
            name,
            version,
            repository === '' ? 'not in these' : repository,
          ]),
        );
  const lines = [
    ...missing.map((path) => `${onOneLine(path)}: not in any package with a known file list`),
    ...likely.map((line) => `from the index: ${printable(line)}`),
  ];
  return `${listing}${lines.map((line) => `${line}\n`).join('')}`;
}
