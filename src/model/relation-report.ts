import type { DistroId } from './package.ts';

/** A package by name, version and repository. */
export interface PackageRef {
  readonly name: string;
  readonly version: string;
  /** `main`, `core` */
  readonly repository: string;
}

/** `optional`: pacman's optdepends; `conflicts`: apk's `!name`. */
export type RelationKind = 'depends' | 'optional' | 'conflicts' | 'install_if';

/** A relation with the packages that meet it. */
export interface ResolvedRelation {
  readonly kind: Exclude<RelationKind, 'install_if'>;
  /** Relation as written: `so:libx.so.1`, `readline>=7.0` */
  readonly relation: string;
  /** Purpose of an optdepends; else empty */
  readonly purpose: string;
  /** Package that the solver would take for this relation alone; undefined when it takes nothing unasked */
  readonly package: PackageRef | undefined;
  /** Packages that meet it, the preferred first */
  readonly providers: readonly PackageRef[];
}

/** Relations that one package declares. */
export interface DependsReport extends PackageRef {
  readonly relations: readonly ResolvedRelation[];
}

/** A package of a solved set. */
export interface SetPackage extends PackageRef {
  readonly reason: 'explicit' | 'dependency';
  readonly sizeBytes: number;
  readonly installedSizeBytes: number;
}

/** `from` is why `to` is in the set. In one set a name is one package. */
export interface SetEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'depends' | 'install_if';
  /** Relation as written; of install_if the whole rule, terms separated by spaces */
  readonly relation: string;
}

/** A solved set with what holds it together. */
export interface GraphReport {
  readonly distro: DistroId;
  readonly release: string;
  readonly architecture: string;
  /** Names: the targets in the order of the request, then what nothing in the set asks for */
  readonly roots: readonly string[];
  /** Packages in install order */
  readonly packages: readonly SetPackage[];
  /** Edges by package in install order: its relations as written, then what install_if adds */
  readonly edges: readonly SetEdge[];
  readonly warnings: readonly string[];
}

/** A package that depends on another. */
export interface Dependent extends PackageRef {
  readonly kind: Exclude<RelationKind, 'conflicts'>;
  /** Relations that the package below meets; of install_if one whole rule */
  readonly relations: readonly string[];
  /** 1: depends on the package itself */
  readonly depth: number;
  /** Name of the package that it depends on, one level nearer */
  readonly on: string;
}

/** Who depends on a package, or on a name that several provide. */
export interface DependentsReport {
  readonly name: string;
  /** Several when `name` is not a package's own name */
  readonly packages: readonly PackageRef[];
  readonly dependents: readonly Dependent[];
}

/** Path from a target to the package: each step is why the next package is in the set. Without steps it is a target itself. */
export interface Chain {
  readonly root: string;
  readonly steps: readonly SetEdge[];
}

/** A package that could be in the set and is not. */
export interface Absence {
  readonly packages: readonly PackageRef[];
  readonly dependents: readonly Dependent[];
  /** Its install_if rules, each with the terms that do not hold in the set */
  readonly installIf: readonly { readonly rule: string; readonly missing: readonly string[] }[];
}

/** Result of `why`. */
export interface WhyReport {
  readonly name: string;
  /** Package that meets it in the set */
  readonly package: PackageRef | undefined;
  readonly targets: readonly string[];
  readonly setSize: number;
  /** Shortest first */
  readonly chains: readonly Chain[];
  readonly absence: Absence | undefined;
}

/** A package that provides a name. */
export interface ProviderEntry extends PackageRef {
  /** The package's own name, or its provide as written */
  readonly by: string;
  /** Version provided under that name; empty: unversioned */
  readonly providedVersion: string;
  readonly providerPriority: number;
  /** Tag of its apk repository; empty: untagged */
  readonly tag: string;
  /** False: never taken for this name alone: an apk provide with neither version nor priority, or a tagged repository */
  readonly unasked: boolean;
}

/** Result of `providers`. */
export interface ProvidersReport {
  readonly name: string;
  /** The preferred first */
  readonly providers: readonly ProviderEntry[];
  /** Package that a request for the name installs */
  readonly chosen: PackageRef | undefined;
  /** Why nothing is; empty where something is */
  readonly refusal: string;
}
