import type { DistroId } from './package.ts';

export interface PackageRef {
  readonly name: string;
  readonly version: string;
  /** `main`, `core` */
  readonly repository: string;
}

/** `optional`: pacman's optdepends; `conflicts`: apk's `!name`. */
export type RelationKind = 'depends' | 'optional' | 'conflicts' | 'install_if';

export interface ResolvedRelation {
  readonly kind: Exclude<RelationKind, 'install_if'>;
  /** As written: `so:libx.so.1`, `readline>=7.0` */
  readonly relation: string;
  /** What an optdepends is for; else empty */
  readonly purpose: string;
  /** What the solver would take for this relation alone; none when it takes nothing unasked */
  readonly package: PackageRef | undefined;
  /** All that meet it, the preferred first */
  readonly providers: readonly PackageRef[];
}

/** What one package says it needs. */
export interface DependsReport extends PackageRef {
  readonly relations: readonly ResolvedRelation[];
}

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
  /** As written; of install_if the whole rule, terms parted by spaces */
  readonly relation: string;
}

/** A solved set with what holds it together. */
export interface GraphReport {
  readonly distro: DistroId;
  readonly release: string;
  readonly architecture: string;
  /** Names: the targets in the order of the request, then what nothing in the set asks for */
  readonly roots: readonly string[];
  /** In install order */
  readonly packages: readonly SetPackage[];
  /** By package in install order, its relations as written, then what install_if adds */
  readonly edges: readonly SetEdge[];
  readonly warnings: readonly string[];
}

export interface Dependent extends PackageRef {
  readonly kind: Exclude<RelationKind, 'conflicts'>;
  /** Those that the package below meets; of install_if one whole rule */
  readonly relations: readonly string[];
  /** 1: depends on the package itself */
  readonly depth: number;
  /** Name of the package that it depends on, one level nearer */
  readonly on: string;
}

/** Who depends on a package, or on a name that several provide. */
export interface DependentsReport {
  readonly name: string;
  /** More than one when `name` is no package's own */
  readonly packages: readonly PackageRef[];
  readonly dependents: readonly Dependent[];
}

/** From a target to the package: each step is why the next package is in the set. Empty: it is a target itself. */
export interface Chain {
  readonly root: string;
  readonly steps: readonly SetEdge[];
}

/** A package that could be in the set and is not. */
export interface Absence {
  readonly packages: readonly PackageRef[];
  readonly dependents: readonly Dependent[];
  /** Its rules, each with those of its terms that do not hold in the set */
  readonly installIf: readonly { readonly rule: string; readonly missing: readonly string[] }[];
}

export interface WhyReport {
  readonly name: string;
  /** What meets it in the set */
  readonly package: PackageRef | undefined;
  readonly targets: readonly string[];
  readonly setSize: number;
  /** Shortest first */
  readonly chains: readonly Chain[];
  readonly absence: Absence | undefined;
}

export interface ProviderEntry extends PackageRef {
  /** The package's own name, or its provide as written */
  readonly by: string;
  /** Under that name; empty: none */
  readonly providedVersion: string;
  readonly providerPriority: number;
  /** Of a tagged apk repository; else empty */
  readonly tag: string;
  /** False: never taken for this name alone: an apk provide with neither version nor priority, or a tagged repository */
  readonly unasked: boolean;
}

export interface ProvidersReport {
  readonly name: string;
  /** The preferred first */
  readonly providers: readonly ProviderEntry[];
  /** What a request for the name installs */
  readonly chosen: PackageRef | undefined;
  /** Why nothing is; empty where something is */
  readonly refusal: string;
}
