import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A package of this machine's Debian, as `apt-cache show` has it. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  readonly description: string;
  readonly homepage: string;
  readonly maintainer: string;
  /** Pre-Depends and Depends: groups of alternatives, as written */
  readonly depends: readonly (readonly string[])[];
  readonly provides: readonly string[];
  readonly fileName: string;
  readonly sha256: string;
}

/** Why the sample mirror cannot be made on this machine, with what to do about it. */
export class SampleMirrorError extends Error {}

const OUTPUT_BYTES = 256 * 1024 * 1024;
const APT_ENV = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };

function run(program: string, words: readonly string[], cwd?: string): string {
  const result = spawnSync(program, words, {
    cwd,
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES,
    env: APT_ENV,
  });
  if (result.error !== undefined) {
    throw new SampleMirrorError(
      `${program} does not run here: ${result.error.message}\nThe sample mirror is made of Debian packages: run the demo on Debian, or on anything that has apt-get and dpkg-deb.`,
    );
  }
  if (result.status === 0) return result.stdout;
  throw new SampleMirrorError(
    `${program} ${words.join(' ')}: exit code ${result.status}\n${result.stderr.trim()}`,
  );
}

/** The words of a comma-separated relation field; alternatives split at `|`. */
export function parseRelations(field: string): readonly (readonly string[])[] {
  return field
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '')
    .map((group) => group.split('|').map((word) => word.trim()));
}

/** `libc6:any (>= 2.36)` → name, operator and version; both empty without one. */
export function parseRelation(word: string): { name: string; operator: string; version: string } {
  const match = /^([^\s:(]+)(?::\w+)?\s*(?:\(\s*([<>=]+)\s*([^)\s]+)\s*\))?/.exec(word);
  return { name: match?.[1] ?? word, operator: match?.[2] ?? '', version: match?.[3] ?? '' };
}

/** Stanzas of `apt-cache show`; continuation lines are left out. */
export function parseStanzas(text: string): readonly DebianPackage[] {
  const blocks = text.split(/\n\s*\n/).filter((block) => block.trim() !== '');
  return blocks.map((block) => {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const match = /^([A-Za-z0-9-]+):\s?(.*)$/.exec(line);
      if (match !== null) fields.set(match[1]!.toLowerCase(), match[2]!.trim());
    }
    const field = (name: string): string => fields.get(name) ?? '';
    const name = field('package');
    return {
      name,
      version: field('version'),
      architecture: field('architecture'),
      source: field('source').split(' ')[0] || name,
      description: field('description') || field('description-en') || name,
      homepage: field('homepage') || 'https://www.debian.org/',
      maintainer: field('maintainer'),
      depends: [...parseRelations(field('pre-depends')), ...parseRelations(field('depends'))],
      provides: parseRelations(field('provides')).flat(),
      fileName: basename(field('filename')),
      sha256: field('sha256'),
    };
  });
}

function show(names: readonly string[]): readonly DebianPackage[] {
  if (names.length === 0) return [];
  const words = ['--no-all-versions', 'show', ...names];
  // Exit code 100 with the found ones on stdout when a name is virtual.
  const result = spawnSync('apt-cache', words, { encoding: 'utf8', maxBuffer: OUTPUT_BYTES, env: APT_ENV });
  if (result.error !== undefined) run('apt-cache', words);
  return parseStanzas(result.stdout);
}

/**
 * The packages with all they need, and their archives in `folder`. Where apt's lists are missing or old, they are
 * brought up to date first, once.
 * @throws SampleMirrorError
 */
export function obtainDebs(
  roots: readonly string[],
  excluded: ReadonlySet<string>,
  folder: string,
): { readonly packages: readonly DebianPackage[]; readonly paths: ReadonlyMap<string, string> } {
  const attempt = () => {
    const packages = debianClosure(roots, excluded);
    console.log(`  apt-get download: ${packages.length} packages`);
    return { packages, paths: downloadDebs(packages, folder) };
  };
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof SampleMirrorError)) throw error;
    console.log("  apt-get update: apt's package lists are missing or old");
    run('apt-get', ['update', '-q']);
    return attempt();
  }
}

/**
 * The packages and all they need to work (Pre-Depends and Depends, the first alternative that exists), in name
 * order. What `excluded` names is left out with all that only it needs.
 */
function debianClosure(roots: readonly string[], excluded: ReadonlySet<string>): readonly DebianPackage[] {
  const found = new Map<string, DebianPackage>();
  let wanted = [...roots];
  while (wanted.length > 0) {
    const shown = new Map(show(wanted).map((one) => [one.name, one]));
    for (const name of wanted) {
      const stanza = shown.get(name);
      if (stanza?.sha256 === '') {
        throw new SampleMirrorError(
          `${name} ${stanza.version} is installed, and no repository of apt has it`,
        );
      }
      if (stanza !== undefined) found.set(name, stanza);
      else if (roots.includes(name)) throw new SampleMirrorError(`apt-cache knows no package ${name}`);
    }
    const groups = [...found.values()].flatMap((one) => one.depends);
    const open = groups
      .map((group) => group.map((word) => parseRelation(word).name))
      .filter((names) => !names.some((name) => found.has(name) || excluded.has(name)));
    const tried = new Set(wanted);
    wanted = [...new Set(open.map((names) => names.find((name) => !tried.has(name)) ?? ''))].filter(
      (name) => name !== '',
    );
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isComplete(path: string, sha256: string): boolean {
  return existsSync(path) && createHash('sha256').update(readFileSync(path)).digest('hex') === sha256;
}

/** Gets the packages' archives into `folder` with `apt-get download`. @returns their paths by package name */
function downloadDebs(packages: readonly DebianPackage[], folder: string): ReadonlyMap<string, string> {
  mkdirSync(folder, { recursive: true });
  const pathOf = (one: DebianPackage): string =>
    join(folder, `${one.name}_${one.version.replace(/:/g, '%3a')}.deb`);
  const missing = packages.filter((one) => !isComplete(pathOf(one), one.sha256));
  if (missing.length > 0) {
    run('apt-get', ['download', '-q', ...missing.map((one) => `${one.name}=${one.version}`)], folder);
  }
  for (const one of missing) {
    const name = `${one.name}_${one.version.replace(/:/g, '%3a')}_${one.architecture}.deb`;
    if (existsSync(join(folder, name))) renameSync(join(folder, name), pathOf(one));
    if (!isComplete(pathOf(one), one.sha256)) {
      throw new SampleMirrorError(
        `${pathOf(one)}: apt-get download did not get it whole (expected SHA-256 ${one.sha256})`,
      );
    }
  }
  return new Map(packages.map((one) => [one.name, pathOf(one)]));
}

export function debianArchitecture(): string {
  return run('dpkg', ['--print-architecture']).trim();
}
