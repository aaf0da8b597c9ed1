import type { DirectoryOwnership, InstalledPackage, TreeRules } from '../install.ts';
import { infoList, infoNumber, infoValue } from '../shared/pkginfo.ts';
import { matchesOperator, parseRelation } from './relation.ts';

/** How apk lays files down (apk-tools `database.c`: install_archive_entry, apply_diri_permissions). */
export const tree: TreeRules = { isMetadata, mergeDirectory, decideClash };

/** Root members of the signature and control members, and every other dot file in the root, which apk skips. */
function isMetadata(path: string): boolean {
  return path.startsWith('.') && !path.includes('/');
}

/** The lower owner wins and takes its mode along; the same owner keeps the bits that both allow. */
function mergeDirectory(current: DirectoryOwnership, next: DirectoryOwnership): DirectoryOwnership {
  const order = next.uid - current.uid || next.gid - current.gid;
  if (order < 0) return { mode: next.mode, uid: next.uid, gid: next.gid };
  if (order > 0) return current;
  return { mode: current.mode & next.mode, uid: current.uid, gid: current.gid };
}

/**
 * Same name or same origin: the later overwrites. Else the higher replaces_priority of those that name the
 * other in `replaces` (none: -1); the later wins a tie when it replaces the earlier at all.
 */
function decideClash(
  earlier: InstalledPackage | undefined,
  later: InstalledPackage,
): 'earlier' | 'later' | 'refuse' {
  if (earlier === undefined) return 'later';
  if (earlier.facts.name === later.facts.name) return 'later';
  const origin = infoValue(later.facts.info, 'origin');
  if (origin !== '' && origin === infoValue(earlier.facts.info, 'origin')) return 'later';
  const earlierPriority = priorityOver(earlier, later);
  const laterPriority = priorityOver(later, earlier);
  if (earlierPriority > laterPriority) return 'earlier';
  return laterPriority >= 0 ? 'later' : 'refuse';
}

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
  return replaces ? infoNumber(info, 'replaces_priority') : -1;
}
