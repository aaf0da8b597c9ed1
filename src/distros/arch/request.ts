import type { SolveRequest } from '../resolver.ts';
import type { ChangeRequest } from '../transaction.ts';

/** Options of `pacman -S --noconfirm`. */
export interface PacmanOptions {
  /** --ignore: globs of names that are not chosen as a dependency or upgrade, but still installed as a target */
  readonly ignore?: readonly string[];
  /** --ignoregroup: the same by the groups of a package */
  readonly ignoreGroups?: readonly string[];
  /** --assume-installed: `name` or `name=version` */
  readonly assumeInstalled?: readonly string[];
  /** -d: versions in requirements are ignored; -dd: requirements are ignored */
  readonly skipDependencies?: 'versions' | 'all';
  /** `pacman -Sp`: conflicts are not checked */
  readonly skipConflicts?: boolean;
  /** --needed: a target that is installed in the same version is skipped */
  readonly needed?: boolean;
  /** -Su, which also replaces packages; -Suu also downgrades */
  readonly upgrade?: 'newer' | 'downgrade';
  /** Answer yes to “remove the installed package that is in conflict?” (--ask=4) */
  readonly removeConflicting?: boolean;
  /** Answer yes to “skip the targets that cannot be resolved?” (--ask=16) */
  readonly skipUnresolvable?: boolean;
  /** Answer no to “install the ignored target anyway?” (--ask=1) */
  readonly skipIgnored?: boolean;
}

/** A request to install, with pacman's options. */
export interface PacmanRequest extends SolveRequest {
  readonly pacman?: PacmanOptions;
}

/** A request to install into a root with packages, with pacman's options. */
export interface PacmanChangeRequest extends ChangeRequest {
  readonly pacman?: PacmanOptions;
}
