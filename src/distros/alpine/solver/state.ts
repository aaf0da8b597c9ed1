import { checksumBytes } from '../checksum.ts';
import { ANY, CHECKSUM, FUZZY, matchesOperator } from '../relation.ts';
import {
  BROKEN,
  CONFLICT,
  EMPTY,
  type Graph,
  nameText,
  operatorText,
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

/** A package, and what is known of it in this solve. */
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
  flags = 0;
  inheritedFlags = 0;
  /** Tags as bits; 1 is untagged */
  allowedTags = 1;
  tagPreferred: boolean;
  tagOk: boolean;
  selectable: boolean;
  conflicts = 0;
  merged = false;
  used = false;
  triggered = false;
  untriggerable: boolean;
  failed = false;
  inChanges = false;
  readonly #model: Model;
  #depends: readonly Dependency[] | undefined;
  #provides: readonly Provide[] | undefined;
  #installIf: readonly Dependency[] | undefined;

  constructor(model: Model, id: number) {
    const { graph } = model;
    const flags = graph.packageFlags[id] as number;
    this.#model = model;
    this.id = id;
    this.name = model.name(graph.packageName[id] as number);
    this.version = model.version(graph.packageVersion[id] as number);
    this.priority = graph.packagePriority[id] as number;
    this.installed = model.isInstalled(id);
    this.repositories = graph.packageRepositories[id] as number;
    this.allowedRepositories = this.repositories | model.pinnedRepositories(id);
    this.available = this.repositories !== 0;
    this.uninstallable = (flags & UNINSTALLABLE) !== 0;
    this.selectable = !this.uninstallable;
    const empty = (flags & EMPTY) !== 0;
    this.tagPreferred = empty || (this.allowedRepositories & model.repositoriesOf(1)) !== 0;
    this.tagOk = this.tagPreferred || this.installed;
    const rules = (graph.installIfStart[id + 1] as number) - (graph.installIfStart[id] as number);
    this.untriggerable = rules === 0 || ((model.flags & AVAILABLE) !== 0 && !this.available);
  }

  get checksum(): string {
    return this.#model.checksumOf(this.id);
  }

  get depends(): readonly Dependency[] {
    const { dependStart, depends } = this.#model.graph;
    this.#depends ??= this.#model.relations(depends, dependStart[this.id], dependStart[this.id + 1]);
    return this.#depends;
  }

  get installIf(): readonly Dependency[] {
    const { installIfStart, installIfs } = this.#model.graph;
    this.#installIf ??= this.#model.relations(
      installIfs,
      installIfStart[this.id],
      installIfStart[this.id + 1],
    );
    return this.#installIf;
  }

  get provides(): readonly Provide[] {
    if (this.#provides !== undefined) return this.#provides;
    const { provideStart, provideName, provideVersion } = this.#model.graph;
    const provides: Provide[] = [];
    for (let at = provideStart[this.id] as number; at < (provideStart[this.id + 1] as number); at += 1) {
      provides.push({
        name: this.#model.name(provideName[at] as number),
        version: this.#model.version(provideVersion[at] as number),
      });
    }
    this.#provides = provides;
    return provides;
  }
}

/** A name, and what is known of it in this solve. */
export class NameState {
  /** -1: no package has to do with it */
  readonly id: number;
  readonly rank: number;
  requirers = 0;
  locked = false;
  chosen: Provider | null = null;
  /** apk's APK_SOLVERF set: named in the request, so settled before others */
  requested = false;
  dirty = false;
  queue: 'now' | 'selectable' | 'unresolved' | undefined = undefined;
  /** When it was last reconsidered, and when last something it is needed by had to be told */
  reconsidered = 0;
  changed = 0;
  recheckTrigger = false;
  hasTriggered = false;
  untriggerable: boolean;
  hasOptions = false;
  hasSelectable = false;
  neededUnset = false;
  dependentsDone = false;
  commonDepends = 0;
  commonProvides = 0;
  providedUnversioned = false;
  changesSeen = false;
  removed = false;
  installedUnder: NameState | null = null;
  installedPackage: PackageState | null = null;
  readonly #model: Model;
  readonly #text: string | undefined;
  #providers: readonly Provider[] | undefined;

  constructor(model: Model, id: number, text?: string) {
    this.#model = model;
    this.id = id;
    this.#text = text;
    this.rank = id < 0 ? -1 : (model.graph.nameRank[id] as number);
    this.untriggerable = false;
  }

  get text(): string {
    return this.#text ?? nameText(this.#model.graph, this.id);
  }

  get providers(): readonly Provider[] {
    if (this.#providers !== undefined) return this.#providers;
    const { providerStart, providerPackage, providerVersion } = this.#model.graph;
    const providers: Provider[] = [];
    if (this.id >= 0) {
      for (let at = providerStart[this.id] as number; at < (providerStart[this.id + 1] as number); at += 1) {
        providers.push({
          one: this.#model.package(providerPackage[at] as number),
          version: this.#model.version(providerVersion[at] as number),
        });
      }
    }
    this.#providers = providers;
    return providers;
  }
}

export interface ModelOptions {
  /** `@tag` of each repository by rank; empty: untagged */
  readonly tags: readonly string[];
  readonly flags: number;
  /** Installed packages by their number in the graph, with the tag they are pinned to */
  readonly installed: ReadonlyMap<number, string>;
  /** `Q1…` of a package of the graph */
  checksumOf(id: number): string;
}

const NO_IDS = new Int32Array(0);

/** The graph as linked states; only those that a solve touches are made. */
export class Model {
  readonly graph: Graph;
  readonly flags: number;
  readonly tags: readonly string[];
  readonly #repositoriesByTag: readonly number[];
  readonly #installed: ReadonlyMap<number, string>;
  readonly checksumOf: (id: number) => string;
  readonly #names = new Map<number, NameState>();
  readonly #unknown = new Map<string, NameState>();
  readonly #packages = new Map<number, PackageState>();
  readonly #relations = new Map<number, Dependency>();
  readonly #versions = new Map<number, string>();

  constructor(graph: Graph, { tags, flags, installed, checksumOf }: ModelOptions) {
    this.checksumOf = checksumOf;
    this.graph = graph;
    this.flags = flags;
    this.#installed = installed;
    this.tags = [...new Set(['', ...tags])];
    this.#repositoriesByTag = this.tags.map((tag) =>
      tags.reduce((bits, other, rank) => (other === tag ? bits | (1 << rank) : bits), 0),
    );
  }

  name(id: number): NameState {
    let name = this.#names.get(id);
    if (name === undefined) {
      name = new NameState(this, id);
      this.#names.set(id, name);
    }
    return name;
  }

  /** The name where this solve has come across it. */
  knownName(id: number): NameState | undefined {
    return this.#names.get(id);
  }

  *knownNames(): Iterable<NameState> {
    yield* this.#names.values();
    yield* this.#unknown.values();
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

  /** A name that no package has to do with. */
  unknownName(text: string): NameState {
    let name = this.#unknown.get(text);
    if (name === undefined) {
      name = new NameState(this, -1, text);
      this.#unknown.set(text, name);
    }
    return name;
  }

  package(id: number): PackageState {
    let one = this.#packages.get(id);
    if (one === undefined) {
      one = new PackageState(this, id);
      this.#packages.set(id, one);
    }
    return one;
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

  relations(ids: Int32Array, start = 0, end = 0): readonly Dependency[] {
    const list: Dependency[] = [];
    for (let at = start; at < end; at += 1) list.push(this.#relation(ids[at] as number));
    return list;
  }

  #relation(id: number): Dependency {
    let relation = this.#relations.get(id);
    if (relation === undefined) {
      const operator = this.graph.relationOperator[id] as number;
      relation = {
        name: this.name(this.graph.relationName[id] as number),
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
