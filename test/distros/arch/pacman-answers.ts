import { solve } from '../../../src/distros/arch/solver.ts';
import type { PackageSource } from '../../../src/model/package.ts';

/** What the real pacman answered, as ../shared/vectors keeps it. */
export interface PacmanAnswer {
  /** `repository/name-version` in install order */
  readonly install?: readonly string[];
  readonly explicit?: readonly string[];
  /** The frontend's error and libalpm's lines: `missing x required by y`, `conflict x y (z)` */
  readonly error?: readonly string[];
  readonly warnings?: readonly string[];
}

export interface PacmanCase {
  readonly targets: readonly string[];
  readonly options?: readonly string[];
}

/** '' when our solver answers as pacman did; else the difference. */
export function differenceFrom(
  answer: PacmanAnswer,
  { targets }: PacmanCase,
  on: {
    readonly source: PackageSource;
    readonly repositoryNames: readonly string[];
    readonly architecture: string;
  },
): string {
  const result = solve(
    { targets, architecture: on.architecture, repositoryNames: on.repositoryNames },
    on.source,
  );
  if (result.ok) {
    if (answer.install === undefined) return `expected ${answer.error?.join('; ')}, got a solution`;
    const label = (entry: (typeof result.packages)[number]['package']): string =>
      `${on.repositoryNames[entry.repositoryRank]}/${entry.name}-${entry.version}`;
    const install = result.packages.map((entry) => label(entry.package));
    const explicit = result.packages
      .filter(({ reason }) => reason === 'explicit')
      .map((entry) => label(entry.package));
    if (install.join() !== answer.install.join()) return `expected ${answer.install}, got ${install}`;
    const expectedExplicit = [...(answer.explicit ?? [])].sort().join();
    if (explicit.sort().join() !== expectedExplicit)
      return `expected explicit ${expectedExplicit}, got ${explicit}`;
    const removals = (answer.warnings ?? []).filter((text) => text.includes('target list'));
    const warnings = result.warnings.map((text) => `warning: ${text}`);
    return removals.join() === warnings.join() ? '' : `expected ${removals}, got ${warnings}`;
  }
  const first = result.problems[0];
  if (answer.error === undefined || first === undefined) {
    return `expected ${answer.install}, got ${result.problems.map(({ message }) => message).join('; ')}`;
  }
  const lines = result.problems.map((problem) =>
    problem.kind === 'conflict'
      ? `conflict ${problem.candidates.map(nameOf).join(' ')} (${problem.requirement})`
      : `missing ${problem.requirement} required by ${nameOf(problem.chain.at(-1) ?? '')}`,
  );
  const [head = '', detail = ''] = answer.error;
  const agrees = head.startsWith('target not found: ')
    ? head.endsWith(`: ${first.requirement.split('/').at(-1)}`)
    : head.endsWith('duplicate target')
      ? first.kind === 'conflict' && first.chain.length === 1
      : lines[0] === detail;
  return agrees ? '' : `expected ${answer.error.join('; ')}, got ${lines.join('; ')}`;
}

function nameOf(fullName: string): string {
  return fullName.split('-').slice(0, -2).join('-');
}
