import type { RealDistro } from './real-tool.ts';

/**
 * When the two trees are compared: as `--install deferred` or `static` composes, with real scripts off; `after`
 * scripts have run in both; `run`: in ours at compose time.
 */
export type Stage = 'deferred' | 'static' | 'after' | 'run';

/** Paths that may differ from what the real tool leaves, and the reason, which lies in the nature of the thing. */
export interface Allowance {
  readonly distro: RealDistro | 'both';
  /** `*` within a name, `**` at any depth, `{a,b}` either */
  readonly path: string;
  /** Absent: always; `after` is `run` too */
  readonly stage?: Stage;
  readonly reason: string;
  /** Of a tool that is not at hand everywhere */
  readonly tool?: 'apk 3';
}

/** docs/fidelity.md shows this table; a test compares them, and fails where an entry is no longer needed. */
export const ALLOWED: readonly Allowance[] = [
  {
    distro: 'both',
    path: '.pkg{,/**}',
    reason: 'what finishes the install in a container; `--install run` and `--no-scripts` leave none',
  },
  {
    distro: 'alpine',
    path: 'var/log/apk.log',
    reason: 'a log of apk 3; its lines begin with the time',
    tool: 'apk 3',
  },
  {
    distro: 'alpine',
    path: '{dev,proc}',
    stage: 'after',
    reason:
      'apk 3 makes them before its first script, whatever a package says of them later, to mount the host’s there; in a container they are there',
    tool: 'apk 3',
  },
  {
    distro: 'arch',
    path: 'var/log/pacman.log',
    reason: 'a log; its lines begin with the time',
  },
  {
    distro: 'arch',
    path: 'var/lib/pacman/sync/*',
    reason: 'copies of the mirrors’ databases as they were at that hour; `pacman -Sy` fetches them',
  },
  {
    distro: 'arch',
    path: 'var/cache/ldconfig/aux-cache',
    reason: 'ldconfig notes inode numbers and change times of one disk',
  },
  {
    distro: 'arch',
    path: 'root/.gnupg{,/**}',
    stage: 'after',
    reason:
      'gnupg’s scriptlet starts dirmngr, which makes it where libldap is there: install.sh runs when all packages are, pacman runs it before those that come later',
  },
  {
    distro: 'arch',
    path: 'etc/machine-id',
    stage: 'run',
    reason:
      'systemd’s scriptlet makes one random id a machine: an image’s is empty, and each machine makes its own at first boot',
  },
];

const patterns = new Map<string, RegExp>();

export function matches(path: string, pattern: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    const source = pattern
      .replace(/[.+^$()|[\]\\]/g, '\\$&')
      .replace(/\{([^}]*)\}/g, (_, words: string) => `(${words.replaceAll(',', '|')})`)
      .replace(/\*+/g, (stars) => (stars === '*' ? '[^/]*' : '.*'));
    compiled = new RegExp(`^${source}$`, 's');
    patterns.set(pattern, compiled);
  }
  return compiled.test(path);
}
