import type { ArchiveFacts } from '../model/archive.ts';

/** A package of the image, in the order the real tool installs them. */
export interface InstalledPackage {
  readonly facts: ArchiveFacts;
  readonly reason: 'explicit' | 'dependency';
}

/** Permissions of a directory: what two packages that ship it may disagree on. */
export interface DirectoryOwnership {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Where the real tools differ when they lay files down. */
export interface TreeRules {
  /** True for root members that are never installed: `.PKGINFO`, `.SIGN.*`, `.MTREE`… */
  isMetadata(path: string): boolean;
  /** The directory's permissions after a second package ships it too. */
  mergeDirectory(current: DirectoryOwnership, next: DirectoryOwnership): DirectoryOwnership;
  /** Which of two packages keeps a file both ship: the later wins, the earlier wins, or a clash the tool refuses. */
  decideClash(
    earlier: InstalledPackage,
    later: InstalledPackage,
    path: string,
  ): 'earlier' | 'later' | 'refuse';
}
