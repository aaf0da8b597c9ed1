import type { DirectoryOwnership, TreeRules } from '../install.ts';

/** How pacman lays files down (libalpm add.c, conflict.c). */
export const tree: TreeRules = { isMetadata, mergeDirectory, decideClash: () => 'refuse' };

/** `.PKGINFO .INSTALL .MTREE .BUILDINFO .CHANGELOG`, and every other root member with a dot in front: pacman skips them. */
function isMetadata(path: string): boolean {
  return path.startsWith('.') && !path.includes('/');
}

/** A directory that is there keeps its owner and mode; pacman only warns. */
function mergeDirectory(current: DirectoryOwnership): DirectoryOwnership {
  return current;
}
