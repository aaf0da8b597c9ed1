import type { DistroId } from '../../src/model/package.ts';

/** When the two trees are compared: as composed, with real scripts off; or when scripts have run in both. */
export type Stage = 'before' | 'after';

/** A path that may differ from what the real tool leaves, and the reason that lies in the nature of the thing. */
export interface Allowance {
  readonly distro: DistroId | 'both';
  /** `*` within a name, `**` any depth */
  readonly path: string;
  readonly stage: Stage | 'both';
  readonly reason: string;
}

export const ALLOWED: readonly Allowance[] = [
  { distro: 'both', path: '.pkg', stage: 'both', reason: 'what finishes the install' },
  { distro: 'both', path: '.pkg/**', stage: 'both', reason: 'what finishes the install' },
  { distro: 'alpine', path: 'lib/apk/db/lock', stage: 'both', reason: 'a lock file' },
  { distro: 'arch', path: 'var/log/pacman.log', stage: 'both', reason: 'a log with times' },
  {
    distro: 'arch',
    path: 'var/lib/pacman/sync/*',
    stage: 'both',
    reason: 'copies of the mirrors’ databases of that day',
  },
  {
    distro: 'arch',
    path: 'var/cache/ldconfig/aux-cache',
    stage: 'both',
    reason: 'notes inode numbers and times of this disk',
  },
];

/** A content in which the clock stands: what is compared in its place. */
export interface Clock {
  readonly distro: DistroId;
  readonly path: string;
  readonly reason: string;
  timeless(content: string): string;
}

export const CLOCKS: readonly Clock[] = [
  {
    distro: 'arch',
    path: 'var/lib/pacman/local/*/desc',
    reason: '%INSTALLDATE% is the time of the install',
    timeless: (content) => content.replace(/(?<=^%INSTALLDATE%\n)\d+$/m, 'now'),
  },
];

const patterns = new Map<string, RegExp>();

export function matches(path: string, pattern: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*+/g, (stars) => (stars === '*' ? '[^/]*' : '.*'));
    compiled = new RegExp(`^${source}$`, 's');
    patterns.set(pattern, compiled);
  }
  return compiled.test(path);
}

export function allowanceOf(distro: DistroId, stage: Stage, path: string): Allowance | undefined {
  return ALLOWED.find(
    (one) =>
      (one.distro === 'both' || one.distro === distro) &&
      (one.stage === 'both' || one.stage === stage) &&
      matches(path, one.path),
  );
}
