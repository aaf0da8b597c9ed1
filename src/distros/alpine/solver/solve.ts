import type { IndexPackage, PackageSource } from '../../../model/package.ts';
import type { InstalledEntry } from '../../transaction.ts';
import type { Relation } from '../relation.ts';
import { generateChanges, type PackageChange } from './changes.ts';
import { Discovery } from './discovery.ts';
import { Engine } from './engine.ts';
import { findName, type Graph } from './graph.ts';
import { buildGraph } from './graph-build.ts';
import { decodeGraph, encodeGraph, GRAPH_VERSION } from './graph-codec.ts';
import { compareDisplay } from './names.ts';
import { type Dependency, Model, type PackageState } from './state.ts';

export interface Problem {
  readonly source: PackageSource;
  readonly architecture: string;
  /** One entry a name */
  readonly world: readonly Relation[];
  /** Names that the request itself speaks of: they are settled first. */
  readonly requested: ReadonlySet<string>;
  readonly installed: readonly InstalledEntry[];
  /** Of the whole request, and of the packages that `requested` names: bits of state.ts */
  readonly flags: number;
  readonly requestedFlags: number;
}

export interface Solution {
  readonly model: Model;
  /** In apk's order */
  readonly world: readonly Dependency[];
  readonly changes: readonly PackageChange[];
  readonly errors: number;
  /** The package as its repository's index or the installed database describes it. */
  entryOf(one: PackageState): IndexPackage;
}

export function solveProblem(problem: Problem): Solution {
  const { source, installed } = problem;
  const { graph, discovery } =
    problem.installed.length === 0 ? sharedGraph(problem) : installedGraph(problem);
  const installedIds = new Map<number, string>();
  for (let id = 0; id < installed.length; id += 1) {
    if (graph.packageRank[id] !== INSTALLED) break;
    installedIds.set(id, (installed[graph.packageOrdinal[id] as number] as InstalledEntry).tag);
  }
  const model: Model = new Model(graph, {
    tags: source.tags,
    flags: problem.flags,
    installed: installedIds,
    checksumOf: (id) => entryOf(model.package(id)).checksum,
  });
  const entryOf = (one: PackageState): IndexPackage => {
    const rank = graph.packageRank[one.id] as number;
    const ordinal = graph.packageOrdinal[one.id] as number;
    if (rank === INSTALLED) return (installed[ordinal] as InstalledEntry).package;
    const found = source
      .byName(one.name.text)
      .find((entry) => entry.repositoryRank === rank && entry.ordinal === ordinal);
    if (found === undefined)
      throw new Error(`solver graph: no package ${one.name.text} in ${rank}, ${ordinal}`);
    return found;
  };
  const world = [...problem.world]
    .sort((a, b) => compareDisplay(a.name, b.name))
    .map((relation): Dependency => {
      const id = findName(graph, relation.name);
      const name = id < 0 ? model.unknownName(relation.name) : model.name(id);
      const { conflict, operator, version, broken, tag } = relation;
      return { name, conflict, operator, version, broken, tag: model.tagBit(tag) };
    });
  for (const requested of problem.requested) {
    const id = findName(graph, requested);
    const name = id < 0 ? model.unknownName(requested) : model.name(id);
    name.requested = true;
    for (const { one } of name.providers) {
      one.flags |= problem.requestedFlags;
      one.inheritedFlags |= problem.requestedFlags;
    }
  }
  discovery.discover(world.map(({ name }) => name.id).filter((id) => id >= 0));
  const engine = new Engine(model, discovery);
  engine.run(world);
  const changes = generateChanges(engine, model, {
    world,
    installed: [...installedIds.keys()].map((id) => model.package(id)),
  });
  return { model, world, changes, errors: engine.errors, entryOf };
}

/** Rank of what no repository holds. */
const INSTALLED = -1;

interface Prepared {
  readonly graph: Graph;
  readonly discovery: Discovery;
}

const prepared = new WeakMap<Uint8Array, Prepared>();

/** The graph of the repositories alone is the same for every request: it is made once and kept. */
function sharedGraph({ source, architecture }: Problem): Prepared {
  const bytes = source.keep(`apk-graph-${GRAPH_VERSION}-${architecture}`, () =>
    encodeGraph(buildGraph({ packages: source.all(), architecture })),
  );
  let found = prepared.get(bytes);
  if (found === undefined) {
    const graph = decodeGraph(bytes);
    found = { graph, discovery: new Discovery(graph) };
    prepared.set(bytes, found);
  }
  return found;
}

/** apk reads world and the installed database before any repository. */
function installedGraph({ source, architecture, installed, world, requested }: Problem): Prepared {
  const firstNames = world.map(({ name }) => name).filter((name) => !requested.has(name));
  const packages = function* () {
    for (const [ordinal, { package: entry }] of installed.entries()) {
      yield { ...entry, repositoryRank: INSTALLED, ordinal };
    }
    yield* source.all();
  };
  const graph = buildGraph({ packages: packages(), architecture, firstNames });
  return { graph, discovery: new Discovery(graph) };
}
