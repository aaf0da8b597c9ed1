import { familyOf } from '../../distros/families.ts';
import type { VersionRules as FamilyRules } from '../../distros/resolver.ts';
import type { SourceOptions } from '../../model/request.ts';
import { checkSolver } from '../sources/sources.ts';

/** Result of comparing two versions. */
export type Order = '<' | '=' | '>';

/** Version comparison as in one package manager. */
export interface VersionRules extends Pick<FamilyRules, 'holds' | 'isValid'> {
  order(a: string, b: string): Order;
}

/**
 * Returns the family's version comparison: that of the release's package manager, or without a release of the newest one.
 * @throws AppError USAGE for a solver that the family does not have
 */
export async function versionRules({ distro, release, solver }: SourceOptions): Promise<VersionRules> {
  const family = familyOf(distro);
  checkSolver(family, solver);
  const { resolver } = await family.load();
  const { versions } = resolver.forSystem?.({ release, packageManager: '' }, solver) ?? resolver;
  return {
    order(a, b) {
      const order = versions.compare(a, b);
      return order < 0 ? '<' : order > 0 ? '>' : '=';
    },
    holds: versions.holds,
    isValid: versions.isValid,
  };
}
