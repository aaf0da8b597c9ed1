import { matchesPathGlob } from '../../model/glob.ts';
import type { InstalledPackage } from '../install.ts';
import { infoList } from '../shared/pkginfo.ts';
import { hashOrder } from './hash-order.ts';
import { folderOf, isMetadata, isUnpacked } from './unpacked.ts';

/** A trigger script that an installation runs. */
export interface TriggerRun {
  readonly package: InstalledPackage;
  /** Absolute paths of the matching changed directories, in apk's order */
  readonly directories: readonly string[];
}

/**
 * Returns the trigger scripts that an install of `packages` into an empty root runs, in install order. Every directory that a
 * package ships counts as changed, and so do all its parents, the root included. Arguments come in the order of apk's directory
 * hash (checked against apk-tools 2.14).
 */
export function triggerRuns(packages: readonly InstalledPackage[]): readonly TriggerRun[] {
  const owners = packages.filter(
    (owner) => isUnpacked(owner) && owner.facts.scripts.some((script) => script.name === 'trigger'),
  );
  if (owners.length === 0) return [];
  const changed = changedDirectories(packages);
  return owners.flatMap((owner) => {
    const globs = triggerGlobs(owner);
    const patterns = globs.filter((glob) => WILD.test(glob));
    const names = new Set(globs.filter((glob) => !WILD.test(glob)));
    const matching = changed.filter(
      (path) => names.has(path) || patterns.some((glob) => matchesPathGlob(glob, path)),
    );
    if (matching.length === 0) return [];
    const directories = hashOrder(matching, (path) => path).map((path) => `/${path}`);
    return [{ package: owner, directories }];
  });
}

/** Characters that make a pattern of a glob. */
const WILD = /[*?[\\]/;

/** Returns the text of `lib/apk/db/triggers`: a line with identity and globs for each package that has any. */
export function triggersText(packages: readonly InstalledPackage[]): string {
  return packages
    .map((owner) => [owner.facts.identity, ...(isUnpacked(owner) ? triggersOf(owner) : [])])
    .filter((words) => words.length > 1)
    .map((words) => `${words.join(' ')}\n`)
    .join('');
}

/** Returns the globs of a package's triggers as written; apk ignores those that are not absolute. */
export function triggersOf(owner: InstalledPackage): readonly string[] {
  return infoList(owner.facts.info, 'triggers').flatMap((value) =>
    value.split(/\s+/).filter((glob) => glob !== ''),
  );
}

/** Returns the absolute globs, without the leading slash; apk ignores others. */
function triggerGlobs(owner: InstalledPackage): readonly string[] {
  return triggersOf(owner)
    .filter((glob) => glob.startsWith('/'))
    .map((glob) => glob.slice(1));
}

/**
 * Returns the directories that packages ship, with their parents; checkEntries has made sure that no file lacks its directory.
 */
function changedDirectories(packages: readonly InstalledPackage[]): string[] {
  const directories = new Set(['']);
  for (const installed of packages) {
    if (!isUnpacked(installed)) continue;
    const { files } = installed.facts;
    for (let index = 0; index < files.length; index += 1) {
      const { type } = files.head(index);
      if (type !== 'directory') continue;
      let path = files.path(index);
      if (directories.has(path) || isMetadata({ path, type })) continue;
      while (!directories.has(path)) {
        directories.add(path);
        path = folderOf(path);
      }
    }
  }
  return [...directories];
}
