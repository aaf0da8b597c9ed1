import type { DistroId } from '../model/package.ts';

export type Order = '<' | '=' | '>';

/** Versions as one package manager reads them. */
export interface VersionRules {
  order(a: string, b: string): Order;
  /** Whether `a` meets the relation; undefined: the package manager has no such operator. */
  holds(a: string, operator: string, b: string): boolean | undefined;
  isValid(version: string): boolean;
}

/** apk 3's, or pacman's. */
export function versionRules(distro: DistroId): Promise<VersionRules> {
  return distro === 'alpine' ? apkRules() : pacmanRules();
}

const orderOf = (order: number): Order => (order < 0 ? '<' : order > 0 ? '>' : '=');

async function apkRules(): Promise<VersionRules> {
  const { compareVersions, isValidVersion } = await import('../distros/alpine/version.ts');
  const { EQUAL, FUZZY, GREATER, LESS, matchesOperator } = await import('../distros/alpine/relation.ts');
  const operators = new Map([
    ['=', EQUAL],
    ['<', LESS],
    ['>', GREATER],
    ['<=', LESS | EQUAL],
    ['>=', GREATER | EQUAL],
    ['~', FUZZY | EQUAL],
    ['>~', GREATER | FUZZY | EQUAL],
    ['<~', LESS | FUZZY | EQUAL],
  ]);
  return {
    order: (a, b) => orderOf(compareVersions(a, b)),
    holds(a, text, version) {
      const operator = operators.get(text);
      return operator === undefined ? undefined : matchesOperator(a, { operator, version });
    },
    isValid: isValidVersion,
  };
}

async function pacmanRules(): Promise<VersionRules> {
  const { compareVersions, isValidVersion } = await import('../distros/arch/version.ts');
  const { isOperator, versionMatches } = await import('../distros/arch/relation.ts');
  return {
    order: (a, b) => orderOf(compareVersions(a, b)),
    holds: (a, operator, version) =>
      isOperator(operator) ? versionMatches(a, { operator, version }) : undefined,
    isValid: isValidVersion,
  };
}
