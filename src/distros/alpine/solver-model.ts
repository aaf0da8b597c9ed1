import type { CatalogPackage } from '../../model/package.ts';
import { hashOrder } from './hash-order.ts';
import { CHECKSUM, matchesOperator, type Relation } from './relation.ts';

/** A package as one provider of one name; version '' is an unversioned provide. */
export interface Provider {
  readonly candidate: Candidate;
  readonly version: string;
}

export interface Dependency {
  readonly relation: Relation;
  readonly name: NameState;
}

export interface Provide {
  readonly name: NameState;
  readonly version: string;
}

/** What the solver knows of one package: all packages with the same checksum are one candidate. */
export interface Candidate {
  readonly package: CatalogPackage;
  readonly name: NameState;
  depends: readonly Dependency[];
  provides: readonly Provide[];
  installIf: readonly Dependency[];
  /** Tags of the repositories that hold it; '' is untagged. */
  readonly tags: Set<string>;
  /** Tags its requirers allow it to come from; '' is always allowed. */
  readonly allowedTags: Set<string>;
  tagPreferred: boolean;
  tagOk: boolean;
  selectable: boolean;
  conflicts: number;
  /** Chosen for good */
  settled: boolean;
  constraintsApplied: boolean;
  installIfTriggered: boolean;
  installIfFailed: boolean;
  /** Why it was ruled out first, for explanations */
  disqualified: string;
  failed: boolean;
}

export interface NameState {
  readonly name: string;
  /** Those known so far; once `read` all of them, in (repository, index) order. */
  providers: Provider[];
  /** `providers` is complete: read from the source. */
  read: boolean;
  /** Names that go by a package which depends on this one, of those read so far. */
  readonly reverseDepends: HashOrdered;
  readonly reverseInstallIf: HashOrdered;
  /** Packages that name this one in install_if are read. */
  installIfRead: boolean;
  /** Only what also goes by these names may still provide this one. */
  readonly reservedFor: NameState[];
  requirers: number;
  /** Who asked, for explanations */
  readonly askedBy: { readonly by: Candidate | null; readonly relation: Relation }[];
  locked: boolean;
  chosen: Provider | null;
  dirty: boolean;
  recheckDepends: boolean;
  /** What depends on it was looked at again: packages read later must be as well. */
  reverseRechecked: boolean;
  recheckInstallIf: boolean;
  hasInstallIf: boolean;
  hasOptions: boolean;
  hasAutoSelectable: boolean;
  reverseDependsDone: boolean;
  /** Named on the command line */
  explicit: boolean;
}

/** A set of names in the order of apk's hash table. */
export class HashOrdered {
  readonly #names = new Set<NameState>();
  #sorted: readonly NameState[] | undefined = [];

  add(name: NameState): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.#sorted = undefined;
  }

  values(): readonly NameState[] {
    this.#sorted ??= hashOrder([...this.#names], (entry) => entry.name);
    return this.#sorted;
  }
}

export function newName(name: string): NameState {
  return {
    name,
    providers: [],
    read: false,
    reverseDepends: new HashOrdered(),
    reverseInstallIf: new HashOrdered(),
    installIfRead: false,
    reservedFor: [],
    requirers: 0,
    askedBy: [],
    locked: false,
    chosen: null,
    dirty: false,
    recheckDepends: false,
    reverseRechecked: false,
    recheckInstallIf: false,
    hasInstallIf: false,
    hasOptions: false,
    hasAutoSelectable: false,
    reverseDependsDone: false,
    explicit: false,
  };
}

/** Whether `provider` (null: nothing is installed under the name) answers a dependency of `owner`. */
export function isProvided(relation: Relation, provider: Provider | null, owner: Candidate | null): boolean {
  if (relation.broken) return false;
  if (provider === null) return relation.conflict;
  if (relation.conflict && provider.candidate === owner) return true;
  const matches =
    relation.operator === CHECKSUM
      ? provider.candidate.package.checksum === relation.version
      : matchesOperator(provider.version, relation);
  return matches !== relation.conflict;
}

/**
 * An unversioned provide is taken unasked only with a provider_priority or when the package is required by its
 * own name as well.
 */
export function isAutoSelectable(provider: Provider): boolean {
  return (
    provider.version !== '' ||
    provider.candidate.package.providerPriority > 0 ||
    provider.candidate.name.requirers > 0
  );
}

/** `name-version`, as apk prints a package. */
export function labelOf(candidate: Candidate | null): string {
  return candidate === null ? 'world' : `${candidate.package.name}-${candidate.package.version}`;
}
