import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { DistroId } from '../../src/model/package.ts';
import { encodePath } from '../../src/model/path-bytes.ts';
import { differences, type Facts, type PathFacts, treeOfFacts } from '../proof/trees.ts';
import { ALLOWED, type Allowance, CLOCKS, type Clock, matches, type Stage } from './allowed.ts';

/** A tree on disk, and what an install of it left besides. */
export interface InstalledTree {
  readonly root: string;
  readonly facts: Facts;
  /** Of the tool, or of /.pkg/install.sh: 1 when scripts failed */
  readonly status: number;
  /** True for the time of the install, whenever that was. */
  isNow(mtime: number): boolean;
}

/** What the two trees say of one path; empty: not there. */
export interface Difference {
  readonly path: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface Comparison {
  /** Sorted by path; exit statuses as `(exit status)` */
  readonly differences: readonly Difference[];
  /** Differences that the table of allowances names, and contents that were the same but for a clock */
  readonly allowed: readonly { readonly path: string; readonly by: Allowance | Clock }[];
}

export interface TreePair {
  readonly ours: InstalledTree;
  readonly theirs: InstalledTree;
}

/** Every path of which the trees say another thing. */
export function compare(distro: DistroId, stage: Stage, { ours, theirs }: TreePair): Comparison {
  const clocks = CLOCKS.filter((one) => one.distro === distro);
  const rules = ALLOWED.filter(
    (one) =>
      (one.distro === distro || one.distro === 'both') && (one.stage === stage || one.stage === 'both'),
  );
  const found: Difference[] = [];
  const allowed: Comparison['allowed'][number][] = [];
  if (ours.status !== theirs.status)
    found.push({ path: '(exit status)', ours: `${ours.status}`, theirs: `${theirs.status}` });
  const pair = [canonical(distro, ours), canonical(distro, theirs)] as const;
  for (const { path, one, other } of differences(treeOfFacts(pair[0]), treeOfFacts(pair[1]))) {
    const clock = clocks.find((candidate) => matches(path, candidate.path));
    const by = rules.find((candidate) => matches(path, candidate.path));
    if (clock !== undefined && sameButForClock(clock, path, { ours, theirs }, pair))
      allowed.push({ path, by: clock });
    else if (by !== undefined) allowed.push({ path, by });
    else found.push({ path, ours: one, theirs: other });
  }
  return { differences: found, allowed };
}

/** Times of the install as `now`; apk 2.14 gives symlinks no time of their own, so theirs says nothing. */
function canonical(distro: DistroId, tree: InstalledTree): Facts {
  return new Map(
    [...tree.facts].map(([path, facts]): [string, PathFacts] => {
      if (distro === 'alpine' && facts.type === 'symlink') return [path, { ...facts, mtime: 0 }];
      const isNow = typeof facts.mtime === 'number' && tree.isNow(facts.mtime);
      return [path, isNow ? { ...facts, mtime: 'now' } : facts];
    }),
  );
}

function sameButForClock(
  clock: Clock,
  path: string,
  trees: TreePair,
  facts: readonly [Facts, Facts],
): boolean {
  const lines = [trees.ours, trees.theirs].map(({ root }, at) => {
    const one = facts[at]?.get(path);
    if (one?.type !== 'file') return undefined;
    const full = Buffer.concat([Buffer.from(`${root}/`), encodePath(path)]);
    const content = hash('sha256', clock.timeless(readFileSync(full)), 'hex');
    return treeOfFacts(new Map([[path, { ...one, content, sizeBytes: 0 }]])).get(path);
  });
  return lines[0] !== undefined && lines[0] === lines[1];
}
