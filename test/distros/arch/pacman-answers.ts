import { change } from '../../../src/distros/arch/change.ts';
import type { SyncSource } from '../../../src/distros/arch/databases.ts';
import type { PacmanOptions } from '../../../src/distros/arch/request.ts';
import type { Change, ChangeResult, InstalledEntry } from '../../../src/distros/transaction.ts';

/** What the real pacman answered, as ../shared/vectors keeps it. */
export interface PacmanAnswer {
  /** `repository/name-version` in install order */
  readonly install?: readonly string[];
  readonly explicit?: readonly string[];
  /** The frontend's error and libalpm's lines: `missing x required by y`, `conflict x y (z)` */
  readonly error?: readonly string[];
  /** The lines of `error` before it was cut to the first twelve */
  readonly errors_total?: number;
  readonly warnings?: readonly string[];
}

export interface PacmanCase {
  readonly targets: readonly string[];
  /** Words of a pacman command line */
  readonly options?: readonly string[];
}

/** What a case is asked of. */
export interface Setting {
  readonly source: SyncSource;
  readonly repositoryNames: readonly string[];
  readonly architecture: string;
  readonly installed?: readonly InstalledEntry[];
}

const NAMES_OF_VALUES = {
  '--ignore': 'ignore',
  '--ignoregroup': 'ignoreGroups',
  '--assume-installed': 'assumeInstalled',
} as const;

const SWITCHES: Readonly<Record<string, PacmanOptions>> = {
  '-S': {},
  '-d': { skipDependencies: 'versions' },
  '-dd': { skipDependencies: 'all' },
  '-Sdd': { skipDependencies: 'all' },
  '-Su': { upgrade: 'newer' },
  '-Suu': { upgrade: 'downgrade' },
  '-Sud': { upgrade: 'newer', skipDependencies: 'versions' },
  '-Sp': { skipConflicts: true },
  '--needed': { needed: true },
  '--debug': {},
  '--ask=1': { skipIgnored: true },
  '--ask=4': { removeConflicting: true },
  '--ask=16': { skipUnresolvable: true },
};

/** Options of a pacman command line, and the words that are none; undefined: a word that no request can say. */
export function readCommandLine(
  words: readonly string[],
): { readonly options: PacmanOptions; readonly targets: readonly string[] } | undefined {
  let options: PacmanOptions = {};
  const targets: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const name = NAMES_OF_VALUES[word as keyof typeof NAMES_OF_VALUES];
    if (name !== undefined) {
      at += 1;
      options = { ...options, [name]: [...(options[name] ?? []), ...(words[at] ?? '').split(',')] };
    } else if (SWITCHES[word] !== undefined) options = { ...options, ...SWITCHES[word] };
    else if (word.startsWith('-')) return undefined;
    else targets.push(word);
  }
  return { options, targets };
}

export function ask(
  { targets, options = [] }: PacmanCase,
  setting: Setting,
  more: PacmanOptions = {},
): ChangeResult {
  const pacman = readCommandLine(options)?.options;
  if (pacman === undefined) throw new Error(`unknown pacman options ${options}`);
  const { architecture, repositoryNames, installed = [] } = setting;
  return change(
    { targets, architecture, repositoryNames, installed, pacman: { ...pacman, ...more } },
    setting.source,
  );
}

/** '' when our solver answers as pacman did; else the difference. */
export function differenceFrom(answer: PacmanAnswer, result: ChangeResult, setting: Setting): string {
  if (!result.ok) {
    const conflict = result.problems[0]?.requirement ?? '';
    const lines = result.report.map((line) => inProducersForm(line, conflict)).filter((line) => line !== '');
    const expected = answer.error ?? [];
    const got =
      answer.errors_total === undefined && expected.length < 1000 ? lines : lines.slice(0, expected.length);
    // Beyond a thousand lines each package that cannot be had is tried once more only.
    const wanted = expected.length < 1000 ? expected : expected.slice(0, 1000);
    return differs('errors', wanted, expected.length < 1000 ? got : got.slice(0, 1000));
  }
  if (answer.install === undefined) return `expected ${answer.error?.join('; ')}, got a solution`;
  const label = (one: Change): string =>
    one.kind === 'remove'
      ? `-${one.old.name}-${one.old.version}`
      : `${setting.repositoryNames[one.package.repositoryRank]}/${one.package.name}-${one.package.version}`;
  const explicit = result.changes.filter((one) => one.kind !== 'remove' && one.reason === 'explicit');
  return (
    differs('installs', answer.install, result.changes.map(label)) ||
    differs('explicit', [...(answer.explicit ?? [])].sort(), explicit.map(label).sort()) ||
    differs(
      'warnings',
      answer.warnings ?? [],
      result.warnings.map((text) => `warning: ${text}`),
    )
  );
}

function differs(what: string, expected: readonly string[], got: readonly string[]): string {
  if (expected.join('\n') === got.join('\n')) return '';
  return `expected ${what}\n  ${expected.join('\n  ')}\ngot\n  ${got.join('\n  ')}`;
}

/** A line of pacman's as the vectors write it, which name the conflict where pacman does not. */
function inProducersForm(line: string, requirement: string): string {
  if (line === 'error: unresolvable package conflicts detected') return '';
  const why = /^error: failed to prepare transaction \((.+)\)$/.exec(line)?.[1];
  if (why !== undefined) return `prepare: ${why}`;
  const missing = /^:: unable to satisfy dependency '(.+)' required by (.+)$/.exec(line);
  if (missing !== null) return `missing ${missing[1]} required by ${missing[2]}`;
  const conflict = /^:: (\S+) and (\S+) are in conflict/.exec(line);
  if (conflict !== null) {
    const [first, second] = [nameOf(conflict[1] ?? ''), nameOf(conflict[2] ?? '')];
    return `conflict ${first} ${second} (${requirement})`;
  }
  return line.replace(/^error: /, '');
}

function nameOf(fullName: string): string {
  return fullName.split('-').slice(0, -2).join('-');
}
