import type { DistroId } from '../../src/model/package.ts';

/** When the two trees are compared: as composed, with real scripts off; or when scripts have run in both. */
export type Stage = 'before' | 'after';

/** Paths that may differ from what the real tool leaves, and the reason, which lies in the nature of the thing. */
export interface Allowance {
  readonly distro: DistroId | 'both';
  /** `*` within a name, `**` at any depth, `{a,b}` either */
  readonly path: string;
  readonly stage: Stage | 'both';
  readonly reason: string;
}

/** docs/fidelity.md shows this table; a test compares them, and fails where an entry is no longer needed. */
export const ALLOWED: readonly Allowance[] = [
  {
    distro: 'both',
    path: '.pkg{,/**}',
    stage: 'both',
    reason: 'what finishes the install in a container; `--install run` and `--no-scripts` leave none',
  },
  {
    distro: 'arch',
    path: 'var/log/pacman.log',
    stage: 'both',
    reason: 'a log; its lines begin with the time',
  },
  {
    distro: 'arch',
    path: 'var/lib/pacman/sync/*',
    stage: 'both',
    reason: 'copies of the mirrors’ databases as they were at that hour; `pacman -Sy` fetches them',
  },
  {
    distro: 'arch',
    path: 'var/cache/ldconfig/aux-cache',
    stage: 'both',
    reason: 'ldconfig notes inode numbers and change times of one disk',
  },
  {
    distro: 'arch',
    path: 'etc/ld.so.cache',
    stage: 'before',
    reason:
      'pacman runs the new root’s ldconfig even with scripts off; the image has run no program, /.pkg/install.sh runs it',
  },
  { distro: 'arch', path: 'var/cache/ldconfig', stage: 'before', reason: 'made by ldconfig' },
  {
    distro: 'arch',
    path: 'usr/lib/lib{asan,gfortran,go,stdc++,tsan}.so.*',
    stage: 'before',
    reason:
      'ldconfig removes links to nothing; the gcc-libs of these tests was cut down and lacks what they name',
  },
];

/** A content in which the time of the install stands: all but that is compared. */
export interface Clock {
  readonly distro: DistroId;
  readonly path: string;
  readonly reason: string;
  timeless(content: Buffer): Buffer | string;
}

export const CLOCKS: readonly Clock[] = [
  {
    distro: 'alpine',
    path: 'lib/apk/db/scripts.tar',
    reason: 'each script has the time of the install',
    timeless(content) {
      const timeless = Buffer.from(content);
      for (let at = 0; at < content.length; ) {
        // Time and checksum of the header
        timeless.fill(0, at + 136, at + 156);
        const size = Number.parseInt(content.toString('latin1', at + 124, at + 136), 8) || 0;
        at += 512 * (1 + Math.ceil(size / 512));
      }
      return timeless;
    },
  },
  {
    distro: 'alpine',
    path: 'etc/shadow*',
    reason: 'the day on which a user was made',
    timeless: (content) => content.toString('latin1').replace(/^([^:]*:[^:]*):\d+:/gm, '$1:today:'),
  },
  {
    distro: 'arch',
    path: 'var/lib/pacman/local/*/desc',
    reason: '%INSTALLDATE% is the time of the install',
    timeless: (content) => content.toString('latin1').replace(/(?<=^%INSTALLDATE%\n)\d+$/m, 'now'),
  },
  {
    distro: 'arch',
    path: 'etc/ssl/certs/java/cacerts',
    reason: 'a Java key store holds the time at which each certificate was added, and a checksum over that',
    timeless: timelessKeyStore,
  },
];

/** JKS: magic, version, count; entries of tag, alias, 8 bytes of time, type, certificate; 20 bytes of checksum. */
function timelessKeyStore(content: Buffer): Buffer {
  const copy = Buffer.from(content.subarray(0, -20));
  if (copy.readUInt32BE(0) !== 0xfeedfeed) return copy;
  const entries: Buffer[] = [];
  for (let at = 12; at < copy.length; ) {
    const start = at;
    at += 4;
    at += 2 + copy.readUInt16BE(at);
    copy.fill(0, at, at + 8);
    at += 8;
    at += 2 + copy.readUInt16BE(at);
    at += 4 + copy.readUInt32BE(at);
    entries.push(copy.subarray(start, at));
  }
  return Buffer.concat([copy.subarray(0, 12), ...entries]);
}

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
