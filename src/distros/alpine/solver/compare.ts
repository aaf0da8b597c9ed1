import type { SolverRules, TermRules } from '../rules.ts';
import { AVAILABLE, LATEST, REMOVE, UPGRADE } from './flags.ts';
import type { PackageState, Provider } from './state.ts';

/**
 * Compares two candidates for a name in apk's order of criteria (apk-tools src/solver.c compare_providers); positive if apk
 * prefers `a`.
 */
export function compareProviders(a: Provider, b: Provider, rules: SolverRules): number {
  return (
    removal(a.pkg, b.pkg, rules) ||
    preference(a, b, rules) ||
    byVersion(a, b, rules) ||
    tieBreak(a.pkg, b.pkg, rules)
  );
}

function removal(left: PackageState, right: PackageState, { avoidsRemoved }: SolverRules): number {
  return avoidsRemoved === 'strictly' ? (right.flags & REMOVE) - (left.flags & REMOVE) : 0;
}

function preference(a: Provider, b: Provider, rules: SolverRules): number {
  const left = a.pkg;
  const right = b.pkg;
  const flags = left.flags | right.flags;
  const available = (flags & AVAILABLE) !== 0 ? Number(left.available) - Number(right.available) : 0;
  if ((flags & LATEST) !== 0 && left.pinningAllowed === 1 && right.pinningAllowed === 1) {
    return Number(left.tagOk) - Number(right.tagOk) || available;
  }
  return (
    Number(left.selectable) - Number(right.selectable) ||
    Number(left.dependenciesUsed) - Number(right.dependenciesUsed) ||
    right.conflicts - left.conflicts ||
    Number(left.tagOk) - Number(right.tagOk) ||
    available ||
    Number(left.tagPreferred) - Number(right.tagPreferred) ||
    (keepsInstalled(a, b, rules) ? Number(left.installed) - Number(right.installed) : 0)
  );
}

/** Returns whether an installed package is preferred, even to a newer one. */
function keepsInstalled(a: Provider, b: Provider, { prefersInstalled }: SolverRules): boolean {
  const flags = a.pkg.flags | b.pkg.flags;
  if (prefersInstalled) return (flags & UPGRADE) === 0;
  return (
    (flags & (REMOVE | UPGRADE)) === 0 && (a.pkg.name === b.pkg.name || a.version !== '' || b.version !== '')
  );
}

/** Compares the versions under the requested name, then those of the packages if these have the same name. */
function byVersion(a: Provider, b: Provider, rules: SolverRules): number {
  const requested = compareProvided(a.version, b.version, rules);
  return requested || (a.pkg.name === b.pkg.name ? rules.compareVersions(a.pkg.version, b.pkg.version) : 0);
}

/** Compares the versions of two provides; by the rules, an empty one (no version) is lower than all others or equal to them. */
export function compareProvided(a: string, b: string, rules: TermRules): number {
  if (a !== '' && b !== '') return rules.compareVersions(a, b);
  return rules.unversionedIsLowest ? Number(a !== '') - Number(b !== '') : 0;
}

function tieBreak(left: PackageState, right: PackageState, { prefersInstalled }: SolverRules): number {
  const installed = Number(left.installed) - Number(right.installed);
  const priority = left.priority - right.priority;
  return (
    (prefersInstalled
      ? installed || priority
      : priority || (((left.flags | right.flags) & REMOVE) === 0 ? installed : 0)) ||
    Number(left.selectable) - Number(right.selectable) ||
    firstRepository(right) - firstRepository(left)
  );
}

/** Returns one more than the rank of the first repository that has the package; 0 if none has it. */
function firstRepository({ repositories }: PackageState): number {
  return repositories === 0 ? 0 : 32 - Math.clz32(repositories & -repositories);
}
