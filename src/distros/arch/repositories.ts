import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { belowUrl, redactUrl, splitQuery, withoutSecrets } from '../../fetch/url.ts';
import { AppError } from '../../model/app-error.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import type { MirrorLayout, RepositoryQuery } from '../distro.ts';
import { ARCHITECTURES, LAYOUT, serverWord } from './architectures.ts';

/** The only release of Arch. */
export const DEFAULT_RELEASE = 'rolling';

const OFFICIAL_REPOSITORIES = ['core', 'extra'] as const;
/** Endings of databases that repo-add writes; hosts without symlinks lack `<name>.db`. */
const DATABASE_ENDINGS = ['.db', '.db.tar.gz', '.db.tar.zst', '.db.tar.xz', '.db.tar.bz2', '.db.tar'];
const DATABASE_NAME = /^(.+?)\.(?:db|files)(?:\.tar(?:\.(?:gz|zst|xz|bz2))?)?$/;

/**
 * Returns the repositories core and extra. A mirror is a base URL, or a `Server` pattern of pacman.conf(5) with `$repo` and
 * `$arch`.
 * @throws AppError USAGE for a release other than `rolling`
 */
export function repositories(query: RepositoryQuery): readonly RepositorySpec[] {
  checkRelease(query.release);
  const official = ARCHITECTURES[query.architecture]?.servers ?? ARCHITECTURES.x86_64?.servers ?? [];
  const servers = query.mirrors.length > 0 ? query.mirrors.map(serverOf) : official;
  return OFFICIAL_REPOSITORIES.map((name) =>
    specOf({ name, servers, architecture: query.architecture, release: query.release }),
  );
}

/** Layout of Arch's mirrors: `MIRROR/<repository>/os/<architecture>`, without releases. */
export const layout: MirrorLayout = {
  folder: ({ name, architecture }) => `${name}/os/${architecture}`,
  indexPlaces: ({ indexNames: [name = ''] }) => name,
  root: 'the folder above core and extra',
  indexTool: 'repo-add',
};

/**
 * Parses a repository that the user names: URL or folder of a database, the database file itself, `name=URL`, or pacman.conf's
 * `Server = URL`; `$repo` and `$arch` are replaced. Undefined for comments and blank lines.
 * @throws AppError USAGE when the repository has no name (`$repo` without one, or an empty location), when a folder has several
 * databases, or for a release other than `rolling`
 */
export function parseRepositoryLine(line: string, query: RepositoryQuery): RepositorySpec | undefined {
  checkRelease(query.release);
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return undefined;
  const assigned = /^([A-Za-z0-9@_+][A-Za-z0-9@._+-]*)\s*=\s*(\S.*)$/.exec(text);
  const key = assigned?.[1] ?? '';
  const given = key === 'Server' ? '' : key;
  const { place: location, query: token } = splitQuery(assigned?.[2] ?? text);
  const file = DATABASE_NAME.exec(location.slice(location.lastIndexOf('/') + 1));
  const isFile = file !== null && location.includes('/') && !isFolder(location);
  const server = isFile ? location.slice(0, location.lastIndexOf('/')) : location;
  const name = given || (isFile ? file[1] : undefined) || databaseName(server, query.architecture);
  if (name === '' || server === '') {
    throw new AppError(
      'USAGE',
      `not a repository: expected URL, DIR or NAME=URL, got ${JSON.stringify(redactUrl(line))}`,
      {
        hint: "Write NAME=URL: a Server line with $repo needs the repository's name.",
      },
    );
  }
  const spec = specOf({
    name,
    servers: [server + token],
    architecture: query.architecture,
    release: query.release,
  });
  return isFile ? { ...spec, indexNames: [location.slice(server.length + 1)] } : spec;
}

interface Naming {
  readonly name: string;
  readonly servers: readonly string[];
  readonly architecture: string;
  readonly release: string;
}

function specOf({ name, servers, architecture, release }: Naming): RepositorySpec {
  return {
    distro: 'arch',
    release: release === '' ? DEFAULT_RELEASE : release,
    architecture,
    name,
    tag: '',
    baseUrls: servers.map((server) => {
      const { place, query } = splitQuery(server);
      return (
        place.replaceAll('$repo', () => name).replaceAll('$arch', () => serverWord(architecture)) + query
      );
    }),
    indexNames: DATABASE_ENDINGS.map((ending) => `${name}${ending}`),
  };
}

function serverOf(mirror: string): string {
  return mirror.includes('$repo') ? mirror : belowUrl(mirror, LAYOUT);
}

/**
 * Returns the name of a database: of a folder on disk, the only database in it; otherwise, by the layout, the path component
 * before `os/<arch>`, after `<arch>/` (Arch Linux ARM), or the last.
 */
function databaseName(server: string, architecture: string): string {
  const onDisk = databaseIn(server.replaceAll('$arch', () => serverWord(architecture)));
  if (onDisk !== undefined) return onDisk;
  const parts = withoutSecrets(server)
    .replaceAll('$arch', () => serverWord(architecture))
    .replace(/^[a-z][a-z0-9+.-]*:\/\/(?:\*\*\*@)?/i, '')
    .split('/')
    .filter((part) => part !== '');
  if ([architecture, serverWord(architecture)].includes(parts.at(-1) ?? '')) parts.pop();
  if (parts.length > 1 && parts.at(-1) === 'os') parts.pop();
  const name = parts.at(-1) ?? '';
  return name === '$repo' ? '' : name === '.' || name === '..' ? basename(process.cwd()) : name;
}

function databaseIn(server: string): string | undefined {
  const folder = localPath(server);
  if (folder === undefined) return undefined;
  let entries: string[];
  try {
    entries = readdirSync(folder);
  } catch {
    // If the folder is missing or cannot be read, fetching the index reports it with its path.
    return undefined;
  }
  const names = new Set(
    entries
      .filter((entry) => DATABASE_ENDINGS.some((ending) => entry.endsWith(ending)))
      .map((entry) => DATABASE_NAME.exec(entry)?.[1]),
  );
  if (names.size > 1) {
    throw new AppError('USAGE', `${folder}: expected one database, got ${[...names].sort().join(', ')}`, {
      hint: `Choose one: --repo ${folder}/${[...names].sort()[0]}.db`,
    });
  }
  return [...names][0];
}

function isFolder(location: string): boolean {
  const path = localPath(location);
  return path !== undefined && existsSync(`${path}/.`);
}

function localPath(location: string): string | undefined {
  if (location.startsWith('file://')) return fileURLToPath(location);
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(location) ? undefined : location;
}

function checkRelease(release: string): void {
  if (release === '' || release === DEFAULT_RELEASE) return;
  throw new AppError(
    'USAGE',
    `Arch has one release: expected ${DEFAULT_RELEASE}, got ${JSON.stringify(release)}`,
    {
      hint: 'Use a mirror of the day for an older state: --mirror https://archive.archlinux.org/repos/2024/01/15',
    },
  );
}
