import type { IndexPackage } from './package.ts';

/**
 * Key of IndexPackage.extra for the reason why a package cannot be used. The rest of the repository can be; the solver reports
 * the reason if the package is requested. No format has a field of this name.
 */
export const UNUSABLE = 'unusable';

/**
 * Returns why a package cannot be used, as a clause: `its record cannot be used: APKINDEX line 12: expected …, got …`; undefined
 * if it can.
 */
export function whyUnusable({ extra }: Pick<IndexPackage, 'extra'>): string | undefined {
  return extra[UNUSABLE]?.[0];
}
