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
    reason: 'finishes the install in a container; absent with `--install run` and `--no-scripts`',
  },
  {
    distro: 'alpine',
    path: 'var/log/apk.log',
    reason: 'a log of apk 3, whose lines begin with the time',
    tool: 'apk 3',
  },
  {
    distro: 'alpine',
    path: '{dev,proc}',
    stage: 'after',
    reason:
      'apk 3 makes them before its first script, to mount the host’s on them, and ignores what packages say about them; in a container they exist already',
    tool: 'apk 3',
  },
  {
    distro: 'arch',
    path: 'var/log/pacman.log',
    reason: 'a log, whose lines begin with the time',
  },
  {
    distro: 'arch',
    path: 'var/lib/pacman/sync/*',
    reason: 'copies of the mirrors’ databases at the time of the install; `pacman -Sy` fetches them',
  },
  {
    distro: 'arch',
    path: 'var/cache/ldconfig/aux-cache',
    reason: 'contains inode numbers and change times of one disk',
  },
  {
    distro: 'arch',
    path: 'root/.gnupg{,/**}',
    stage: 'after',
    reason:
      'gnupg’s scriptlet starts dirmngr, which makes this folder if libldap is installed; install.sh runs the scriptlet after all packages, pacman before those that come after gnupg',
  },
  {
    distro: 'arch',
    path: 'etc/machine-id',
    stage: 'run',
    reason:
      'systemd’s scriptlet writes a random id; an image’s is empty, so that each machine makes its own at first boot',
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
