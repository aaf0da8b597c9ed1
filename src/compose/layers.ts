import type { InstalledPackage } from '../distros/install.ts';
import type { LayerMode } from '../model/request.ts';
import { required } from '../model/required.ts';
import type { DecidedClash } from './target-tree.ts';

/** A package, and the facts that decide its place in the order of layers. */
export interface LayerCandidate {
  readonly installed: InstalledPackage;
  /** Number of packages in its repository that depend on it by name or by what it provides. */
  readonly dependents: number;
  /** Every image with this base has it */
  readonly base: boolean;
}

/** A layer below the install layer: one archive, or several merged into one blob. */
export interface PlannedLayer {
  readonly kind: 'package' | 'bundle';
  readonly packages: readonly InstalledPackage[];
}

/** Input of the layer plan: packages and settings. */
export interface LayerPlanInput {
  readonly candidates: readonly LayerCandidate[];
  readonly clashes: readonly DecidedClash[];
  readonly mode: LayerMode;
  /** Maximum number of layers, including the install layer */
  readonly maxLayers: number;
}

/**
 * Plans the layers of an image, lowest first. The order does not depend on the request, so images that share packages share a
 * prefix: first the packages that most others depend on (in powers of two, so that a repository's growth rarely moves a package),
 * then by name. Of two packages with the same file, the one whose file is kept lies above, so that the install layer need not
 * hold the file again. Above the maximum, the packages with the fewest bytes, counted once more for each power of two of dependents,
 * are merged into one bundle on top; packages that share a file stay together.
 */
export function planLayers(input: LayerPlanInput): readonly PlannedLayer[] {
  const { clashes, mode } = input;
  const ordered = constrain([...input.candidates].sort(byShare), clashes);
  const room = mode === 'bundle' ? 1 : input.maxLayers - 1;
  if (mode === 'single' || room === 0) return [];
  if (mode === 'auto') return autoLayers(ordered, clashes, room);
  return withinRoom(ordered, { clashes, room, bundled: [] });
}

/**
 * Plans `--layers auto`: packages that are worth a layer of their own get one. Of the others, those of the base are one layer at
 * the bottom, which all images with that base share, the rest one on top. Packages that share a file stay together.
 */
function autoLayers(
  ordered: readonly LayerCandidate[],
  clashes: readonly DecidedClash[],
  room: number,
): readonly PlannedLayer[] {
  const groups = clashing(ordered, clashes);
  const every = (test: (candidate: LayerCandidate) => boolean) => (candidate: LayerCandidate) =>
    [...(groups.get(candidate) ?? [candidate])].every(test);
  const small = new Set(ordered.filter(every((candidate) => !isWorthALayer(candidate))));
  const base = new Set(room < 2 ? [] : [...small].filter(every((candidate) => candidate.base)));
  return [
    ...layersOf([...base]),
    ...withinRoom(
      ordered.filter((candidate) => !base.has(candidate)),
      {
        clashes,
        room: base.size === 0 ? room : room - 1,
        bundled: [...small].filter((candidate) => !base.has(candidate)),
      },
    ),
  ];
}

/**
 * A layer costs docker about 70 ms to load, in which a client downloads a megabyte at 100 Mbit/s; for a package that many images
 * share, a quarter of that is enough.
 */
const LARGE_BYTES = 1024 * 1024;
const LARGE_SHARED_BYTES = LARGE_BYTES / 4;
/** Minimum `weight` of a package that many images share: at least 63 dependents. */
const SHARED_WEIGHT = 6;

function isWorthALayer(candidate: LayerCandidate): boolean {
  const { sizeBytes } = candidate.installed.facts;
  return sizeBytes >= (weight(candidate) >= SHARED_WEIGHT ? LARGE_SHARED_BYTES : LARGE_BYTES);
}

/** Gives each candidate a layer; `bundled` ones, and those that exceed the maximum, become one layer on top. */
function withinRoom(
  ordered: readonly LayerCandidate[],
  {
    clashes,
    room,
    bundled,
  }: { clashes: readonly DecidedClash[]; room: number; bundled: readonly LayerCandidate[] },
): readonly PlannedLayer[] {
  const inBundle = new Set(bundled);
  const own = ordered.filter((candidate) => !inBundle.has(candidate));
  const alone = new Set(own.map(({ installed }) => installed));
  const ownRoom = inBundle.size === 0 && own.length > room ? room - 1 : room - Math.min(inBundle.size, 1);
  if (own.length > ownRoom) {
    const among = clashes.filter(({ winner, loser }) => alone.has(winner) && alone.has(loser));
    for (const candidate of leastWorth(own, among, own.length - ownRoom)) inBundle.add(candidate);
  }
  return [
    ...own.filter((candidate) => !inBundle.has(candidate)).flatMap((candidate) => layersOf([candidate])),
    ...layersOf(ordered.filter((candidate) => inBundle.has(candidate))),
  ];
}

/** Merges the candidates into one layer; returns an empty list if there are none. */
function layersOf(candidates: readonly LayerCandidate[]): readonly PlannedLayer[] {
  const packages = candidates.map(({ installed }) => installed);
  if (packages.length === 0) return [];
  return [{ kind: packages.length === 1 ? 'package' : 'bundle', packages }];
}

/** Chooses at least `count` candidates that are least worth a layer of their own; packages that share a file stay together. */
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

/** Returns, for each package, those that it shares a file with, directly or through others. */
function clashing(
  candidates: readonly LayerCandidate[],
  clashes: readonly DecidedClash[],
): ReadonlyMap<LayerCandidate, ReadonlySet<LayerCandidate>> {
  const byPackage = new Map(candidates.map((candidate) => [candidate.installed, candidate]));
  const groups = new Map<LayerCandidate, Set<LayerCandidate>>();
  for (const { winner, loser } of clashes) {
    const pair = [winner, loser].map((installed) => required(byPackage, installed));
    const group = new Set(pair.flatMap((candidate) => [...(groups.get(candidate) ?? [candidate])]));
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

/** Orders candidates that are least worth a layer of their own first. */
function byWorth(a: LayerCandidate, b: LayerCandidate): number {
  return worth(a) - worth(b) || compare(keyOf(a), keyOf(b));
}

/** Bytes that a layer of its own can save, more often the more packages depend on this one. */
function worth(candidate: LayerCandidate): number {
  return candidate.installed.facts.sizeBytes * (1 + weight(candidate));
}

function keyOf({ installed }: LayerCandidate): string {
  return `${installed.facts.name} ${installed.facts.version} ${installed.facts.digest}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Moves each clash's loser below its winner. If clashes form a circle, those that leave the fewest bytes to be copied are
 * ignored.
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
    for (const loser of losers.get(candidate.installed) ?? []) visit(required(byPackage, loser));
    result.add(candidate);
  };
  ordered.forEach(visit);
  return [...result];
}

/** Returns losers by winner: the pairs with the most bytes first, without those that would close a circle. */
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
  for (const installed of seen) for (const below of losers.get(installed) ?? []) seen.add(below);
  return seen.has(lower);
}
