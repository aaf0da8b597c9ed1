import { AVAILABLE } from './flags.ts';
import { EMPTY, type Graph, nameText, UNINSTALLABLE, type Words } from './graph.ts';

/** A term of a dependency list, of an install_if or of world. */
export interface Dependency {
  readonly name: NameState;
  readonly conflict: boolean;
  /** Bits of `< = > ~` */
  readonly operator: number;
  readonly version: string;
  /** Whether apk rejects the version */
  readonly broken: boolean;
  /** Tag in world as a bit; 1: untagged */
  readonly tag: number;
  /** Text of a term of world as the user wrote it */
  readonly written?: string;
}

/** A package under one of its names; the version is empty for an unversioned provide. */
export interface Provider {
  readonly pkg: PackageState;
  readonly version: string;
}

/** A name that a package provides; the version is empty if it has none. */
export interface Provide {
  readonly name: NameState;
  readonly version: string;
}

/** The model as states use it to find each other. */
export interface Links {
  readonly graph: Graph;
  /** Flags of the whole request */
  readonly flags: number;
  /** Number of the current solve */
  readonly solve: number;
  /** Resets states that this solve has not touched. */
  touchName(name: NameState): void;
  touchNames(links: readonly (Dependency | Provide)[]): void;
  touchPackages(providers: readonly Provider[]): void;
  /** Returns a name whose state has not been reset for this solve. */
  node(id: number): NameState;
  version(id: number): string;
  relations(all: Words, starts: Words, id: number): readonly Dependency[];
  provides(id: number): readonly Provide[];
  providers(id: number): readonly Provider[];
  isInstalled(id: number): boolean;
  /** Returns the repositories, as bits, of the tag that an installed package is pinned to. */
  pinnedRepositories(id: number): number;
  /** Repositories without a tag, as bits */
  readonly untaggedRepositories: number;
  readonly checksumOf: (id: number) => string;
}

/** A package and its state in the current solve. */
export class PackageState {
  readonly id: number;
  readonly name: NameState;
  readonly version: string;
  readonly priority: number;
  /** A bit for each repository that has it */
  readonly repositories: number;
  /** The same and, if it is installed, those of the tag it is pinned to */
  readonly allowedRepositories: number;
  readonly uninstallable: boolean;
  readonly installed: boolean;
  /** Whether a repository has it */
  readonly available: boolean;
  flags!: number;
  inheritableFlags!: number;
  /** Tags as bits; 1 is untagged */
  pinningAllowed!: number;
  tagPreferred!: boolean;
  tagOk!: boolean;
  selectable!: boolean;
  conflicts!: number;
  dependenciesMerged!: boolean;
  dependenciesUsed!: boolean;
  installIfTriggered!: boolean;
  installIfFailed!: boolean;
  error!: boolean;
  inChangeset!: boolean;
  /** Number of the solve that the state belongs to */
  solve = 0;
  readonly #model: Links;
  readonly #isDefault: boolean;
  readonly #neverTriggered: boolean;
  // Lists of links are made once. Each solve resets what they lead to before it is seen.
  #depends: readonly Dependency[] | undefined;
  #dependsSeen = 0;
  #provides: readonly Provide[] | undefined;
  #providesSeen = 0;
  #installIf: readonly Dependency[] | undefined;
  #installIfSeen = 0;

  constructor(model: Links, id: number) {
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
    this.#isDefault = (flags & EMPTY) !== 0 || (this.allowedRepositories & model.untaggedRepositories) !== 0;
    this.#neverTriggered =
      graph.installIfStart[id] === graph.installIfStart[id + 1] ||
      ((model.flags & AVAILABLE) !== 0 && !this.available);
  }

  /** Resets the state to that before a solve. */
  reset(): void {
    this.flags = 0;
    this.inheritableFlags = 0;
    this.pinningAllowed = 1;
    this.tagPreferred = this.#isDefault;
    this.tagOk = this.#isDefault || this.installed;
    this.selectable = !this.uninstallable;
    this.conflicts = 0;
    this.dependenciesMerged = false;
    this.dependenciesUsed = false;
    this.installIfTriggered = false;
    this.installIfFailed = this.#neverTriggered;
    this.error = false;
    this.inChangeset = false;
    this.#model.touchName(this.name);
  }

  get checksum(): string {
    return this.#model.checksumOf(this.id);
  }

  get depends(): readonly Dependency[] {
    const model = this.#model;
    this.#depends ??= model.relations(model.graph.depends, model.graph.dependStart, this.id);
    if (this.#dependsSeen !== model.solve) {
      this.#dependsSeen = model.solve;
      model.touchNames(this.#depends);
    }
    return this.#depends;
  }

  get installIf(): readonly Dependency[] {
    const model = this.#model;
    this.#installIf ??= model.relations(model.graph.installIfs, model.graph.installIfStart, this.id);
    if (this.#installIfSeen !== model.solve) {
      this.#installIfSeen = model.solve;
      model.touchNames(this.#installIf);
    }
    return this.#installIf;
  }

  get provides(): readonly Provide[] {
    const model = this.#model;
    this.#provides ??= model.provides(this.id);
    if (this.#providesSeen !== model.solve) {
      this.#providesSeen = model.solve;
      model.touchNames(this.#provides);
    }
    return this.#provides;
  }
}

/** A name and its state in the current solve. */
export class NameState {
  /** Number in the graph; -1: no package mentions it */
  readonly id: number;
  readonly rank: number;
  requirers!: number;
  locked!: boolean;
  chosen!: Provider | null;
  /** Whether the request names it, so that it is settled before others */
  requested!: boolean;
  dirty!: boolean;
  queue!: 'now' | 'selectable' | 'unresolved' | 'listed' | undefined;
  /** Derived from the graph alone (agenda.ts); undefined: not derived yet */
  ownness: number | undefined;
  /** Logical times: when it was last reconsidered, and when packages that depend on it were last told of a change */
  reconsidered!: number;
  changed!: number;
  reevaluateInstallIf!: boolean;
  hasInstallIf!: boolean;
  noInstallIf!: boolean;
  hasOptions!: boolean;
  hasAutoSelectable!: boolean;
  installIfNeeded!: boolean;
  reverseDependsDone!: boolean;
  mergeDepends!: number;
  mergeProvides!: number;
  hasVirtualProvides!: boolean;
  seenInChangeset!: boolean;
  removed!: boolean;
  installedUnder!: NameState | null;
  installedPackage!: PackageState | null;
  /** Number of the solve that the state belongs to */
  solve = 0;
  readonly #model: Links;
  #text: string | undefined;
  #providers: readonly Provider[] | undefined;
  #providersSeen = 0;

  constructor(model: Links, id: number, text?: string) {
    this.#model = model;
    this.id = id;
    this.#text = text;
    this.rank = id < 0 ? -1 : (model.graph.nameRank[id] as number);
  }

  /** Resets the state to that before a solve. */
  reset(): void {
    this.requirers = 0;
    this.locked = false;
    this.chosen = null;
    this.requested = false;
    this.dirty = false;
    this.queue = undefined;
    this.reconsidered = 0;
    this.changed = 0;
    this.reevaluateInstallIf = false;
    this.hasInstallIf = false;
    this.noInstallIf = false;
    this.hasOptions = false;
    this.hasAutoSelectable = false;
    this.installIfNeeded = false;
    this.reverseDependsDone = false;
    this.mergeDepends = 0;
    this.mergeProvides = 0;
    this.hasVirtualProvides = false;
    this.seenInChangeset = false;
    this.removed = false;
    this.installedUnder = null;
    this.installedPackage = null;
  }

  get text(): string {
    this.#text ??= nameText(this.#model.graph, this.id);
    return this.#text;
  }

  get providers(): readonly Provider[] {
    const model = this.#model;
    this.#providers ??= model.providers(this.id);
    if (this.#providersSeen !== model.solve) {
      this.#providersSeen = model.solve;
      model.touchPackages(this.#providers);
    }
    return this.#providers;
  }
}
