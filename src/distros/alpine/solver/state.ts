import { checksumBytes } from '../checksum.ts';
import { ANY, CHECKSUM, FUZZY, matchesOperator } from '../relation.ts';
import {
  BROKEN,
  CONFLICT,
  EMPTY,
  type Graph,
  nameCount,
  nameText,
  operatorText,
  packageCount,
  UNINSTALLABLE,
  versionText,
} from './graph.ts';

/** What a request asks of the packages it concerns; apk's APK_SOLVERF_*. */
export const UPGRADE = 1;
export const LATEST = 2;
export const AVAILABLE = 4;
export const REMOVE = 8;

/** A term of a dependency list, of install_if or of world. */
export interface Dependency {
  readonly name: NameState;
  readonly conflict: boolean;
  /** Bits of `< = > ~` */
  readonly operator: number;
  readonly version: string;
  /** The version is not one apk accepts */
  readonly broken: boolean;
  /** World's `@tag` as a bit; 1: untagged */
  readonly tag: number;
}

/** A package under one of its names; version '' is an unversioned provide. */
export interface Provider {
  readonly one: PackageState;
  readonly version: string;
}

export interface Provide {
  readonly name: NameState;
  readonly version: string;
}

/** A package, and what is known of it in the solve at hand. */
export class PackageState {
  readonly id: number;
  readonly name: NameState;
  readonly version: string;
  readonly priority: number;
  /** A bit for each repository that holds it */
  readonly repositories: number;
  /** The same and, where it is installed, those of the tag it is pinned to */
  readonly allowedRepositories: number;
  readonly uninstallable: boolean;
  readonly installed: boolean;
  /** In a repository */
  readonly available: boolean;
  flags!: number;
  inheritedFlags!: number;
  /** Tags as bits; 1 is untagged */
  allowedTags!: number;
  tagPreferred!: boolean;
  tagOk!: boolean;
  selectable!: boolean;
  conflicts!: number;
  merged!: boolean;
  used!: boolean;
  triggered!: boolean;
  untriggerable!: boolean;
  failed!: boolean;
  inChanges!: boolean;
  /** The solve that this is the state of */
  solve = 0;
  readonly #model: Model;
  readonly #isDefault: boolean;
  readonly #neverTriggered: boolean;
  readonly #depends: Linked<Dependency>;
  readonly #provides: Linked<Provide>;
  readonly #installIf: Linked<Dependency>;

  constructor(model: Model, id: number) {
    const { graph } = model;
    const flags = graph.packageFlags[id] as number;
    this.#model = model;
    this.id = id;
    this.name = model.node(graph.packageName[id] as number);
    this.version = model.version(graph.packageVersion[id] as number);
    this.priority = graph.packagePriority[id] as number;
    this.installed = model.isInstalled(id);
    this.repositories = graph.packageRepositories[id] as number;
    this.allowedRepositories = this.repositories | model.pinnedRepositories(id);
    this.available = this.repositories !== 0;
    this.uninstallable = (flags & UNINSTALLABLE) !== 0;
    this.#isDefault = (flags & EMPTY) !== 0 || (this.allowedRepositories & model.repositoriesOf(1)) !== 0;
    this.#neverTriggered =
      graph.installIfStart[id] === graph.installIfStart[id + 1] ||
      ((model.flags & AVAILABLE) !== 0 && !this.available);
    this.#depends = new Linked(() => model.relations(graph.depends, graph.dependStart, id));
    this.#provides = new Linked(() => model.provides(id));
    this.#installIf = new Linked(() => model.relations(graph.installIfs, graph.installIfStart, id));
  }

  /** As before a solve. */
  reset(): void {
    this.flags = 0;
    this.inheritedFlags = 0;
    this.allowedTags = 1;
    this.tagPreferred = this.#isDefault;
    this.tagOk = this.#isDefault || this.installed;
    this.selectable = !this.uninstallable;
    this.conflicts = 0;
    this.merged = false;
    this.used = false;
    this.triggered = false;
    this.untriggerable = this.#neverTriggered;
    this.failed = false;
    this.inChanges = false;
    this.#model.touch(this.name);
  }

  get checksum(): string {
    return this.#model.checksumOf(this.id);
  }

  get depends(): readonly Dependency[] {
    return this.#depends.of(this.#model);
  }

  get installIf(): readonly Dependency[] {
    return this.#installIf.of(this.#model);
  }

  get provides(): readonly Provide[] {
    return this.#provides.of(this.#model);
  }
}

/** A name, and what is known of it in the solve at hand. */
export class NameState {
  /** -1: no package has to do with it */
  readonly id: number;
  readonly rank: number;
  requirers!: number;
  locked!: boolean;
  chosen!: Provider | null;
  /** apk's APK_SOLVERF set: named in the request, so settled before others */
  requested!: boolean;
  dirty!: boolean;
  queue!: 'now' | 'selectable' | 'unresolved' | undefined;
  /** When it was last reconsidered, and when last something it is needed by had to be told */
  reconsidered!: number;
  changed!: number;
  recheckTrigger!: boolean;
  hasTriggered!: boolean;
  untriggerable!: boolean;
  hasOptions!: boolean;
  hasSelectable!: boolean;
  neededUnset!: boolean;
  dependentsDone!: boolean;
  commonDepends!: number;
  commonProvides!: number;
  providedUnversioned!: boolean;
  changesSeen!: boolean;
  removed!: boolean;
  installedUnder!: NameState | null;
  installedPackage!: PackageState | null;
  /** The solve that this is the state of */
  solve = 0;
  readonly #model: Model;
  #text: string | undefined;
  readonly #providers: Linked<Provider>;

  constructor(model: Model, id: number, text?: string) {
    this.#model = model;
    this.id = id;
    this.#text = text;
    this.rank = id < 0 ? -1 : (model.graph.nameRank[id] as number);
    this.#providers = new Linked(() => model.providers(id));
  }

  /** As before a solve. */
  reset(): void {
    this.requirers = 0;
    this.locked = false;
    this.chosen = null;
    this.requested = false;
    this.dirty = false;
    this.queue = undefined;
    this.reconsidered = 0;
    this.changed = 0;
    this.recheckTrigger = false;
    this.hasTriggered = false;
    this.untriggerable = false;
    this.hasOptions = false;
    this.hasSelectable = false;
    this.neededUnset = false;
    this.dependentsDone = false;
    this.commonDepends = 0;
    this.commonProvides = 0;
    this.providedUnversioned = false;
    this.changesSeen = false;
    this.removed = false;
    this.installedUnder = null;
    this.installedPackage = null;
  }

  get text(): string {
    this.#text ??= nameText(this.#model.graph, this.id);
    return this.#text;
  }

  get providers(): readonly Provider[] {
    return this.#providers.of(this.#model);
  }
}

/** A list that leads from one state to others: made once, and in every solve its states are reset before they are seen. */
class Linked<T extends Dependency | Provide | Provider> {
  readonly #make: () => readonly T[];
  #list: readonly T[] | undefined;
  #solve = 0;

  constructor(make: () => readonly T[]) {
    this.#make = make;
  }

  of(model: Model): readonly T[] {
    this.#list ??= this.#make();
    if (this.#solve !== model.solve) {
      this.#solve = model.solve;
      for (const link of this.#list) model.touch('one' in link ? link.one : link.name);
    }
    return this.#list;
  }
}

export interface ModelOptions {
  /** `@tag` of each repository by rank; empty: untagged */
  readonly tags: readonly string[];
  readonly flags: number;
  /** Installed packages by their number in the graph, with the tag they are pinned to */
  readonly installed: ReadonlyMap<number, string>;
}

/** A solve of a large closure makes a few thousand, about half a kilobyte each. */
const MAX_KEPT_STATES = 10_000;

const NO_IDS = new Int32Array(0);

/** The graph as linked states: made as solves touch them, and kept for the next solve. */
export class Model {
  readonly graph: Graph;
  readonly flags: number;
  readonly tags: readonly string[];
  /** Numbers the solves */
  solve = 0;
  readonly #repositoriesByTag: readonly number[];
  readonly #installed: ReadonlyMap<number, string>;
  #names: (NameState | undefined)[];
  #packages: (PackageState | undefined)[];
  #made = 0;
  readonly #relations = new Map<number, Dependency>();
  readonly #versions = new Map<number, string>();
  #unknown = new Map<string, NameState>();
  #touched: NameState[] = [];
  /** `Q1…` of a package of the graph */
  checksumOf: (id: number) => string = () => '';

  constructor(graph: Graph, { tags, flags, installed }: ModelOptions) {
    this.graph = graph;
    this.flags = flags;
    this.#installed = installed;
    this.#names = new Array(nameCount(graph));
    this.#packages = new Array(packageCount(graph));
    this.tags = [...new Set(['', ...tags])];
    this.#repositoriesByTag = this.tags.map((tag) =>
      tags.reduce((bits, other, rank) => (other === tag ? bits | (1 << rank) : bits), 0),
    );
  }

  /** Forgets what the last solve has found out, and its states where they have become too many to keep. */
  begin(checksumOf: (id: number) => string): void {
    this.solve += 1;
    if (this.#made > MAX_KEPT_STATES) {
      this.#names = new Array(nameCount(this.graph));
      this.#packages = new Array(packageCount(this.graph));
      this.#relations.clear();
      this.#versions.clear();
      this.#made = 0;
    }
    this.checksumOf = checksumOf;
    this.#unknown = new Map();
    this.#touched = [];
  }

  touch(state: NameState | PackageState): void {
    if (state.solve === this.solve) return;
    state.solve = this.solve;
    if (state instanceof NameState) this.#touched.push(state);
    state.reset();
  }

  name(id: number): NameState {
    const name = this.node(id);
    this.touch(name);
    return name;
  }

  /** The name without its state. */
  node(id: number): NameState {
    let name = this.#names[id];
    if (name === undefined) {
      name = new NameState(this, id);
      this.#names[id] = name;
      this.#made += 1;
    }
    return name;
  }

  /** A name that no package has to do with. */
  unknownName(text: string): NameState {
    let name = this.#unknown.get(text);
    if (name === undefined) {
      name = new NameState(this, -1, text);
      this.#unknown.set(text, name);
      this.touch(name);
    }
    return name;
  }

  package(id: number): PackageState {
    const one = this.#package(id);
    this.touch(one);
    return one;
  }

  #package(id: number): PackageState {
    let one = this.#packages[id];
    if (one === undefined) {
      one = new PackageState(this, id);
      this.#packages[id] = one;
      this.#made += 1;
    }
    return one;
  }

  /** The name where this solve has come across it. */
  knownName(id: number): NameState | undefined {
    const name = this.#names[id];
    return name?.solve === this.solve ? name : undefined;
  }

  knownNames(): readonly NameState[] {
    return this.#touched;
  }

  /** Names of packages that have the name in install_if, in apk's order. */
  triggeredBy(name: NameState): readonly NameState[] {
    return Array.from(this.triggerIds(name), (id) => this.name(id));
  }

  triggerIds({ id }: NameState): Int32Array {
    const { triggerStart, triggers } = this.graph;
    return id < 0 ? NO_IDS : triggers.subarray(triggerStart[id], triggerStart[id + 1]);
  }

  /** Names that go by a package which depends on the name, in apk's order. */
  dependentNames({ id }: NameState): readonly NameState[] {
    if (id < 0) return [];
    const { dependentStart, dependents, packageName, provideStart, provideName } = this.graph;
    const ids = new Set<number>();
    for (const one of dependents.subarray(dependentStart[id], dependentStart[id + 1])) {
      ids.add(packageName[one] as number);
      for (const name of provideName.subarray(provideStart[one], provideStart[one + 1])) ids.add(name);
    }
    return Array.from(ids, (other) => this.name(other)).sort((a, b) => a.rank - b.rank);
  }

  version(id: number): string {
    if (id === 0) return '';
    let version = this.#versions.get(id);
    if (version === undefined) {
      version = versionText(this.graph, id);
      this.#versions.set(id, version);
    }
    return version;
  }

  /** Of the package `id`, out of the lists of all. */
  relations(all: Int32Array, starts: Int32Array, id: number): readonly Dependency[] {
    return Array.from(all.subarray(starts[id], starts[id + 1]), (relation) => this.#relation(relation));
  }

  provides(id: number): readonly Provide[] {
    const { provideStart, provideName, provideVersion } = this.graph;
    const start = provideStart[id] as number;
    return Array.from(provideName.subarray(start, provideStart[id + 1]), (name, at) => ({
      name: this.node(name),
      version: this.version(provideVersion[start + at] as number),
    }));
  }

  /** Of the name `id`. */
  providers(id: number): readonly Provider[] {
    if (id < 0) return [];
    const { providerStart, providerPackage, providerVersion } = this.graph;
    const start = providerStart[id] as number;
    return Array.from(providerPackage.subarray(start, providerStart[id + 1]), (one, at) => ({
      one: this.#package(one),
      version: this.version(providerVersion[start + at] as number),
    }));
  }

  #relation(id: number): Dependency {
    let relation = this.#relations.get(id);
    if (relation === undefined) {
      const operator = this.graph.relationOperator[id] as number;
      relation = {
        name: this.node(this.graph.relationName[id] as number),
        conflict: (operator & CONFLICT) !== 0,
        operator: operator & (ANY | FUZZY),
        version: this.version(this.graph.relationVersion[id] as number),
        broken: (operator & BROKEN) !== 0,
        tag: 1,
      };
      this.#relations.set(id, relation);
    }
    return relation;
  }

  installedIds(): readonly number[] {
    return [...this.#installed.keys()];
  }

  isInstalled(id: number): boolean {
    return this.#installed.has(id);
  }

  /** Repositories of the tag that an installed package is pinned to. */
  pinnedRepositories(id: number): number {
    const tag = this.#installed.get(id);
    return tag === undefined ? 0 : this.repositoriesOf(this.tagBit(tag));
  }

  /** Index in `tags` of the first that allows the package. */
  chosenTag({ allowedTags, allowedRepositories }: PackageState): number {
    const index = this.tags.findIndex(
      (_, tag) =>
        (allowedTags & (1 << tag)) !== 0 && (allowedRepositories & this.repositoriesOf(1 << tag)) !== 0,
    );
    return Math.max(index, 0);
  }

  /** 0: no repository has the tag */
  tagBit(tag: string): number {
    const index = this.tags.indexOf(tag);
    return index < 0 ? 0 : 1 << index;
  }

  /** Repositories that the tags, as bits, allow. */
  repositoriesOf(tags: number): number {
    if (tags === 1) return this.#repositoriesByTag[0] as number;
    return this.#repositoriesByTag.reduce((bits, of, index) => (tags & (1 << index) ? bits | of : bits), 0);
  }
}

/** Whether `provider` (null: nothing is installed under the name) answers a dependency of `owner` (null: world). */
export function isProvided(
  { conflict, operator, version }: Dependency,
  provider: Provider | null,
  owner: PackageState | null,
): boolean {
  if (provider === null) return conflict;
  if (conflict && provider.one === owner) return true;
  if (operator === CHECKSUM && !conflict)
    return checksumBytes(provider.one.checksum) === checksumBytes(version);
  return matchesOperator(provider.version, { operator, version }) !== conflict;
}

/** Whether the package meets a term of `owner`; undefined: the term is about no name of its. */
export function metBy(
  dependency: Dependency,
  owner: PackageState | null,
  one: PackageState,
): boolean | undefined {
  if (dependency.name === one.name) return isProvided(dependency, { one, version: one.version }, null);
  const provide = one.provides.find(({ name }) => name === dependency.name);
  return provide === undefined ? undefined : isProvided(dependency, { one, version: provide.version }, owner);
}

/** `!foo>=2`, as apk prints a term. */
export function dependencyText({ name, conflict, operator, version }: Dependency): string {
  return `${conflict ? '!' : ''}${name.text}${version === '' ? '' : operatorText(operator)}${version}`;
}

/** `name-version`, as apk prints a package. */
export function labelOf(one: PackageState): string {
  return `${one.name.text}-${one.version}`;
}

/**
 * An unversioned provide is taken unasked only with a provider_priority or when the package is required by its
 * own name as well.
 */
export function isAutoSelectable({ one, version }: Provider): boolean {
  return version !== '' || one.priority > 0 || one.name.requirers > 0;
}
