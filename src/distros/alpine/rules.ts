import type { SystemFacts } from '../install.ts';
import { apkToolsOf } from './releases.ts';
import { compareFuzzy, compareVersions, isValidVersion } from './version.ts';
import { compareFuzzy2, compareVersions2, isValidVersion2 } from './version-2.ts';

/** How a list of terms is read, and versions are compared. */
export interface TermRules {
  /** 2 or 3: packages of an index mean the same to every version of one generation */
  readonly generation: '2' | '3';
  /** Negative, zero or positive */
  readonly compareVersions: (a: string, b: string) => number;
  /** The same where a prefix counts as equal: `~` */
  readonly compareFuzzy: (version: string, prefix: string) => number;
  readonly isValidVersion: (version: string) => boolean;
  /** Bits of an operator that no version fails: apk's APK_DEPMASK_ANY */
  readonly anyOperator: number;
  /** A term may have no name, and a `@tag` anywhere, which counts in world alone. */
  readonly lenientTerms: boolean;
  /** Whether a provide without version is the lowest of all, or meets no bound and clashes with none. */
  readonly unversionedIsLowest: boolean;
}

/**
 * What one version of apk-tools does otherwise than another when it chooses packages. This is the one place that says
 * so: everything else of the solver is common to all.
 * Sources: apk-tools' git, src/{solver,package,commit,version}.c, by the tag that first has it.
 */
export interface SolverRules extends TermRules {
  /** The apk-tools that the rules are of: the first version that has all of them */
  readonly since: string;
  /**
   * A list ends before a term with a version that is not valid; else the package is uninstallable, as are packages of
   * another architecture and those with index fields of a newer format.
   */
  readonly readsOn: boolean;
  /** `!x` in a package that is or provides x is ignored. */
  readonly ignoresOwnConflict: boolean;
  /**
   * In which order names are settled. `chains`: longest chain of dependencies first; `required-chains`: required ones
   * of them first; `walk`: as a walk of everything leaves them; `tiers`: the same, as apk 3 walks.
   */
  readonly order: 'chains' | 'required-chains' | 'walk' | 'tiers';
  /** `!x` in install_if is settled for the rule's sake, and holds from then on. */
  readonly settlesRules: boolean;
  /** What install_if triggers is left out when something rules it out. */
  readonly dropsUnselectable: boolean;
  /** `apk del`: what is to go is taken last where there is another; else it is no longer preferred for being there. */
  readonly avoidsRemoved: 'never' | 'strictly' | 'mildly';
  /** What is installed is preferred before a higher provider_priority when all else is equal, also to virtual names. */
  readonly prefersInstalled: boolean;
  /** What goes by a name only through provides makes room for the name's new holder too. */
  readonly purgesProviders: boolean;
  /** A removed name may still get a new holder in the same transaction. */
  readonly reinstallsRemoved: boolean;
  /** The report takes what install_if brought for there, and follows what that triggers. */
  readonly reportsTriggered: boolean;
  /** The report sorts requirements, shows tags of world, and says why a package is uninstallable. */
  readonly sortsReport: boolean;
}

/** Bits: `=` 1, `<` 2, `>` 4, `~` 8. */
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
/** 2.14.7 left out that names with something to take go first, which 2.14.8 added a month later. */
const APK_2_14_7: SolverRules = { ...APK_2_14_5, since: '2.14.7', order: 'walk' };
const APK_2_14_11: SolverRules = { ...APK_2_14_7, since: '2.14.11', reinstallsRemoved: true };

/** The rules of apk 3, which are those of any release that is not known. */
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

/** Those of a version of apk-tools, `2.14.4` or `2.14.4-r0`; older ones than are known here go by the oldest. */
export function solverRules(apkTools: string): SolverRules {
  return ALL.findLast(({ since }) => compareVersions(since, apkTools) <= 0) ?? APK_2_14;
}

/** Those of the system's own apk, or of the newest of the generation that `solver` names: apk2 or apk3. */
export function rulesFor({ release, packageManager }: SystemFacts, solver: string | undefined): SolverRules {
  const own = solverRules(packageManager || apkToolsOf(release));
  if (solver === undefined || own.generation === solver.slice('apk'.length)) return own;
  return solver === 'apk2' ? APK_2_14_11 : APK_3;
}
