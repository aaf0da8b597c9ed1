import type { CatalogPackage, IndexPackage, PackageSource, SolveResult } from '../model/package.ts';
import type { SystemFacts } from './install.ts';

/** Chooses packages. */
export interface Resolver {
  /** Solves a request in the order in which the real tool looks, so that its choice is the same. */
  solve(request: SolveRequest, source: PackageSource): SolveResult;
  /** Returns by what a package meets a relation, as in Candidate; undefined: not at all. Nothing meets a conflict, `!name`. */
  satisfies(relation: string, provider: Providing): string | undefined;
  /** Returns the packages that meet a relation, in the order in which the solver would take them, all else being equal. */
  providersOf(relation: string, source: PackageSource): readonly Candidate[];
  readonly versions: VersionRules;
  readonly relations: Relations;
  /** Returns the resolver of such a system, or the one that `--solver` names; undefined: all systems have the same. */
  forSystem?(system: SystemFacts, solver: string | undefined): Resolver;
}

/** Versions as the package manager reads them. */
export interface VersionRules {
  /** Returns a negative number, zero or a positive one, as the real tool orders them. */
  compare(a: string, b: string): number;
  /** Returns whether `a` meets the relation `operator b`; undefined: the package manager has no such operator. */
  holds(a: string, operator: string, b: string): boolean | undefined;
  isValid(version: string): boolean;
}

/** What a family's words for packages mean. */
export interface Relations {
  /** Returns the name that a word of a request is about: `git` of `git@edge>2`. */
  targetName(word: string): string;
  /** Kinds of names that packages provide beside their own */
  readonly provided: readonly ProvidedKind[];
  /** Key of IndexPackage.extra with optional dependencies, each `relation: purpose`; undefined: the family has none */
  readonly optionalField?: string;
}

/** A kind of provided names. */
export interface ProvidedKind {
  /** `cmd:` */
  readonly prefix: string;
  /** What the package is for the name, before its own name: `a command provided by` */
  readonly title: string;
  /** Whether the name behind the prefix is a file's, so that it tells the owner of a path */
  readonly isFileName: boolean;
}

/** What to install. */
export interface SolveRequest {
  /** As the user wrote them: `git`, `git>2`, `git@edge`, `core/bash` */
  readonly targets: readonly string[];
  readonly architecture: string;
  /** Names of the request's repositories by rank, for targets like `core/bash` */
  readonly repositoryNames?: readonly string[];
}

/** The parts of a package by which it may meet a relation. */
export type Providing = Pick<IndexPackage, 'name' | 'version' | 'provides' | 'checksum'>;

/** A package that meets a relation. */
export interface Candidate {
  readonly package: CatalogPackage;
  /** What meets it: the package's name, or one of its provides as written */
  readonly by: string;
  /** Version under that name; empty for a provide without version */
  readonly version: string;
  /** Whether the solver may choose it for the relation alone, without being asked for it by its own name */
  readonly unasked: boolean;
}
