import type { FileEntry } from '../../model/archive.ts';
import type { Clash, DirectoryOwnership, TreeRules } from '../install.ts';
import { infoList } from '../shared/pkginfo.ts';
import { isUnpacked } from './paths.ts';

/**
 * How pacman lays files down (libalpm add.c, conflict.c; measured with pacman 6.0.2): a path that two packages ship is
 * refused unless both ship a directory, and `replaces` has no part in it; libarchive replaces what is no directory
 * on the way to a file. What `.MTREE` does not list, it does not unpack.
 */
export const tree: TreeRules = {
  isMetadata,
  passesOver: (facts, entry) => !isUnpacked(facts, entry),
  replacesSymlinks: true,
  mergeDirectory,
  decideClash,
};

/** `.PKGINFO .INSTALL .MTREE .BUILDINFO .CHANGELOG`; pacman skips every other path with a dot in front too. */
function isMetadata({ path }: Pick<FileEntry, 'path'>): boolean {
  return path.startsWith('.');
}

/** A directory that is there keeps its owner and mode; pacman only warns. */
function mergeDirectory(current: DirectoryOwnership): DirectoryOwnership {
  return current;
}

/** What a scriptlet has made before gives way, unless it is a configuration file that differs. */
function decideClash({ earlier, later, path }: Clash): ReturnType<TreeRules['decideClash']> {
  if (earlier !== undefined) return 'refuse';
  return infoList(later.facts.info, 'backup').includes(path) ? { beside: `${path}.pacnew` } : 'later';
}
