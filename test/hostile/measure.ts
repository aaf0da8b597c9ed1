import { readFileSync } from 'node:fs';
import { type Ended, start } from '../app/harness.ts';

/** On a machine that does much else. */
export const MAX_MS = 120_000;

export interface Measured {
  readonly ended: Ended;
  /** The largest resident set that was seen; 0 where there is no /proc */
  readonly peakBytes: number;
  readonly ms: number;
}

/** Runs `compose …` as a process of its own, and looks at its memory. */
export async function measured(
  words: readonly string[],
  options: Parameters<typeof start>[1] = {},
): Promise<Measured> {
  const from = performance.now();
  const { child, ended } = start(words, options);
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, peakBytes(child.pid as number));
  }, 20);
  try {
    return { ended: await ended, peakBytes: peak, ms: performance.now() - from };
  } finally {
    clearInterval(timer);
  }
}

/** proc(5): the largest resident set so far; 0 where there is no /proc, or the process is gone. */
function peakBytes(pid: number): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(line?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
