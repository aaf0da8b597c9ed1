import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { DistroId } from '../../src/model/package.ts';
import { encodePath } from '../../src/model/path-bytes.ts';
import { differences, type Facts, type PathFacts, treeOfFacts } from '../proof/trees.ts';
import { type Allowance, allowanceOf, CLOCKS, matches, type Stage } from './allowed.ts';

/** A tree on disk and what in it is as young as its install. */
export interface InstalledTree {
  readonly root: string;
  readonly facts: Facts;
  isNow(mtime: number): boolean;
}

/** What the two trees say of one path; empty: not there. */
export interface Difference {
  readonly path: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  readonly allowed: readonly { readonly difference: Difference; readonly by: Allowance }[];
}

/** Every path of which the trees say another thing, sorted; those of the table of allowances apart. */
export function compare(
  distro: DistroId,
  stage: Stage,
  trees: { readonly ours: InstalledTree; readonly theirs: InstalledTree },
): Comparison {
  const { ours, theirs } = trees;
  const found = differences(treeOfFacts(canonical(distro, ours)), treeOfFacts(canonical(distro, theirs)));
  const compared: Difference[] = found.map(({ path, one, other }) => ({ path, ours: one, theirs: other }));
  const judged = compared.map((difference) => ({
    difference,
    by: allowanceOf(distro, stage, difference.path),
  }));
  return {
    differences: judged.flatMap(({ difference, by }) => (by === undefined ? [difference] : [])),
    allowed: judged.flatMap(({ difference, by }) => (by === undefined ? [] : [{ difference, by }])),
  };
}

/** Times of the install as `now`, contents without their clock; apk 2.14 gives symlinks no time of their own. */
function canonical(distro: DistroId, tree: InstalledTree): Facts {
  const clocks = CLOCKS.filter((one) => one.distro === distro);
  return new Map(
    [...tree.facts].map(([path, facts]): [string, PathFacts] => {
      const now = typeof facts.mtime === 'number' && tree.isNow(facts.mtime);
      const mtime = distro === 'alpine' && facts.type === 'symlink' ? 0 : now ? 'now' : facts.mtime;
      const clock = facts.type === 'file' ? clocks.find((one) => matches(path, one.path)) : undefined;
      if (clock === undefined) return [path, { ...facts, mtime }];
      const content = clock.timeless(
        readFileSync(Buffer.concat([Buffer.from(`${tree.root}/`), encodePath(path)]), 'latin1'),
      );
      return [path, { ...facts, mtime, content: hash('sha256', content, 'hex'), sizeBytes: content.length }];
    }),
  );
}
