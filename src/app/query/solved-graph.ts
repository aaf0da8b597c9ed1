import type { Distro } from '../../distros/distro.ts';
import type { CatalogPackage } from '../../model/package.ts';
import { relationName } from '../../model/relation.ts';
import type { GraphReport, SetEdge } from '../../model/relation-report.ts';
import type { SourceOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import type { Context } from '../context.ts';
import { refOf } from '../repositories/package-ref.ts';
import { resolvePackages } from '../repositories/resolve.ts';

/** Request of `graph`. */
export interface GraphRequest {
  readonly source: SourceOptions;
  readonly packages: readonly string[];
  /** Levels to follow from the roots; Infinity: all */
  readonly depth: number;
}

/** Reports what a request installs, and the relations that bring each package in. @throws AppError as resolvePackages */
export async function solvedGraph(context: Context, request: GraphRequest): Promise<GraphReport> {
  const { graph } = await solveAndLink(context, request.source, request.packages);
  return withinDepth(graph, request.depth);
}

/** Solves a request, and links every relation to the package of the set that meets it. @throws AppError as resolvePackages */
export async function solveAndLink(
  context: Context,
  source: SourceOptions,
  targets: readonly string[],
): Promise<{ readonly graph: GraphReport; readonly set: PackageSet }> {
  const resolution = await resolvePackages(context, { source, packages: targets, base: 'none' });
  const { distro, architecture } = resolution.sources;
  const packages = resolution.packages.map((solved) => solved.package);
  const set = new PackageSet(distro, packages);
  const position = new Map(packages.map(({ name }, index) => [name, index]));
  const edges = [
    ...packages.flatMap((entry) => dependEdges(set, entry)),
    ...packages.flatMap((entry) => installIfEdges(set, entry)),
  ].sort((a, b) => required(position, a.from) - required(position, b.from));
  const explicit = resolution.packages.filter(({ reason }) => reason === 'explicit');
  const roots = inOrderOf(
    targets,
    explicit.map((solved) => solved.package),
    distro,
  );
  const graph: GraphReport = {
    distro: distro.id,
    release: resolution.system.release,
    architecture,
    roots: [...roots, ...unreached(packages, roots, edges)],
    packages: resolution.packages.map(({ package: entry, reason }) => ({
      ...refOf(resolution.repositories, entry),
      reason,
      sizeBytes: entry.sizeBytes,
      installedSizeBytes: entry.installedSizeBytes,
    })),
    edges,
    warnings: resolution.warnings,
  };
  return { graph, set };
}

/** Packages that are installed together, to be found by relations. */
export class PackageSet {
  readonly packages: readonly CatalogPackage[];
  readonly #distro: Distro;
  readonly #byName = new Map<string, CatalogPackage[]>();

  constructor(distro: Distro, packages: readonly CatalogPackage[]) {
    this.#distro = distro;
    this.packages = packages;
    for (const entry of packages) this.#add(relationName(entry.name), entry);
    for (const entry of packages) {
      for (const name of new Set(entry.provides.map(relationName))) this.#add(name, entry);
    }
  }

  #add(name: string, entry: CatalogPackage): void {
    const known = this.#byName.get(name);
    if (known === undefined) this.#byName.set(name, [entry]);
    else known.push(entry);
  }

  /** Returns the package that meets the relation; if there are several, the one of that name, else the first in install order. */
  find(relation: string): CatalogPackage | undefined {
    return this.#byName
      .get(relationName(relation))
      ?.find((entry) => this.#distro.resolver.satisfies(relation, entry) !== undefined);
  }

  /** Tells whether a term of install_if holds, `!name` included. */
  holds(term: string): boolean {
    return term.startsWith('!') ? this.find(term.slice(1)) === undefined : this.find(term) !== undefined;
  }
}

function dependEdges(set: PackageSet, entry: CatalogPackage): readonly SetEdge[] {
  return entry.depends.flatMap((relation): SetEdge[] => {
    const needed = set.find(relation);
    if (needed === undefined || needed === entry) return [];
    return [{ from: entry.name, to: needed.name, kind: 'depends', relation }];
  });
}

/** Returns one edge from each package in the rule of `entry`, if the whole rule holds. */
function installIfEdges(set: PackageSet, entry: CatalogPackage): readonly SetEdge[] {
  if (entry.installIf.length === 0 || !entry.installIf.every((term) => set.holds(term))) return [];
  const relation = entry.installIf.join(' ');
  const triggers = new Set(entry.installIf.map((term) => set.find(term)));
  return [...triggers].flatMap((trigger): SetEdge[] =>
    trigger === undefined || trigger === entry
      ? []
      : [{ from: trigger.name, to: entry.name, kind: 'install_if', relation }],
  );
}

/** Returns the names of requested packages in the order of the request; members of a group come last. */
function inOrderOf(
  targets: readonly string[],
  explicit: readonly CatalogPackage[],
  distro: Distro,
): readonly string[] {
  const rank = (entry: CatalogPackage): number => {
    const index = targets.findIndex(
      (target) => distro.resolver.satisfies(target.slice(target.indexOf('/') + 1), entry) !== undefined,
    );
    return index < 0 ? targets.length : index;
  };
  const ranked = explicit.map((entry) => ({ name: entry.name, rank: rank(entry) }));
  return ranked.sort((a, b) => a.rank - b.rank).map(({ name }) => name);
}

/**
 * Returns packages that no edge leads to from the targets: dependencies of a package that was replaced in the same transaction
 * (pacman), and packages whose install_if rule only has negations (apk).
 */
function unreached(
  packages: readonly CatalogPackage[],
  targets: readonly string[],
  edges: readonly SetEdge[],
): readonly string[] {
  const outgoing = edgesFrom(edges);
  const reached = new Set(distances(targets, outgoing).keys());
  const roots: string[] = [];
  // Dependencies come first in install order, so that in reverse order packages come before their dependencies.
  for (const { name } of packages.toReversed()) {
    if (reached.has(name)) continue;
    roots.push(name);
    for (const found of distances([name], outgoing).keys()) reached.add(found);
  }
  return roots;
}

/** Returns the number of steps from the nearest root to every package that is reached, in that order. */
function distances(
  roots: readonly string[],
  outgoing: ReadonlyMap<string, readonly SetEdge[]>,
): ReadonlyMap<string, number> {
  const found = new Map(roots.map((name) => [name, 0]));
  // Iterating over a map includes entries that are added meanwhile.
  for (const [name, steps] of found) {
    for (const { to } of outgoing.get(name) ?? []) if (!found.has(to)) found.set(to, steps + 1);
  }
  return found;
}

function withinDepth(graph: GraphReport, depth: number): GraphReport {
  if (depth === Number.POSITIVE_INFINITY) return graph;
  const steps = distances(graph.roots, edgesFrom(graph.edges));
  return {
    ...graph,
    packages: graph.packages.filter(({ name }) => required(steps, name) <= depth),
    edges: graph.edges.filter(({ from }) => required(steps, from) < depth),
  };
}

/** Returns the edges of each package, by its name. */
export function edgesFrom(edges: readonly SetEdge[]): ReadonlyMap<string, readonly SetEdge[]> {
  return Map.groupBy(edges, ({ from }) => from);
}
