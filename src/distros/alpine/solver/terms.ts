import { checksumBytes } from '../checksum.ts';
import { CHECKSUM, matchesOperator, operatorText } from '../relation.ts';
import type { Dependency, PackageState, Provider } from './state.ts';

/** Whether `provider` (null: nothing is installed under the name) answers a dependency of `owner` (null: world). */
export function isProvided(
  { conflict, operator, version }: Dependency,
  provider: Provider | null,
  owner: PackageState | null,
): boolean {
  if (provider === null) return conflict;
  if (conflict && provider.one === owner) return true;
  if (operator === CHECKSUM && !conflict)
    return checksumBytes(provider.one.checksum) === checksumBytes(version);
  return matchesOperator(provider.version, { operator, version }) !== conflict;
}

/** Whether the package meets a term of `owner`; undefined: the term is about no name of its. */
export function metBy(
  dependency: Dependency,
  owner: PackageState | null,
  one: PackageState,
): boolean | undefined {
  if (dependency.name === one.name) return isProvided(dependency, { one, version: one.version }, null);
  const provide = one.provides.find(({ name }) => name === dependency.name);
  return provide === undefined ? undefined : isProvided(dependency, { one, version: provide.version }, owner);
}

/** `!foo>=2`, as apk prints a term. */
export function dependencyText({ name, conflict, operator, version }: Dependency): string {
  return `${conflict ? '!' : ''}${name.text}${version === '' ? '' : operatorText(operator)}${version}`;
}

/** `name-version`, as apk prints a package. */
export function labelOf(one: PackageState): string {
  return `${one.name.text}-${one.version}`;
}

/**
 * An unversioned provide is taken unasked only with a provider_priority or when the package is required by its
 * own name as well.
 */
export function isAutoSelectable({ one, version }: Provider): boolean {
  return version !== '' || one.priority > 0 || one.name.requirers > 0;
}
