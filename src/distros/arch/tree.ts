import type { FileEntry } from '../../model/file-entry.ts';
import type { Clash, DirectoryOwnership, TreeRules } from '../install.ts';
import { infoList } from '../shared/pkginfo.ts';
import { isUnpacked } from './paths.ts';

/**
 * Rules by which pacman lays files down (libalpm add.c, conflict.c; observed with pacman 6.0.2). A path that two packages ship is
 * refused unless both ship a directory; `replaces` has no effect. On the way to a file, libarchive replaces whatever is not a
 * directory. Entries that `.MTREE` does not list are not unpacked.
 */
export const tree: TreeRules = {
  isMetadata,
  passesOver: (facts, entry) => !isUnpacked(facts, entry),
  replacesSymlinks: true,
  mergeDirectory,
  decideClash,
};

/** Returns whether pacman never unpacks the entry: `.PKGINFO`, `.INSTALL`, `.MTREE` and all other paths that start with a dot. */
function isMetadata({ path }: Pick<FileEntry, 'path'>): boolean {
  return path.startsWith('.');
}

/** Keeps the owner and mode of an existing directory; pacman only warns. */
function mergeDirectory(current: DirectoryOwnership): DirectoryOwnership {
  return current;
}

/**
 * Decides for an existing file: one that a scriptlet made is replaced, unless it is a configuration file (`backup`) that differs.
 */
function decideClash({ earlier, later, path }: Clash): ReturnType<TreeRules['decideClash']> {
  if (earlier !== undefined) return 'refuse';
  return infoList(later.facts.info, 'backup').includes(path) ? { beside: `${path}.pacnew` } : 'later';
}
