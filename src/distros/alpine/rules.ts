import type { SystemFacts } from '../install.ts';
import { apkToolsOf } from './releases.ts';
import { compareFuzzy, compareVersions, isValidVersion } from './version.ts';
import { compareFuzzy2, compareVersions2, isValidVersion2 } from './version-2.ts';

/** Rules by which apk reads lists of terms and compares versions. */
export interface TermRules {
  /** All versions of a generation read packages of an index alike. */
  readonly generation: '2' | '3';
  /** Returns a negative number, zero or a positive one. */
  readonly compareVersions: (a: string, b: string) => number;
  /** Compares for `~`: a version that starts with the prefix counts as equal. */
  readonly compareFuzzy: (version: string, prefix: string) => number;
  readonly isValidVersion: (version: string) => boolean;
  /** Bits of the operator that every version meets: apk's APK_DEPMASK_ANY */
  readonly anyOperator: number;
  /** Whether a term may lack a name and may have a `@tag` outside of world, where it has no effect */
  readonly lenientTerms: boolean;
  /** Whether a provide without a version is lower than all versions; if not, it neither meets a bound nor conflicts with one. */
  readonly unversionedIsLowest: boolean;
}

/**
 * Differences between versions of apk-tools in choosing packages. Everything else in the solver is common to all versions.
 * Sources: apk-tools' git, src/{solver,package,commit,version}.c, by the tag that first has it.
 */
export interface SolverRules extends TermRules {
  /** First version of apk-tools that has all of these rules */
  readonly since: string;
  /**
   * Whether a list ends before a term with an invalid version. If not, the package is uninstallable, as are packages of another
   * architecture and those with index fields of a newer format.
   */
  readonly readsOn: boolean;
  /** Whether `!x` in a package that is or provides x is ignored */
  readonly ignoresOwnConflict: boolean;
  /**
   * Order in which names are settled. `chains`: longest chain of dependencies first; `required-chains`: the same, but required
   * names before others; `walk`: in the order in which a walk of everything leaves them; `tiers`: the same with apk 3's walk.
   */
  readonly order: 'chains' | 'required-chains' | 'walk' | 'tiers';
  /** Whether `!x` in an install_if settles the name x, so that it holds from then on */
  readonly settlesRules: boolean;
  /** Whether a package that install_if triggers is left out if something rules it out */
  readonly dropsUnselectable: boolean;
  /**
   * Treatment of a package that `apk del` removes: `strictly`: taken only if there is no other; `mildly`: no longer preferred for
   * being installed
   */
  readonly avoidsRemoved: 'never' | 'strictly' | 'mildly';
  /**
   * Whether an installed package is preferred to one with a higher provider_priority if all else is equal, for virtual names too
   */
  readonly prefersInstalled: boolean;
  /** Whether a package that only provides a name also makes room for the package that gets the name */
  readonly purgesProviders: boolean;
  /** Whether a name whose package was removed may still get another in the same transaction */
  readonly reinstallsRemoved: boolean;
  /** Whether the report counts what install_if triggered as present, and follows what that triggers */
  readonly reportsTriggered: boolean;
  /** Whether the report sorts requirements, shows tags of world, and says why a package is uninstallable */
  readonly sortsReport: boolean;
}

/** `anyOperator` of apk 2: the bits of `=` 1, `<` 2, `>` 4, `~` 8. */
const ANY_2 = 15;
const ANY_3 = 7;

const APK_2_14: SolverRules = {
  since: '2.14.0',
  generation: '2',
  compareVersions: compareVersions2,
  compareFuzzy: compareFuzzy2,
  isValidVersion: isValidVersion2,
  anyOperator: ANY_2,
  lenientTerms: true,
  readsOn: true,
  ignoresOwnConflict: false,
  unversionedIsLowest: false,
  order: 'chains',
  settlesRules: false,
  dropsUnselectable: false,
  avoidsRemoved: 'never',
  prefersInstalled: true,
  purgesProviders: false,
  reinstallsRemoved: false,
  reportsTriggered: false,
  sortsReport: false,
};
const APK_2_14_2: SolverRules = {
  ...APK_2_14,
  since: '2.14.2',
  purgesProviders: true,
  reportsTriggered: true,
};
const APK_2_14_5: SolverRules = {
  ...APK_2_14_2,
  since: '2.14.5',
  order: 'required-chains',
  dropsUnselectable: true,
  avoidsRemoved: 'strictly',
};
/** Unlike 2.14.8, a month later, 2.14.7 does not settle names with a selectable package first. */
const APK_2_14_7: SolverRules = { ...APK_2_14_5, since: '2.14.7', order: 'walk' };
const APK_2_14_11: SolverRules = { ...APK_2_14_7, since: '2.14.11', reinstallsRemoved: true };

/** Rules of apk 3, which are also used for unknown releases. */
export const APK_3: SolverRules = {
  since: '3',
  generation: '3',
  compareVersions,
  compareFuzzy,
  isValidVersion,
  anyOperator: ANY_3,
  lenientTerms: false,
  readsOn: false,
  ignoresOwnConflict: true,
  unversionedIsLowest: true,
  order: 'tiers',
  settlesRules: true,
  dropsUnselectable: true,
  avoidsRemoved: 'mildly',
  prefersInstalled: false,
  purgesProviders: true,
  reinstallsRemoved: true,
  reportsTriggered: true,
  sortsReport: true,
};

const ALL = [APK_2_14, APK_2_14_2, APK_2_14_5, APK_2_14_7, APK_2_14_11, APK_3];

/** Returns the rules of a version of apk-tools, `2.14.4` or `2.14.4-r0`; a version older than all sets gets the oldest. */
export function solverRules(apkTools: string): SolverRules {
  return ALL.findLast(({ since }) => compareVersions(since, apkTools) <= 0) ?? APK_2_14;
}

/** Returns the rules of the system's apk or, if `solver` names a generation (`apk2`, `apk3`), the newest rules of that one. */
export function rulesFor({ release, packageManager }: SystemFacts, solver: string | undefined): SolverRules {
  const own = solverRules(packageManager || apkToolsOf(release));
  if (solver === undefined || own.generation === solver.slice('apk'.length)) return own;
  return solver === 'apk2' ? APK_2_14_11 : APK_3;
}
