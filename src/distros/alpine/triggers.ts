import type { InstalledPackage } from '../install.ts';
import { infoList } from '../shared/pkginfo.ts';
import { fnmatchPath } from './fnmatch.ts';
import { hashOrder } from './hash-order.ts';

export interface TriggerRun {
  readonly package: InstalledPackage;
  /** Absolute paths of the matching changed directories, in apk's order */
  readonly directories: readonly string[];
}

/**
 * The trigger scripts that an install of all `packages` into an empty root fires, in install order. Every
 * directory that a package ships counts as changed, and so does every parent of one, the root included.
 * Checked against apk-tools 2.14: arguments come in the order of its directory hash.
 */
export function triggerRuns(packages: readonly InstalledPackage[]): readonly TriggerRun[] {
  const owners = packages.filter(({ facts }) => facts.scripts.some((script) => script.name === 'trigger'));
  if (owners.length === 0) return [];
  const directories = hashOrder([...changedDirectories(packages)], (path) => path);
  return owners.flatMap((owner) => {
    const globs = triggerGlobs(owner);
    const matching = directories.filter((path) => globs.some((glob) => fnmatchPath(glob, path)));
    return matching.length === 0 ? [] : [{ package: owner, directories: matching.map((path) => `/${path}`) }];
  });
}

/** As written, each an absolute glob. */
export function triggersOf(owner: InstalledPackage): readonly string[] {
  return infoList(owner.facts.info, 'triggers').flatMap((value) =>
    value.split(/\s+/).filter((glob) => glob !== ''),
  );
}

/** Without the leading slash; apk ignores a glob that has none. */
function triggerGlobs(owner: InstalledPackage): readonly string[] {
  return triggersOf(owner)
    .filter((glob) => glob.startsWith('/'))
    .map((glob) => glob.slice(1));
}

function changedDirectories(packages: readonly InstalledPackage[]): ReadonlySet<string> {
  const directories = new Set<string>();
  for (const { facts } of packages) {
    for (const entry of facts.files) {
      if (entry.path.startsWith('.') && !entry.path.includes('/')) continue;
      let path = entry.type === 'directory' ? entry.path : parentOf(entry.path);
      while (!directories.has(path)) {
        directories.add(path);
        path = parentOf(path);
      }
    }
  }
  return directories;
}

/** '' is the root, and its own parent. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
