import type { IndexPackage } from './package.ts';

/**
 * The key of IndexPackage.extra under which it is said why a package cannot be used: the rest of the repository
 * can, and the solver gives the reason when the package is asked for. No format has a field of this name.
 */
export const UNUSABLE = 'unusable';

/** A clause, `its record cannot be used: APKINDEX line 12: expected …, got …`; empty when the package can be used. */
export function whyUnusable({ extra }: Pick<IndexPackage, 'extra'>): string {
  return extra[UNUSABLE]?.[0] ?? '';
}
