import { CHECKSUM, EQUAL, FUZZY } from '../relation.ts';
import type { SolverRules } from '../rules.ts';
import {
  BROKEN,
  CONFLICT,
  findName,
  type Graph,
  nameCount,
  packageCount,
  versionText,
  type Words,
} from './graph.ts';
import { RepositoryTags } from './repository-tags.ts';
import {
  type Dependency,
  type Links,
  NameState,
  PackageState,
  type Provide,
  type Provider,
} from './state.ts';
import { Terms } from './terms.ts';

/** Input for a model besides its graph. */
export interface ModelOptions {
  readonly rules: SolverRules;
  /** Tag of each repository by rank; empty: untagged */
  readonly tags: readonly string[];
  readonly flags: number;
  /** Number of each installed package → the tag it is pinned to */
  readonly installed: ReadonlyMap<number, string>;
}

const NONE: readonly NameState[] = [];
const NO_DEPENDENCIES: readonly Dependency[] = [];
const NO_PROVIDES: readonly Provide[] = [];

/**
 * A solve of a large closure makes a few thousand states of about half a kilobyte each. Keeping all states of a distribution takes
 * more memory and is no faster, since they do not fit into the processor's caches.
 */
const MAX_KEPT_STATES = 30_000;

/** A graph as linked states, which are made as solves touch them and kept for the next solve. */
export class Model implements Links {
  readonly graph: Graph;
  readonly rules: SolverRules;
  readonly terms: Terms;
  readonly flags: number;
  readonly repositories: RepositoryTags;
  /** Number of the current solve, by which states know whether they are up to date */
  solve = 0;
  readonly #installed: ReadonlyMap<number, string>;
  #names: (NameState | undefined)[];
  #packages: (PackageState | undefined)[];
  #made = 0;
  #relations: (Dependency | undefined)[];
  #versions: (string | undefined)[];
  #unknown = new Map<string, NameState>();
  #touched: NameState[] = [];
  /** Returns the checksum `Q1…` of a package of the graph. */
  checksumOf: (id: number) => string = () => '';

  constructor(graph: Graph, { rules, tags, flags, installed }: ModelOptions) {
    this.graph = graph;
    this.rules = rules;
    this.terms = new Terms(rules);
    this.flags = flags;
    this.#installed = installed;
    this.#names = new Array(nameCount(graph));
    this.#packages = new Array(packageCount(graph));
    this.#relations = new Array(graph.relationName.length);
    this.#versions = new Array(graph.versionStart.length);
    this.repositories = new RepositoryTags(tags);
  }

  /** Begins a solve: forgets the results of the last one, and its states if they have become too many. */
  begin(checksumOf: (id: number) => string): void {
    this.solve += 1;
    if (this.#made > MAX_KEPT_STATES) {
      this.#names = new Array(nameCount(this.graph));
      this.#packages = new Array(packageCount(this.graph));
      this.#relations = new Array(this.graph.relationName.length);
      this.#versions = new Array(this.graph.versionStart.length);
      this.#made = 0;
    }
    this.checksumOf = checksumOf;
    this.#unknown = new Map();
    this.#touched = [];
  }

  touchName(name: NameState): void {
    if (name.solve === this.solve) return;
    name.solve = this.solve;
    this.#touched.push(name);
    name.reset();
  }

  #touchPackage(pkg: PackageState): void {
    if (pkg.solve === this.solve) return;
    pkg.solve = this.solve;
    pkg.reset();
  }

  touchNames(links: readonly (Dependency | Provide)[]): void {
    for (const { name } of links) this.touchName(name);
  }

  touchPackages(providers: readonly Provider[]): void {
    for (const { pkg } of providers) this.#touchPackage(pkg);
  }

  name(id: number): NameState {
    const name = this.node(id);
    this.touchName(name);
    return name;
  }

  /** Returns a name whose state has not been reset for this solve. */
  node(id: number): NameState {
    let name = this.#names[id];
    if (name === undefined) {
      name = new NameState(this, id);
      this.#names[id] = name;
      this.#made += 1;
    }
    return name;
  }

  /** Returns the name of a text, which may be unknown to all packages. */
  named(text: string): NameState {
    const id = findName(this.graph, text);
    if (id >= 0) return this.name(id);
    let name = this.#unknown.get(text);
    if (name === undefined) {
      name = new NameState(this, -1, text);
      this.#unknown.set(text, name);
      this.touchName(name);
    }
    return name;
  }

  package(id: number): PackageState {
    const pkg = this.#package(id);
    this.#touchPackage(pkg);
    return pkg;
  }

  #package(id: number): PackageState {
    let pkg = this.#packages[id];
    if (pkg === undefined) {
      pkg = new PackageState(this, id);
      this.#packages[id] = pkg;
      this.#made += 1;
    }
    return pkg;
  }

  /** Returns the name if this solve has touched it. */
  knownName(id: number): NameState | undefined {
    const name = this.#names[id];
    return name?.solve === this.solve ? name : undefined;
  }

  knownNames(): readonly NameState[] {
    return this.#touched;
  }

  /** Returns the names of packages that have the name in install_if, in apk's order. */
  reverseInstallIf({ id }: NameState): readonly NameState[] {
    const { triggerStart, triggers } = this.graph;
    if (id < 0 || triggerStart[id] === triggerStart[id + 1]) return NONE;
    return Array.from(triggers.subarray(triggerStart[id], triggerStart[id + 1]), (other) => this.name(other));
  }

  /** Returns the names of packages that depend on the name, provides included, in apk's order. */
  reverseDepends({ id }: NameState): readonly NameState[] {
    if (id < 0) return [];
    const { dependentStart, dependents, packageName, provideStart, provideName } = this.graph;
    const ids = new Set<number>();
    for (const pkg of dependents.subarray(dependentStart[id], dependentStart[id + 1])) {
      ids.add(packageName[pkg] as number);
      for (const name of provideName.subarray(provideStart[pkg], provideStart[pkg + 1])) ids.add(name);
    }
    return Array.from(ids, (other) => this.name(other)).sort((a, b) => a.rank - b.rank);
  }

  version(id: number): string {
    if (id === 0) return '';
    let version = this.#versions[id];
    if (version === undefined) {
      version = versionText(this.graph, id);
      this.#versions[id] = version;
    }
    return version;
  }

  /** Returns the relations of package `id` from the list of all. */
  relations(all: Words, starts: Words, id: number): readonly Dependency[] {
    const list: Dependency[] = [];
    const end = starts[id + 1] as number;
    for (let index = starts[id] as number; index < end; index += 1)
      list.push(this.#relation(all[index] as number));
    return list.length === 0 ? NO_DEPENDENCIES : list;
  }

  provides(id: number): readonly Provide[] {
    const { provideStart, provideName, provideVersion } = this.graph;
    const list: Provide[] = [];
    const end = provideStart[id + 1] as number;
    for (let index = provideStart[id] as number; index < end; index += 1) {
      list.push({
        name: this.node(provideName[index] as number),
        version: this.version(provideVersion[index] as number),
      });
    }
    return list.length === 0 ? NO_PROVIDES : list;
  }

  /** Returns the packages that have or provide the name `id`. */
  providers(id: number): readonly Provider[] {
    if (id < 0) return [];
    const { providerStart, providerPackage, providerVersion } = this.graph;
    const list: Provider[] = [];
    const end = providerStart[id + 1] as number;
    for (let index = providerStart[id] as number; index < end; index += 1) {
      list.push({
        pkg: this.#package(providerPackage[index] as number),
        version: this.version(providerVersion[index] as number),
      });
    }
    return list;
  }

  #relation(id: number): Dependency {
    let relation = this.#relations[id];
    if (relation === undefined) {
      const operator = this.graph.relationOperator[id] as number;
      relation = {
        name: this.node(this.graph.relationName[id] as number),
        conflict: (operator & CONFLICT) !== 0,
        operator: operator & (CHECKSUM | EQUAL | FUZZY),
        version: this.version(this.graph.relationVersion[id] as number),
        broken: (operator & BROKEN) !== 0,
        tag: 1,
      };
      this.#relations[id] = relation;
    }
    return relation;
  }

  installedIds(): readonly number[] {
    return [...this.#installed.keys()];
  }

  isInstalled(id: number): boolean {
    return this.#installed.has(id);
  }

  /** Returns the repositories, as bits, of the tag that an installed package is pinned to. */
  pinnedRepositories(id: number): number {
    const tag = this.#installed.get(id);
    return tag === undefined ? 0 : this.repositories.allowedBy(this.repositories.tagBit(tag));
  }

  /** The repositories without a tag, as bits. */
  get untaggedRepositories(): number {
    return this.repositories.allowedBy(1);
  }
}
