import { AppError } from '../../model/app-error.ts';
import type { SourceOptions } from '../../model/request.ts';

export type Order = '<' | '=' | '>';

/** Versions as one package manager reads them. */
export interface VersionRules {
  order(a: string, b: string): Order;
  /** Whether `a` meets the relation; undefined: the package manager has no such operator. */
  holds(a: string, operator: string, b: string): boolean | undefined;
  isValid(version: string): boolean;
}

/** pacman's, or those of the release's apk; without a release the newest's. @throws AppError USAGE */
export async function versionRules(options: SourceOptions): Promise<VersionRules> {
  if (options.distro === 'alpine') return apkRules(options);
  if (options.solver === undefined) return pacmanRules();
  throw new AppError('USAGE', `--solver: expected none with ${options.distro}, got ${options.solver}`);
}

const orderOf = (order: number): Order => (order < 0 ? '<' : order > 0 ? '>' : '=');

async function apkRules({ release, solver }: SourceOptions): Promise<VersionRules> {
  const { rulesFor } = await import('../../distros/alpine/rules.ts');
  const rules = rulesFor({ release, packageManager: '' }, solver);
  const { EQUAL, FUZZY, GREATER, LESS, matchesOperator } = await import('../../distros/alpine/relation.ts');
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
    order: (a, b) => orderOf(rules.compareVersions(a, b)),
    holds(a, text, version) {
      const operator = operators.get(text);
      return operator === undefined ? undefined : matchesOperator(a, { operator, version }, rules);
    },
    isValid: rules.isValidVersion,
  };
}

async function pacmanRules(): Promise<VersionRules> {
  const { compareVersions, isValidVersion } = await import('../../distros/arch/version.ts');
  const { isOperator, versionMatches } = await import('../../distros/arch/relation.ts');
  return {
    order: (a, b) => orderOf(compareVersions(a, b)),
    holds: (a, operator, version) =>
      isOperator(operator) ? versionMatches(a, { operator, version }) : undefined,
    isValid: isValidVersion,
  };
}
