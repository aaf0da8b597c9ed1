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
 * moves a package), then by name. Of two packages that clash, the one whose file is kept lies above. Above the
 * cap the least shared, then smallest, are merged into one bundle on top.
 */
export function planLayers(input: LayerPlanInput): readonly PlannedLayer[] {
  const ordered = constrain([...input.candidates].sort(byShare), input.clashes);
  if (input.mode === 'single' || input.maxLayers === 1) return [];
  const room = input.mode === 'bundle' ? 0 : input.maxLayers - 1;
  if (ordered.length <= room)
    return ordered.map(({ installed }) => ({ kind: 'package', packages: [installed] }));
  const bundled = new Set(
    [...ordered].sort(byWorth).slice(0, room === 0 ? ordered.length : ordered.length - room + 1),
  );
  const bundle = ordered.filter((candidate) => bundled.has(candidate)).map(({ installed }) => installed);
  return [
    ...ordered
      .filter((candidate) => !bundled.has(candidate))
      .map(({ installed }) => ({ kind: 'package' as const, packages: [installed] })),
    { kind: 'bundle', packages: bundle },
  ];
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

/** Moves each clash's loser below its winner; where two packages win from each other the given order stays. */
function constrain(
  ordered: readonly LayerCandidate[],
  clashes: readonly DecidedClash[],
): readonly LayerCandidate[] {
  if (clashes.length === 0) return ordered;
  const byPackage = new Map(ordered.map((candidate) => [candidate.installed, candidate]));
  const losers = new Map<InstalledPackage, Set<InstalledPackage>>();
  for (const { winner, loser } of clashes) {
    losers.set(winner, (losers.get(winner) ?? new Set()).add(loser));
  }
  const result = new Set<LayerCandidate>();
  const visiting = new Set<LayerCandidate>();
  const visit = (candidate: LayerCandidate): void => {
    if (result.has(candidate) || visiting.has(candidate)) return;
    visiting.add(candidate);
    for (const loser of losers.get(candidate.installed) ?? []) {
      const below = byPackage.get(loser);
      if (below !== undefined) visit(below);
    }
    visiting.delete(candidate);
    result.add(candidate);
  };
  ordered.forEach(visit);
  return [...result];
}
