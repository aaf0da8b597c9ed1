import { compareVersions } from '../version.ts';
import { AVAILABLE, LATEST, type PackageState, type Provider, REMOVE, UPGRADE } from './state.ts';

/** Positive: apk would rather take `a`. The order of the questions is apk's. */
export function compareProviders(a: Provider, b: Provider): number {
  return preference(a, b) || byVersion(a, b) || tieBreak(a.one, b.one);
}

function preference(a: Provider, b: Provider): number {
  const left = a.one;
  const right = b.one;
  const flags = left.flags | right.flags;
  const available = (flags & AVAILABLE) !== 0 ? Number(left.available) - Number(right.available) : 0;
  if ((flags & LATEST) !== 0 && left.allowedTags === 1 && right.allowedTags === 1) {
    return Number(left.tagOk) - Number(right.tagOk) || available;
  }
  return (
    Number(left.selectable) - Number(right.selectable) ||
    Number(left.used) - Number(right.used) ||
    right.conflicts - left.conflicts ||
    Number(left.tagOk) - Number(right.tagOk) ||
    available ||
    Number(left.tagPreferred) - Number(right.tagPreferred) ||
    ((flags & (REMOVE | UPGRADE)) === 0 && (left.name === right.name || a.version !== '' || b.version !== '')
      ? Number(left.installed) - Number(right.installed)
      : 0)
  );
}

/** By the requested name, then by their own. */
function byVersion(a: Provider, b: Provider): number {
  const requested = compareProvided(a.version, b.version);
  return requested || (a.one.name === b.one.name ? compareVersions(a.one.version, b.one.version) : 0);
}

/** Versions of provides: '', none, is lower than any. */
export function compareProvided(a: string, b: string): number {
  return a === '' || b === '' ? Number(a !== '') - Number(b !== '') : compareVersions(a, b);
}

function tieBreak(left: PackageState, right: PackageState): number {
  return (
    left.priority - right.priority ||
    (((left.flags | right.flags) & REMOVE) === 0 ? Number(left.installed) - Number(right.installed) : 0) ||
    Number(left.selectable) - Number(right.selectable) ||
    firstRepository(right) - firstRepository(left)
  );
}

/** 0 when none holds it */
function firstRepository({ repositories }: PackageState): number {
  return repositories === 0 ? 0 : 32 - Math.clz32(repositories & -repositories);
}
