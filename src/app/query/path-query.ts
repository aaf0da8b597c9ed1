import { AppError } from '../../model/app-error.ts';
import { isGlob, longestLiteral, matchesGlob } from '../../model/glob.ts';

/** A query for paths. */
export interface PathQuery {
  /** As written */
  readonly text: string;
  /** Texts of which every match contains one; line feeds stand for the ends of the path */
  readonly needles: readonly string[];
  /** Tells whether a path, without slashes at its ends, matches. */
  matches(path: string, isDirectory: boolean): boolean;
  /** Last component, if it names one file; else empty */
  readonly baseName: string;
  /** Queries for the same file on systems where `/bin`, `/lib`… are links, best first */
  readonly merged: readonly PathQuery[];
}

/** Links that distributions have in place of directories, with their targets. */
const MERGED: readonly (readonly [from: string, to: string])[] = [
  ['bin/', 'usr/bin/'],
  ['sbin/', 'usr/sbin/'],
  ['sbin/', 'usr/bin/'],
  ['usr/sbin/', 'usr/bin/'],
  ['lib/', 'usr/lib/'],
  ['lib64/', 'usr/lib/'],
  ['usr/lib64/', 'usr/lib/'],
  ['var/run/', 'run/'],
  ['var/lock/', 'run/lock/'],
  ['usr/bin/', 'bin/'],
  ['usr/bin/', 'sbin/'],
  ['usr/sbin/', 'sbin/'],
  ['usr/lib/', 'lib/'],
];

/**
 * Parses a query for paths: `/usr/bin/git`, `usr/lib/` (a directory), `git` (any path with that last component), `usr/lib/*.so`
 * (a glob; `*` matches slashes too).
 * @throws AppError USAGE if nothing is left of it
 */
export function pathQuery(text: string): PathQuery {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  const directory = /\/\.?$/.test(text);
  const path = parts.join('/');
  if (path === '' || parts.includes('..')) {
    throw new AppError('USAGE', `not a path in a package: ${JSON.stringify(text)}`, {
      hint: 'Use a path such as /usr/bin/git, a file name, or a glob.',
    });
  }
  const bare = parts.length === 1 && !text.startsWith('/') && !text.startsWith('./');
  const kinds = { text, path, bare, directory };
  const query = isGlob(path) ? globQuery(kinds) : bare ? nameQuery(kinds) : exactQuery(kinds);
  const merged =
    bare || isGlob(path) ? [] : mergedPaths(path).map((to) => exactQuery({ ...kinds, path: to }));
  return { ...query, merged };
}

interface Kinds {
  readonly text: string;
  readonly path: string;
  readonly bare: boolean;
  readonly directory: boolean;
}

function exactQuery({ text, path, directory }: Kinds): PathQuery {
  return {
    text,
    needles: [`\n${path}\n`],
    matches: (other, isDirectory) => other === path && (isDirectory || !directory),
    baseName: path.slice(path.lastIndexOf('/') + 1),
    merged: [],
  };
}

function nameQuery({ text, path, directory }: Kinds): PathQuery {
  return {
    text,
    needles: [`/${path}\n`, `\n${path}\n`],
    matches: (other, isDirectory) =>
      other.slice(other.lastIndexOf('/') + 1) === path && (isDirectory || !directory),
    baseName: path,
    merged: [],
  };
}

/** Matches a glob; without a slash it applies to the last component, as a name does. */
function globQuery({ text, path, bare, directory }: Kinds): PathQuery {
  return {
    text,
    needles: [longestLiteral(path)],
    matches: (other, isDirectory) =>
      (isDirectory || !directory) &&
      matchesGlob(path, bare ? other.slice(other.lastIndexOf('/') + 1) : other),
    baseName: '',
    merged: [],
  };
}

function mergedPaths(path: string): readonly string[] {
  return MERGED.filter(([from]) => path.startsWith(from)).map(([from, to]) => to + path.slice(from.length));
}
