import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Other processes' share of the machine's processor time, above which a round does not count */
const OTHERS_LIMIT = 0.05;
/** What the hypervisor gave to other machines */
const STOLEN_LIMIT = 0.02;
/** The kernel counts whole ticks, so a short round is uncertain by a few. */
const SLACK_SECONDS = 0.03;
/** Half of the rounds may take longer than the fastest by this factor and not more, or by 20 ms: some work varies by itself. */
const SPREAD_LIMIT = 2;
const SPREAD_SLACK_SECONDS = 0.02;
const TICKS_PER_SECOND = 100;

/** Seconds since boot, summed over all processors, except `wall` */
export interface Load {
  readonly wall: number;
  /** All processes of the machine */
  readonly machine: number;
  /** This process and its descendants, ended ones that were waited for included */
  readonly own: number;
  readonly stolen: number;
}

/** Reads what has run on the machine so far. @throws Error where there is no Linux /proc */
export function readLoad(): Load {
  const [user = 0, nice = 0, system = 0, , , , , stolen = 0] = numbersIn(readFileSync('/proc/stat', 'utf8'));
  return {
    wall: performance.now() / 1000,
    machine: (user + nice + system) / TICKS_PER_SECOND,
    own: ownSeconds(),
    stolen: stolen / TICKS_PER_SECOND,
  };
}

/** Says why what ran between the two does not count; undefined: the machine was calm. */
export function disturbance(before: Load, after: Load, cores = availableParallelism()): string | undefined {
  const capacity = (after.wall - before.wall) * cores;
  const others = after.machine - before.machine - (after.own - before.own);
  if (others > OTHERS_LIMIT * capacity + SLACK_SECONDS) {
    return `other processes had ${percent(others / capacity)} of the processors`;
  }
  const stolen = after.stolen - before.stolen;
  if (stolen > STOLEN_LIMIT * capacity + SLACK_SECONDS) {
    return `other machines had ${percent(stolen / capacity)} of the processors`;
  }
  return undefined;
}

/** Says why rounds of the same work do not count; undefined: they are alike. */
export function spread(seconds: readonly number[]): string | undefined {
  if (seconds.some(Number.isNaN)) return undefined;
  const sorted = [...seconds].sort((a, b) => a - b);
  const [fastest = 0] = sorted;
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  if (middle <= Math.max(SPREAD_LIMIT * fastest, fastest + SPREAD_SLACK_SECONDS)) return undefined;
  return `rounds took ${fastest.toFixed(3)} to ${(sorted.at(-1) ?? 0).toFixed(3)} s`;
}

export interface Rounds<T> {
  readonly results: readonly T[];
  /** Why they do not count */
  readonly busy: string | undefined;
}

/**
 * Repeats work until so many rounds were undisturbed, at most twice as often as that. The results are those of the
 * undisturbed rounds; where there are too few, of all rounds.
 */
export function calmRounds<T>(count: number, work: () => T, load: () => Load = readLoad): Rounds<T> {
  const all: T[] = [];
  const calm: T[] = [];
  let reason = '';
  while (calm.length < count && all.length - calm.length <= count) {
    const before = load();
    const result = work();
    const why = disturbance(before, load());
    all.push(result);
    if (why === undefined) calm.push(result);
    else reason = why;
  }
  if (calm.length === count) return { results: calm, busy: undefined };
  return {
    results: all,
    busy: `${reason}, and ${all.length - calm.length} of ${all.length} rounds were busy`,
  };
}

/** Processor seconds of the ended descendants that were waited for, in steps of 10 ms */
export function endedSeconds(): number {
  return parseStat(readFileSync('/proc/self/stat', 'utf8')).ended / TICKS_PER_SECOND;
}

interface Stat {
  readonly parent: number;
  readonly running: number;
  /** Descendants that were waited for */
  readonly ended: number;
}

/** A line of /proc/PID/stat, in ticks; see proc_pid_stat(5) */
function parseStat(line: string): Stat {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const number = (field: number): number => Number(fields[field - 3]);
  return { parent: number(4), running: number(14) + number(15), ended: number(16) + number(17) };
}

function ownSeconds(): number {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      stats.set(Number(name), parseStat(readFileSync(`/proc/${name}/stat`, 'utf8')));
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOwn = (pid: number): boolean =>
    pid === process.pid || (pid > 1 && isOwn(stats.get(pid)?.parent ?? 0));
  let ticks = 0;
  for (const [pid, { running, ended }] of stats) if (isOwn(pid)) ticks += running + ended;
  return ticks / TICKS_PER_SECOND;
}

const numbersIn = (text: string): readonly number[] =>
  text.slice(0, text.indexOf('\n')).split(/\s+/).slice(1).map(Number);

const percent = (share: number): string => `${Math.round(100 * share)} %`;
