import type { FileEntry } from '../../model/file-entry.ts';
import { literalPrefix, literalSuffix, matchesGlob } from '../../model/glob.ts';
import { append } from '../../model/lists.ts';
import type { InstalledPackage } from '../install.ts';
import { compareBytes, sortByBytes } from './byte-order.ts';
import { type Hook, type HookTrigger, parseHook } from './hook.ts';
import { HOOK_FOLDERS, HOOK_SUFFIX, isHookFile } from './hook-files.ts';
import { packagePaths } from './paths.ts';
import { RelationCache } from './relation.ts';

/** A hook that an installation triggers. */
export interface TriggeredHook {
  readonly hook: Hook;
  /** Names or paths that its triggers matched, sorted by bytes, each once: the hook's standard input with NeedsTargets */
  readonly targets: readonly string[];
  /**
   * Entries of its `Depends` that no package of the image satisfies: if there are any, pacman reports the hook and does not run
   * it.
   */
  readonly unsatisfied: readonly string[];
}

/** Hooks that an installation runs. */
export interface HookPlan {
  /** In order of execution */
  readonly hooks: readonly TriggeredHook[];
  /** Lines that pacman prints while reading hooks */
  readonly problems: readonly string[];
}

/**
 * Returns the PostTransaction hooks that pacman would run after installing these packages into an empty root. There are no
 * PreTransaction hooks: pacman reads them before it unpacks the first package.
 */
export function planHooks(packages: readonly InstalledPackage[]): HookPlan {
  const problems: string[] = [];
  const hooks: Hook[] = [];
  for (const { path, content } of hookFiles(packages)) {
    if (content === undefined) {
      problems.push(`error: hook ${path}: a link to a file that is not a hook of these packages`);
      continue;
    }
    const parsed = parseHook(content, path);
    append(problems, parsed.problems);
    if (parsed.hook !== undefined && parsed.hook.when === 'PostTransaction') hooks.push(parsed.hook);
  }
  const matcher = new TargetMatcher(packages);
  const planned: TriggeredHook[] = [];
  for (const hook of hooks) {
    const targets = new Set(hook.triggers.flatMap((trigger) => matcher.matches(trigger)));
    if (targets.size === 0) continue;
    planned.push({
      hook,
      targets: sortByBytes([...targets]),
      unsatisfied: unsatisfied(hook.depends, packages),
    });
  }
  return { hooks: planned, problems };
}

interface HookFile {
  readonly path: string;
  /** Undefined if it is a link to a file whose content is not known */
  readonly content: string | undefined;
}

/** Returns one file per name, the later folder's, sorted by name without the suffix. */
function hookFiles(packages: readonly InstalledPackage[]): HookFile[] {
  const contents = new Map<string, string>();
  const entries = new Map<string, FileEntry>();
  for (const { facts } of packages) {
    for (const [path, content] of Object.entries(facts.rootMembers)) {
      if (isHookFile(path)) contents.set(path, Buffer.from(content, 'base64').toString('utf8'));
    }
    for (const entry of facts.files) {
      if (entry.path.endsWith(HOOK_SUFFIX) && entry.type !== 'directory' && isHookFile(entry.path)) {
        entries.set(entry.path, entry);
      }
    }
  }
  const byName = new Map<string, HookFile>();
  for (const folder of HOOK_FOLDERS) {
    for (const [path, entry] of entries) {
      if (!path.startsWith(`${folder}/`)) continue;
      byName.set(path.slice(folder.length + 1, -HOOK_SUFFIX.length), {
        path,
        content: contentOf(entry, entries, contents),
      });
    }
  }
  return [...byName].sort(([a], [b]) => compareBytes(a, b)).map(([, file]) => file);
}

/** Returns the content of a hook, empty for a link to /dev/null, which masks it. */
function contentOf(
  entry: FileEntry,
  entries: ReadonlyMap<string, FileEntry>,
  contents: ReadonlyMap<string, string>,
): string | undefined {
  let current: FileEntry | undefined = entry;
  for (const seen = new Set<string>(); current !== undefined && !seen.has(current.path); ) {
    seen.add(current.path);
    if (current.type === 'file') return contents.get(current.path);
    const target = linkedPath(current);
    if (target === 'dev/null') return '';
    current = entries.get(target);
  }
  return undefined;
}

function linkedPath(entry: FileEntry): string {
  if (entry.type === 'hardlink') return entry.linkTarget;
  const base = entry.linkTarget.startsWith('/') ? '' : entry.path.slice(0, entry.path.lastIndexOf('/'));
  const parts: string[] = [];
  for (const part of `${base}/${entry.linkTarget}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/**
 * Matches triggers with the package names and paths of a transaction that only installs. Directories end in `/`, as pacman lists
 * them.
 */
class TargetMatcher {
  readonly #packages: readonly InstalledPackage[];
  #names: string[] | undefined;
  #paths: string[] | undefined;

  constructor(packages: readonly InstalledPackage[]) {
    this.#packages = packages;
  }

  matches({ operations, type, targets }: HookTrigger): string[] {
    if (!operations.has('Install')) return [];
    const sorted = type === 'Package' ? this.#sortedNames() : this.#sortedPaths();
    const found = new Set<string>();
    for (const pattern of targets) {
      if (pattern.startsWith('!')) continue;
      const prefix = literalPrefix(bare(pattern));
      const suffix = literalSuffix(bare(pattern));
      for (let index = firstAtLeast(sorted, prefix); index < sorted.length; index += 1) {
        const candidate = sorted[index] ?? '';
        if (!candidate.startsWith(prefix)) break;
        if (candidate.endsWith(suffix) && isSelected(targets, candidate)) found.add(candidate);
      }
    }
    return [...found];
  }

  #sortedNames(): string[] {
    this.#names ??= this.#packages.map(({ facts }) => facts.name).sort();
    return this.#names;
  }

  #sortedPaths(): string[] {
    this.#paths ??= this.#packages.flatMap(({ facts }) => packagePaths(facts)).sort();
    return this.#paths;
  }
}

/** Returns a pattern without the `!` that excludes or the backslash that escapes a leading `!`. */
function bare(pattern: string): string {
  return pattern.startsWith('!') || pattern.startsWith('\\') ? pattern.slice(1) : pattern;
}

/** Returns whether patterns select a text: the last that matches decides (_alpm_fnmatch_patterns). */
function isSelected(patterns: readonly string[], text: string): boolean {
  const decisive = patterns.findLast((pattern) => matchesGlob(bare(pattern), text));
  return decisive !== undefined && !decisive.startsWith('!');
}

/** Returns the index of the first text that is not before `wanted`. */
function firstAtLeast(sorted: readonly string[], wanted: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function unsatisfied(depends: readonly string[], packages: readonly InstalledPackage[]): string[] {
  if (depends.length === 0) return [];
  const relations = new RelationCache();
  return depends.filter(
    (text) =>
      !packages.some(({ facts: { name, version, info } }) =>
        relations.satisfies({ name, version, provides: info.provides ?? [] }, relations.get(text)),
      ),
  );
}
