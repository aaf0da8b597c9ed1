import type { SolveRequest } from '../resolver.ts';
import type { ChangeRequest } from '../transaction.ts';

/** What `pacman -S --noconfirm` takes beyond its targets. */
export interface PacmanOptions {
  /** --ignore: globs of names that are chosen neither as a dependency nor as an upgrade; a target is installed all the same */
  readonly ignore?: readonly string[];
  /** --ignoregroup: the same by the groups of a package */
  readonly ignoreGroups?: readonly string[];
  /** --assume-installed: `name` or `name=version` */
  readonly assumeInstalled?: readonly string[];
  /** -d: the versions in requirements do not count; -dd: requirements do not */
  readonly skipDependencies?: 'versions' | 'all';
  /** As `pacman -Sp` lists: conflicts are not looked for */
  readonly skipConflicts?: boolean;
  /** --needed: a target that is installed in the same version is left alone */
  readonly needed?: boolean;
  /** -Su, which also replaces; -Suu goes back to older versions too */
  readonly upgrade?: 'newer' | 'downgrade';
  /** Yes to “remove the installed package that is in conflict?” (--ask=4) */
  readonly removeConflicting?: boolean;
  /** Yes to “skip the targets that cannot be had?” (--ask=16) */
  readonly skipUnresolvable?: boolean;
  /** No to “install the ignored target anyway?” (--ask=1) */
  readonly skipIgnored?: boolean;
}

/** A request to install with pacman's options; absent: none. */
export interface PacmanRequest extends SolveRequest {
  readonly pacman?: PacmanOptions;
}

/** The same against a root that is not empty. */
export interface PacmanChangeRequest extends ChangeRequest {
  readonly pacman?: PacmanOptions;
}
