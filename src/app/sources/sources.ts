import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { foreignFormat } from '../../archive/foreign-formats.ts';
import { sniff } from '../../archive/sniff.ts';
import type { Distro, RepositoryQuery } from '../../distros/distro.ts';
import { familyOf } from '../../distros/families.ts';
import type { Family } from '../../distros/family.ts';
import { architectureOf } from '../../distros/platforms.ts';
import { isLocal, splitQuery } from '../../fetch/url.ts';
import { readLimitedFile } from '../../files/limited-file.ts';
import { AppError } from '../../model/app-error.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Context } from '../context.ts';
import { identityOf } from './indexed-repository.ts';
import type { OciFiles } from './oci-files.ts';
import { Trust } from './trust.ts';

/** Sources of packages, in the distribution's own words, and trust in them. */
export interface Sources {
  readonly distro: Distro;
  readonly release: string;
  readonly architecture: string;
  /** Mirrors that the user named; empty: the official ones */
  readonly mirrors: readonly string[];
  readonly repositories: readonly RepositorySpec[];
  /** The user named repositories or mirrors, which are then asked for changes on every use. */
  readonly named: boolean;
  readonly trust: Trust;
  /** Files of mirrors in registries; undefined if no repository is in one */
  readonly files: OciFiles | undefined;
}

/**
 * Works out the sources of packages and the trust in them.
 * @throws AppError USAGE for an unknown architecture or solver, or a malformed repository line
 */
export async function resolveSources(context: Context, options: SourceOptions): Promise<Sources> {
  const family = familyOf(options.distro);
  checkSolver(family, options.solver);
  const distro = await family.load();
  const architecture = architectureOf(distro, options.architecture);
  const release = options.release === '' ? distro.releases.default : options.release;
  const mirrors = options.mirrors.map(withoutSlash);
  const query = { release, architecture, mirrors };
  const read = distro.repositories.lines?.(query) ?? ((line: string) => [line]);
  const lines = options.repositories.flatMap((text) => linesOf(text, read));
  const files = await openFiles(context, options, [...mirrors, ...lines]);
  const repositories = await specsOf(context, { distro, query, files }, lines);
  checkDistinct(repositories);
  return {
    distro,
    release,
    architecture,
    mirrors,
    repositories,
    named: options.repositories.length > 0 || options.mirrors.length > 0,
    trust: new Trust(context, distro, { ...options, architecture }),
    files,
  };
}

/** Checks that the family has the solver. @throws AppError USAGE */
export function checkSolver({ id, solvers }: Family, solver: string | undefined): void {
  if (solver === undefined || solvers.includes(solver)) return;
  throw new AppError(
    'USAGE',
    `--solver: expected ${solvers.join(', ') || `none with ${id}`}, got ${solver}`,
    {
      hint: `Leave the option out: ${id} has ${solvers.length === 0 ? 'one solver' : 'solvers of other names'}.`,
    },
  );
}

/**
 * Checks that no two repositories have one identity, which leaves out passwords and queries.
 * @throws AppError USAGE if two differ in these alone
 */
function checkDistinct(repositories: readonly RepositorySpec[]): void {
  const seen = new Map<string, string>();
  for (const spec of repositories) {
    const identity = identityOf(spec);
    const [base = ''] = spec.baseUrls;
    if ((seen.get(identity) ?? base) !== base) {
      throw new AppError('USAGE', `two repositories differ only in user, password or query: ${identity}`, {
        hint: 'Use only one of them in a request.',
      });
    }
    seen.set(identity, base);
  }
}

/** Returns undefined if no repository is in a registry. */
async function openFiles(
  context: Context,
  { access }: SourceOptions,
  places: readonly string[],
): Promise<OciFiles | undefined> {
  if (!places.some((place) => /oci:/i.test(place))) return undefined;
  const { ociFiles } = await import('./oci-files.ts');
  const { knownRepositories } = await import('./oci-repository.ts');
  const { sharedSession } = await import('../registries/sessions.ts');
  return ociFiles({
    session: async () => sharedSession(context, access),
    isKnown: (reference) => knownRepositories(context, reference).length > 0,
  });
}

/** Returns the repositories of the lines; without lines, the distribution's own. */
async function specsOf(
  context: Context,
  request: { readonly distro: Distro; readonly query: RepositoryQuery; readonly files: OciFiles | undefined },
  lines: readonly string[],
): Promise<readonly RepositorySpec[]> {
  const { distro, query, files } = request;
  const official = distro.repositories.official(query);
  const plain = (line: string): RepositorySpec =>
    official.find(({ name }) => name === line && !existsSync(line)) ??
    distro.repositories.parse(absolute(line), query);
  if (files === undefined) return lines.length === 0 ? official : lines.map(plain);
  const { inRegistry, ociRepositories } = await import('./oci-repository.ts');
  const found = lines.map(
    async (line) => (await ociRepositories(context, { ...request, files }, line)) ?? [plain(line)],
  );
  const specs = lines.length === 0 ? official : (await Promise.all(found)).flat();
  return specs.map((spec) => inRegistry(spec, query.mirrors));
}

/** A list of repositories is written by hand; a larger file is an archive. */
const MAX_LIST_BYTES = 1024 * 1024;

type ReadLine = (line: string) => readonly string[];

/**
 * Returns the repository itself, or each line of a list of repositories such as `/etc/apk/repositories`, or of the lists in a
 * folder such as `/etc/apk/repositories.d`.
 */
function linesOf(text: string, read: ReadLine): readonly string[] {
  const found = text.includes('://') ? undefined : statSync(text, { throwIfNoEntry: false });
  if (found === undefined) return read(text);
  if (found.isDirectory()) {
    const lists = listsIn(text);
    return lists.length === 0 ? [text] : lists.flatMap((list) => linesOf(list, read));
  }
  if (!found.isFile() || found.size > MAX_LIST_BYTES) return [text];
  const content = readLimitedFile(text, MAX_LIST_BYTES);
  const head = content.subarray(0, 512);
  if (sniff(head) !== 'unknown' || foreignFormat(head) !== undefined) return [text];
  return content
    .toString()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap(read);
}

/** Returns the `*.list` files of a folder, sorted by name; none if it has any other files except hidden ones. */
function listsIn(folder: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {
    // Reported when the folder is read as a repository.
    return [];
  }
  if (!names.every((name) => name.endsWith('.list'))) return [];
  return [...names].sort().map((name) => join(folder, name));
}

/** Makes a relative folder absolute, so that it means the same in later requests from elsewhere. */
function absolute(line: string): string {
  return !line.includes('://') && isLocal(line) && existsSync(line) ? resolve(line) : line;
}

function withoutSlash(url: string): string {
  const { place, query } = splitQuery(url);
  return place + query;
}
