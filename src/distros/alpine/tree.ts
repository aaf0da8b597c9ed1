import type { FileEntry } from '../../model/file-entry.ts';
import type { Clash, DirectoryOwnership, InstalledPackage, TreeRules } from '../install.ts';
import { infoList } from '../shared/pkginfo.ts';
import { entryOf, infoDigits } from './describe.ts';
import { matchesOperator, parseRelation } from './relation.ts';
import { isHidden, isMetadata, isUnpacked } from './unpacked.ts';

/** Rules by which apk lays files down (apk-tools `database.c`: install_archive_entry, migrate_files; observed with 2.14). */
export const tree: TreeRules = {
  isMetadata,
  isUnpacked,
  needsParents: true,
  ownsListedPaths: true,
  repeatedDirectory: 'last',
  mergeDirectory,
  decideClash,
};

/** Rules that differ in apk 3 (apk-tools 3.0.6, `database.c`, `package.c` apk_pkg_replaces_dir; observed with the tool). */
export const apk3Rules: Partial<TreeRules> = {
  isMetadata: isHidden,
  makesParents: true,
  repeatedDirectory: 'first',
  winsDirectory,
  newDirectoryMode: (mode) => mode & 0o1777,
  decideClash: (clash) => decideClash(clash, decideOwner3),
};

/**
 * Returns whether the later package's directory wins: by the higher replaces_priority; within an origin, the package of that
 * name; else the first by name.
 */
function winsDirectory(later: InstalledPackage, owner: InstalledPackage): boolean {
  const [a, b] = [owner.facts, later.facts];
  if (a.name === b.name) return true;
  const priorities = [a, b].map(({ info }) => infoDigits(info, 'replaces_priority')) as [number, number];
  if (priorities[0] !== priorities[1]) return priorities[1] > priorities[0];
  const { origin } = entryOf(owner);
  if (origin !== '' && origin === entryOf(later).origin && (a.name === origin || b.name === origin))
    return a.name !== origin;
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) > 0;
}

/** Merges permissions: the lower owner wins, with its mode; if the owners are equal, the bits that both modes have. */
function mergeDirectory(current: DirectoryOwnership, next: DirectoryOwnership): DirectoryOwnership {
  const order = next.uid - current.uid || next.gid - current.gid;
  if (order < 0) return { mode: next.mode, uid: next.uid, gid: next.gid };
  if (order > 0) return current;
  return { mode: current.mode & next.mode, uid: current.uid, gid: current.gid };
}

type DecideOwner = (earlier: InstalledPackage, later: InstalledPackage) => 'earlier' | 'later' | 'refuse';

/**
 * Decides between a package's file and one that exists. If an earlier package owns it, `decide` compares the two. Otherwise the
 * existing file is replaced, except in /etc, where apk keeps files that it did not install or that have changed, and puts the
 * package's file beside them.
 */
function decideClash(clash: Clash, decide: DecideOwner = decideOwner): ReturnType<TreeRules['decideClash']> {
  const { earlier, later, entry, existing, path } = clash;
  if (earlier !== undefined) {
    const decision = decide(earlier.installed, later);
    if (decision !== 'later' || sameContent(existing, earlier.entry)) return decision;
  }
  if (!entry.path.startsWith('etc/')) return 'later';
  return sameContent(existing, entry) ? 'keep' : { beside: `${path}.apk-new` };
}

/** Returns whether two entries have the same content. A hard link counts as the same, because its file is the package's own. */
function sameContent(existing: Clash['existing'], entry: FileEntry): boolean {
  if (entry.type === 'hardlink') return true;
  return (
    existing.type === entry.type &&
    existing.sha256 === entry.sha256 &&
    existing.linkTarget === entry.linkTarget
  );
}

/**
 * With the same name or origin, the later package overwrites. Otherwise the higher replaces_priority wins, which counts only if a
 * package names the other in `replaces` (else -1); in a tie the later wins if it replaces the earlier at all.
 */
const decideOwner: DecideOwner = (earlier, later) => {
  if (earlier.facts.name === later.facts.name) return 'later';
  const { origin } = entryOf(later);
  if (origin !== '' && origin === entryOf(earlier).origin) return 'later';
  return byPriority(earlier, later);
};

/** Differs from decideOwner in that priorities are compared before the origin. */
const decideOwner3: DecideOwner = (earlier, later) => {
  const decision = byPriority(earlier, later);
  return decision === 'refuse' ? decideOwner(earlier, later) : decision;
};

const byPriority: DecideOwner = (earlier, later) => {
  const earlierPriority = priorityOver(earlier, later);
  const laterPriority = priorityOver(later, earlier);
  if (earlierPriority > laterPriority) return 'earlier';
  return laterPriority >= 0 ? 'later' : 'refuse';
};

function priorityOver(owner: InstalledPackage, other: InstalledPackage): number {
  const { info } = owner.facts;
  const replaces = infoList(info, 'replaces').some((text) => {
    const relation = parseRelation(text);
    return (
      relation !== null &&
      !relation.conflict &&
      !relation.broken &&
      relation.name === other.facts.name &&
      matchesOperator(other.facts.version, relation)
    );
  });
  return replaces ? infoDigits(info, 'replaces_priority') : -1;
}
