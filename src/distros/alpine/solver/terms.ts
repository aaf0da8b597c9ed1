import { checksumBytes } from '../checksum.ts';
import { CHECKSUM, matchesOperator, operatorText } from '../relation.ts';
import { APK_3, type SolverRules, type TermRules } from '../rules.ts';
import type { Dependency, PackageState, Provider } from './state.ts';

/** Which terms hold, by the rules of one apk. */
export class Terms {
  readonly #rules: SolverRules;

  constructor(rules: SolverRules) {
    this.#rules = rules;
  }

  /** Whether `provider` (null: nothing is installed under the name) answers a dependency of `owner` (null: world). */
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

  /** Whether the package meets a term of `owner`; undefined: the term is about no name of its. */
  isSatisfiedBy(dependency: Dependency, owner: PackageState | null, pkg: PackageState): boolean | undefined {
    if (dependency.name === pkg.name) return this.isProvided(dependency, { pkg, version: pkg.version }, null);
    const provide = pkg.provides.find(({ name }) => name === dependency.name);
    return provide === undefined
      ? undefined
      : this.isProvided(dependency, { pkg, version: provide.version }, owner);
  }
}

/** `!foo>=2`, as apk prints a term. */
export function dependencyText(
  { name, conflict, operator, version }: Dependency,
  rules: TermRules = APK_3,
): string {
  return `${conflict ? '!' : ''}${name.text}${version === '' ? '' : operatorText(operator, rules)}${version}`;
}

/** `name-version`, as apk prints a package. */
export function labelOf(pkg: PackageState): string {
  return `${pkg.name.text}-${pkg.version}`;
}

/**
 * An unversioned provide is taken unasked only with a provider_priority or when the package is required by its
 * own name as well.
 */
export function isProviderAutoSelectable({ pkg, version }: Provider): boolean {
  return version !== '' || pkg.priority > 0 || pkg.name.requirers > 0;
}
