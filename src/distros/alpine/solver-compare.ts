import type { Provider } from './solver-model.ts';
import { compareVersions } from './version.ts';

/** Positive: apk would rather take `a`. The order of the questions is apk's. */
export function compareProviders(a: Provider, b: Provider): number {
  const left = a.candidate;
  const right = b.candidate;
  return (
    Number(left.selectable) - Number(right.selectable) ||
    right.conflicts - left.conflicts ||
    Number(left.tagOk) - Number(right.tagOk) ||
    Number(left.tagPreferred) - Number(right.tagPreferred) ||
    compareProvided(a.version, b.version) ||
    (left.name === right.name ? compareVersions(left.package.version, right.package.version) : 0) ||
    left.package.providerPriority - right.package.providerPriority ||
    right.package.repositoryRank - left.package.repositoryRank
  );
}

/** No version is lower than any version. */
function compareProvided(a: string, b: string): number {
  if (a === '' || b === '') return Number(a !== '') - Number(b !== '');
  return compareVersions(a, b);
}
