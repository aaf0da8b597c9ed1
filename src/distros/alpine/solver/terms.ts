import { checksumBytes } from '../checksum.ts';
import { CHECKSUM, matchesOperator, operatorText } from '../relation.ts';
import { APK_3, type SolverRules, type TermRules } from '../rules.ts';
import type { Dependency, PackageState, Provider } from './state.ts';

/** Decides which terms hold, by the rules of one apk. */
export class Terms {
  readonly #rules: SolverRules;

  constructor(rules: SolverRules) {
    this.#rules = rules;
  }

  /** Returns whether `provider` (null: no package has the name) meets a dependency of `owner` (null: world). */
  isProvided(
    { conflict, operator, version }: Dependency,
    provider: Provider | null,
    owner: PackageState | null,
  ): boolean {
    const rules = this.#rules;
    if (provider === null) return conflict;
    if (conflict && provider.pkg === owner && rules.ignoresOwnConflict) return true;
    if (operator === CHECKSUM && !(conflict && rules.generation === '3'))
      return checksumBytes(provider.pkg.checksum) === checksumBytes(version);
    return matchesOperator(provider.version, { operator, version }, rules) !== conflict;
  }

  /** Returns whether the package meets a term of `owner`; undefined: the term is about a name that the package does not have. */
  isSatisfiedBy(dependency: Dependency, owner: PackageState | null, pkg: PackageState): boolean | undefined {
    if (dependency.name === pkg.name) return this.isProvided(dependency, { pkg, version: pkg.version }, null);
    const provide = pkg.provides.find(({ name }) => name === dependency.name);
    return provide === undefined
      ? undefined
      : this.isProvided(dependency, { pkg, version: provide.version }, owner);
  }
}

/** Returns a term as apk prints it: `!foo>=2`. */
export function dependencyText(
  { name, conflict, operator, version }: Dependency,
  rules: TermRules = APK_3,
): string {
  return `${conflict ? '!' : ''}${name.text}${version === '' ? '' : operatorText(operator, rules)}${version}`;
}

/** Returns a package as apk prints it: `name-version`. */
export function labelOf(pkg: PackageState): string {
  return `${pkg.name.text}-${pkg.version}`;
}

/**
 * Returns whether apk selects a provider unasked: an unversioned provide only with a provider_priority, or if the package is
 * required by its own name as well.
 */
export function isProviderAutoSelectable({ pkg, version }: Provider): boolean {
  return version !== '' || pkg.priority > 0 || pkg.name.requirers > 0;
}
