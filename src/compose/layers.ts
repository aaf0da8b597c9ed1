import type { InstalledPackage } from '../distros/install.ts';
import type { LayerMode } from '../model/request.ts';
import type { DecidedClash } from './target-tree.ts';

/** A package with what the order of layers depends on. */
export interface LayerCandidate {
  readonly installed: InstalledPackage;
  /** How many packages of its repository depend on it by name or by what it provides. */
  readonly dependents: number;
}

/** A layer below the install layer: one archive, or several merged into one blob. */
export interface PlannedLayer {
  readonly kind: 'package' | 'bundle';
  readonly packages: readonly InstalledPackage[];
}

export interface LayerPlanInput {
  readonly candidates: readonly LayerCandidate[];
  readonly clashes: readonly DecidedClash[];
  readonly mode: LayerMode;
  /** With the install layer */
  readonly maxLayers: number;
}

/**
 * Which blobs make the image, lowest first. The order does not depend on the request, so images that share
 * packages share a prefix: the most depended upon first (in powers of two, so that a repository's growth rarely
 * moves a package), then by name. Of two packages that clash, the one whose file is kept lies above, so that the
 * install layer need not hold the file again. Above the cap the least shared, then smallest, are merged into one
 * bundle on top, packages that clash together.
 */
export function planLayers(input: LayerPlanInput): readonly PlannedLayer[] {
  const ordered = constrain([...input.candidates].sort(byShare), input.clashes);
  if (input.mode === 'single' || input.maxLayers === 1) return [];
  const room = input.mode === 'bundle' ? 0 : input.maxLayers - 1;
  if (ordered.length <= room)
    return ordered.map(({ installed }) => ({ kind: 'package', packages: [installed] }));
  const bundled = leastWorth(ordered, input.clashes, room === 0 ? ordered.length : ordered.length - room + 1);
  const bundle = ordered.filter((candidate) => bundled.has(candidate)).map(({ installed }) => installed);
  return [
    ...ordered
      .filter((candidate) => !bundled.has(candidate))
      .map(({ installed }) => ({ kind: 'package' as const, packages: [installed] })),
    { kind: 'bundle', packages: bundle },
  ];
}

/** At least `count` of them, least worth a layer of their own; packages that clash stay together. */
function leastWorth(
  ordered: readonly LayerCandidate[],
  clashes: readonly DecidedClash[],
  count: number,
): ReadonlySet<LayerCandidate> {
  const chosen = new Set<LayerCandidate>();
  const groups = clashing(ordered, clashes);
  for (const candidate of [...ordered].sort(byWorth)) {
    if (chosen.size >= count) break;
    for (const member of groups.get(candidate) ?? [candidate]) chosen.add(member);
  }
  return chosen;
}

/** The packages that clash with each other, also through others, by each of them. */
function clashing(
  candidates: readonly LayerCandidate[],
  clashes: readonly DecidedClash[],
): ReadonlyMap<LayerCandidate, ReadonlySet<LayerCandidate>> {
  const byPackage = new Map(candidates.map((candidate) => [candidate.installed, candidate]));
  const groups = new Map<LayerCandidate, Set<LayerCandidate>>();
  for (const { winner, loser } of clashes) {
    const pair = [winner, loser].map((installed) => byPackage.get(installed) as LayerCandidate);
    const group = new Set(pair.flatMap((one) => [...(groups.get(one) ?? [one])]));
    for (const member of group) groups.set(member, group);
  }
  return groups;
}

function weight(candidate: LayerCandidate): number {
  return Math.floor(Math.log2(1 + candidate.dependents));
}

function byShare(a: LayerCandidate, b: LayerCandidate): number {
  return weight(b) - weight(a) || compare(keyOf(a), keyOf(b));
}

/** Least worth a layer of its own first. */
function byWorth(a: LayerCandidate, b: LayerCandidate): number {
  return (
    weight(a) - weight(b) ||
    a.installed.facts.sizeBytes - b.installed.facts.sizeBytes ||
    compare(keyOf(a), keyOf(b))
  );
}

function keyOf({ installed }: LayerCandidate): string {
  return `${installed.facts.name} ${installed.facts.version} ${installed.facts.digest}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Moves each clash's loser below its winner. Where that would go round in a circle, those clashes give way that leave
 * the fewest bytes to be copied.
 */
function constrain(
  ordered: readonly LayerCandidate[],
  clashes: readonly DecidedClash[],
): readonly LayerCandidate[] {
  if (clashes.length === 0) return ordered;
  const losers = acyclic(clashes);
  const byPackage = new Map(ordered.map((candidate) => [candidate.installed, candidate]));
  const result = new Set<LayerCandidate>();
  const visit = (candidate: LayerCandidate): void => {
    if (result.has(candidate)) return;
    for (const loser of losers.get(candidate.installed) ?? []) visit(byPackage.get(loser) as LayerCandidate);
    result.add(candidate);
  };
  ordered.forEach(visit);
  return [...result];
}

/** Losers by winner: the pairs with the most bytes first, without those that would close a circle. */
function acyclic(clashes: readonly DecidedClash[]): ReadonlyMap<InstalledPackage, Set<InstalledPackage>> {
  const pairs = new Map<string, { winner: InstalledPackage; loser: InstalledPackage; bytes: number }>();
  for (const { winner, loser, sizeBytes } of clashes) {
    const key = `${winner.facts.digest} ${loser.facts.digest}`;
    const bytes = (pairs.get(key)?.bytes ?? 0) + sizeBytes;
    pairs.set(key, { winner, loser, bytes });
  }
  const losers = new Map<InstalledPackage, Set<InstalledPackage>>();
  for (const { winner, loser } of [...pairs.values()].sort((a, b) => b.bytes - a.bytes)) {
    if (isAbove(losers, loser, winner)) continue;
    losers.set(winner, (losers.get(winner) ?? new Set()).add(loser));
  }
  return losers;
}

function isAbove(
  losers: ReadonlyMap<InstalledPackage, ReadonlySet<InstalledPackage>>,
  upper: InstalledPackage,
  lower: InstalledPackage,
): boolean {
  const seen = new Set([upper]);
  for (const one of seen) for (const below of losers.get(one) ?? []) seen.add(below);
  return seen.has(lower);
}
