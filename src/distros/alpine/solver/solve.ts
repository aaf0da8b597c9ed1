import type { IndexPackage, PackageSource } from '../../../model/package.ts';
import { required } from '../../../model/required.ts';
import type { InstalledEntry } from '../../transaction.ts';
import type { Relation } from '../relation.ts';
import type { SolverRules } from '../rules.ts';
import { generateChangeset, type PackageChange } from './changes.ts';
import { type Discovery, Discovery3 } from './discovery.ts';
import { Discovery2 } from './discovery-2.ts';
import { Engine } from './engine.ts';
import type { Graph } from './graph.ts';
import { buildGraph } from './graph-build.ts';
import { decodeGraph, encodeGraph, GRAPH_VERSION } from './graph-codec.ts';
import { Model } from './model.ts';
import { compareDisplay } from './names.ts';
import type { Dependency, PackageState } from './state.ts';

/** A request with everything that its solution depends on. */
export interface Problem {
  readonly source: PackageSource;
  readonly architecture: string;
  readonly rules: SolverRules;
  /** One term per name */
  readonly world: readonly Relation[];
  /** Names in the request itself, which are settled first */
  readonly requested: ReadonlySet<string>;
  readonly installed: readonly InstalledEntry[];
  /** Bits of flags.ts for the whole request, and for the packages that `requested` names */
  readonly flags: number;
  readonly requestedFlags: number;
}

/** Result of the solver; a failure if `errors` is not 0. */
export interface Solution {
  readonly model: Model;
  /** World in apk's order */
  readonly world: readonly Dependency[];
  readonly changes: readonly PackageChange[];
  readonly errors: number;
  /** Returns the package's entry in its repository's index or the installed database. */
  entryOf(pkg: PackageState): IndexPackage;
}

/** Solves a request as apk-tools' apk_solver_solve does: settles all names that world leads to and lists the changes. */
export function solveProblem(problem: Problem): Solution {
  const { source, installed } = problem;
  const { model, discovery } = installed.length === 0 ? sharedModel(problem) : installedModel(problem);
  const { graph } = model;
  const entryOf = (pkg: PackageState): IndexPackage => {
    const rank = graph.packageRank[pkg.id] as number;
    const ordinal = graph.packageOrdinal[pkg.id] as number;
    if (rank === INSTALLED) return required(installed, ordinal).package;
    const found = source
      .byName(pkg.name.text)
      .find((entry) => entry.repositoryRank === rank && entry.ordinal === ordinal);
    if (found === undefined)
      throw new Error(`solver graph: no package ${pkg.name.text} in ${rank}, ${ordinal}`);
    return found;
  };
  model.begin((id) => entryOf(model.package(id)).checksum);
  const world = [...problem.world]
    .sort((a, b) => compareDisplay(a.name, b.name))
    .map((relation): Dependency => {
      const name = model.named(relation.name);
      const { conflict, operator, version, broken, tag, text } = relation;
      return {
        name,
        conflict,
        operator,
        version,
        broken,
        tag: model.repositories.tagBit(tag),
        written: text,
      };
    });
  for (const requested of problem.requested) {
    const name = model.named(requested);
    name.requested = true;
    for (const { pkg } of name.providers) {
      pkg.flags |= problem.requestedFlags;
      pkg.inheritableFlags |= problem.requestedFlags;
    }
  }
  discovery.discover(world.map(({ name }) => name.id).filter((id) => id >= 0));
  const engine = new Engine(model, discovery);
  engine.run(world);
  const changes = generateChangeset(engine, model, {
    world,
    installed: model.installedIds().map((id) => model.package(id)),
  });
  return { model, world, changes, errors: engine.errors, entryOf };
}

/** Rank of packages that no repository has. */
const INSTALLED = -1;

interface Prepared {
  readonly model: Model;
  readonly discovery: Discovery;
}

/** Models by the bytes of the graph, then by everything else that they depend on. */
const prepared = new WeakMap<Uint8Array, { readonly graph: Graph; readonly models: Map<string, Prepared> }>();

/** Returns the model for an empty root: its graph is the same for every request, so it is made once and kept. */
function sharedModel({ source, architecture, rules, flags }: Problem): Prepared {
  const bytes = source.cached(`apk-graph-${GRAPH_VERSION}-${rules.generation}-${architecture}`, () =>
    encodeGraph(buildGraph({ packages: source.all(), architecture, rules })),
  );
  let found = prepared.get(bytes);
  if (found === undefined) {
    found = { graph: decodeGraph(bytes), models: new Map() };
    prepared.set(bytes, found);
  }
  const { tags } = source;
  const key = [rules.since, flags, ...tags].join(' ');
  let shared = found.models.get(key);
  if (shared === undefined) {
    const model = new Model(found.graph, { rules, tags, flags, installed: new Map() });
    shared = { model, discovery: discoveryOf(found.graph, rules) };
    found.models.set(key, shared);
  }
  return shared;
}

/** Returns the model for a root with packages: apk reads world and the installed database before any repository. */
function installedModel(problem: Problem): Prepared {
  const { source, architecture, rules, installed, world, requested, flags } = problem;
  const firstNames = world.map(({ name }) => name).filter((name) => !requested.has(name));
  const packages = function* () {
    for (const [ordinal, { package: entry }] of installed.entries()) {
      yield { ...entry, repositoryRank: INSTALLED, ordinal };
    }
    yield* source.all();
  };
  const graph = buildGraph({ packages: packages(), architecture, rules, firstNames });
  const tagOf = new Map<number, string>();
  for (let id = 0; graph.packageRank[id] === INSTALLED; id += 1) {
    tagOf.set(id, installed[graph.packageOrdinal[id] as number]?.tag ?? '');
  }
  const model = new Model(graph, { rules, tags: source.tags, flags, installed: tagOf });
  return { model, discovery: discoveryOf(graph, rules) };
}

function discoveryOf(graph: Graph, { order }: SolverRules): Discovery {
  return order === 'tiers'
    ? new Discovery3(graph)
    : new Discovery2(graph, { walksProvides: order === 'walk' });
}
