import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePath } from '../../src/model/path-bytes.ts';
import { differences, type Facts, type PathFacts, treeOfFacts } from '../proof/trees.ts';
import { ALLOWED, type Allowance, matches, type Stage } from './allowed.ts';
import type { RealDistro } from './real-tool.ts';
import { namesOf, VARYING, type Varying } from './varying.ts';

/** A tree on disk, and what an install of it left besides. */
export interface InstalledTree {
  readonly root: string;
  readonly facts: Facts;
  /** Of the tool, or of /.pkg/install.sh: 1 when scripts failed */
  readonly status: number;
  /** Seconds: when the install, or what finished it, began */
  readonly since: number;
  /** Seconds: the time that stands for it besides */
  readonly epoch: number;
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
  /** Differences that the table of allowances names, and those that vanish without time and chance */
  readonly allowed: readonly { readonly path: string; readonly by: Allowance | Varying }[];
}

export interface TreePair {
  readonly ours: InstalledTree;
  readonly theirs: InstalledTree;
}

function isOf(rule: Allowance, stage: Stage): boolean {
  return (rule.stage ?? stage) === stage || (rule.stage === 'after' && stage === 'run');
}

/** Every path of which the trees say another thing. */
export function compare(distro: RealDistro, stage: Stage, { ours, theirs }: TreePair): Comparison {
  const varying = VARYING.filter((one) => one.distro === distro);
  const rules = ALLOWED.filter((one) => (one.distro === distro || one.distro === 'both') && isOf(one, stage));
  const found: Difference[] = [];
  const allowed: Comparison['allowed'][number][] = [];
  if (ours.status !== theirs.status)
    found.push({ path: '(exit status)', ours: `${ours.status}`, theirs: `${theirs.status}` });
  const pair = [canonical(distro, ours), canonical(distro, theirs)] as const;
  for (const { path, one, other } of differences(treeOfFacts(pair[0].facts), treeOfFacts(pair[1].facts))) {
    const vary = varying.find(
      (rule) =>
        matches(path, rule.path) && steadyLine(rule, path, pair[0]) === steadyLine(rule, path, pair[1]),
    );
    const by = rules.find((candidate) => matches(path, candidate.path));
    if (vary !== undefined) allowed.push({ path, by: vary });
    else if (by !== undefined) allowed.push({ path, by });
    else found.push({ path, ours: one, theirs: other });
  }
  return { differences: found, allowed };
}

/** Times of the install as `now`; apk 2.14 gives symlinks no time of their own, so theirs says nothing. */
function canonical(distro: RealDistro, tree: InstalledTree): InstalledTree {
  const facts = new Map(
    [...tree.facts].map(([path, facts]): [string, PathFacts] => {
      if (distro === 'alpine' && facts.type === 'symlink') return [path, { ...facts, mtime: 0 }];
      const isNow =
        facts.mtime === tree.epoch || (typeof facts.mtime === 'number' && facts.mtime >= tree.since);
      return [path, isNow ? { ...facts, mtime: 'now' } : facts];
    }),
  );
  return { ...tree, facts };
}

const DAY = 86_400;

function steadyLine(rule: Varying, path: string, tree: InstalledTree): string | undefined {
  const facts = tree.facts.get(path);
  if (facts === undefined) return undefined;
  const content = () => readFileSync(Buffer.concat([Buffer.from(`${tree.root}/`), encodePath(path)]));
  const ids = (file: string) => namesOf(readFileSync(join(tree.root, file), 'latin1'));
  const names = {
    get users() {
      return ids('etc/passwd');
    },
    get groups() {
      return ids('etc/group');
    },
  };
  const days = [tree.epoch, tree.since, tree.since + DAY].map((time) => Math.floor(time / DAY));
  const isToday = (day: number) => days.includes(day);
  const steady = rule.steady({ facts, content, names, isToday });
  return treeOfFacts(new Map([[path, steady]])).get(path);
}
