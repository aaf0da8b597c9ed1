import type { DistroId } from './package.ts';

/** A package by name, version and repository. */
export interface PackageRef {
  readonly name: string;
  readonly version: string;
  /** `main`, `core` */
  readonly repository: string;
}

/** Kind of a relation. `optional`: pacman's optdepends; `conflicts`: pacman's conflicts, or apk's `!name`. */
export type RelationKind = 'depends' | 'optional' | 'conflicts' | 'install_if';

/** A relation with the packages that satisfy it. */
export interface ResolvedRelation {
  readonly kind: Exclude<RelationKind, 'install_if'>;
  /** Relation as written: `so:libx.so.1`, `readline>=7.0` */
  readonly relation: string;
  /** What an optional dependency is for; empty for other kinds */
  readonly purpose: string;
  /** Package that would be installed for this relation alone; undefined if none would */
  readonly package: PackageRef | undefined;
  /** Packages that satisfy it, best first */
  readonly providers: readonly PackageRef[];
}

/** Relations that a package declares. */
export interface DependsReport extends PackageRef {
  readonly relations: readonly ResolvedRelation[];
}

/** A package in a solved set. */
export interface SetPackage extends PackageRef {
  /** `explicit`: requested */
  readonly reason: 'explicit' | 'dependency';
  /** Size of the archive */
  readonly sizeBytes: number;
  /** Size when installed, as the index says */
  readonly installedSizeBytes: number;
}

/** Says that `to` is in the set because of `from`. Both are package names, which are unique within a set. */
export interface SetEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'depends' | 'install_if';
  /** Relation as written; for install_if the whole rule, with terms separated by spaces */
  readonly relation: string;
}

/** A solved set, with the relations that hold it together. */
export interface GraphReport {
  readonly distro: DistroId;
  readonly release: string;
  readonly architecture: string;
  /** Package names: the requested ones in their order, then those that nothing in the set requires */
  readonly roots: readonly string[];
  /** Packages in install order */
  readonly packages: readonly SetPackage[];
  /** In install order of `from`; for each package its relations as written, then what install_if adds */
  readonly edges: readonly SetEdge[];
  /** Sentences, such as those of the package manager */
  readonly warnings: readonly string[];
}

/** A package that depends on another. */
export interface Dependent extends PackageRef {
  readonly kind: Exclude<RelationKind, 'conflicts'>;
  /** Relations that the other package satisfies; for install_if, one whole rule */
  readonly relations: readonly string[];
  /** 1 if it depends on the requested package itself */
  readonly depth: number;
  /** Name of the package that it depends on, which is one level nearer */
  readonly on: string;
}

/** Result of `rdepends`. */
export interface DependentsReport {
  /** Name as requested */
  readonly name: string;
  /** Packages that the name stands for: several if it is not a package's own name */
  readonly packages: readonly PackageRef[];
  readonly dependents: readonly Dependent[];
}

/**
 * A path from a requested package to the one in question; each step is why the next package is in the set. Without steps, the
 * package itself was requested.
 */
export interface Chain {
  /** Name of the requested package */
  readonly root: string;
  readonly steps: readonly SetEdge[];
}

/** Reasons why a package is not in the set. */
export interface Absence {
  /** Packages with the name, none of which is in the set */
  readonly packages: readonly PackageRef[];
  /** Packages that would bring it in */
  readonly dependents: readonly Dependent[];
  /** Its install_if rules, each with the terms that do not hold in the set */
  readonly installIf: readonly { readonly rule: string; readonly missing: readonly string[] }[];
}

/** Result of `why`. */
export interface WhyReport {
  /** Name as requested */
  readonly name: string;
  /** Package of the set that satisfies the name; undefined if none does */
  readonly package: PackageRef | undefined;
  /** Names that the set was solved for (`--in`) */
  readonly targets: readonly string[];
  /** Number of packages */
  readonly setSize: number;
  /** Shortest first */
  readonly chains: readonly Chain[];
  /** Undefined if the package is in the set */
  readonly absence: Absence | undefined;
}

/** A package that provides a name. */
export interface ProviderEntry extends PackageRef {
  /** The package's own name, or what it provides as written */
  readonly by: string;
  /** Version that it provides under the name; empty if it provides none */
  readonly providedVersion: string;
  /** 0 if the index has none; the highest wins (apk) */
  readonly providerPriority: number;
  /** Tag of its apk repository; empty if untagged */
  readonly tag: string;
  /** False if it is never installed for this name alone: an apk provide without version and priority, or a tagged repository */
  readonly unasked: boolean;
}

/** Result of `providers`. */
export interface ProvidersReport {
  /** Name as requested */
  readonly name: string;
  /** Best first */
  readonly providers: readonly ProviderEntry[];
  /** Package that would be installed for the name; undefined if none would */
  readonly chosen: PackageRef | undefined;
  /** Why none would be installed; empty if one would */
  readonly refusal: string;
}
