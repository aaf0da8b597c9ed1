import type { CatalogPackage, IndexPackage, PackageSource, SolveResult } from '../model/package.ts';
import type { SystemFacts } from './install.ts';

/** Choice of packages, as the real tool makes it. */
export interface Resolver {
  /** Solves a request for an empty root. Looks for packages in the real tool's order, so that the choice is the same. */
  solve(request: SolveRequest, source: PackageSource): SolveResult;
  /**
   * Returns the name or provide by which a package meets a relation (Candidate.by); undefined if it does not. Nothing meets a
   * conflict, `!name`.
   */
  satisfies(relation: string, provider: Providing): string | undefined;
  /** Returns the packages that meet a relation, in the order in which the solver would choose them, all else being equal. */
  providersOf(relation: string, source: PackageSource): readonly Candidate[];
  readonly versions: VersionRules;
  readonly relations: Relations;
  /** Returns the resolver for a system, or the one that `--solver` names. Absent: all systems have the same. */
  forSystem?(system: SystemFacts, solver: string | undefined): Resolver;
}

/** Rules by which the package manager reads versions. */
export interface VersionRules {
  /** Compares two versions as the real tool does. Returns a negative number, zero or a positive one. */
  compare(a: string, b: string): number;
  /** Returns whether version `a` meets the relation `operator b`; undefined: the package manager has no such operator. */
  holds(a: string, operator: string, b: string): boolean | undefined;
  isValid(version: string): boolean;
}

/** Meaning of a family's relations between packages. */
export interface Relations {
  /** Returns the name in a target of a request: `git` of `git@edge>2`. */
  targetName(word: string): string;
  /** Kinds of names that packages provide besides their own */
  readonly provided: readonly ProvidedKind[];
  /** Key of IndexPackage.extra for optional dependencies, each `relation: purpose`; absent: the family has none */
  readonly optionalField?: string;
}

/** A kind of names that packages provide. */
export interface ProvidedKind {
  /** Prefix of the names: `cmd:` */
  readonly prefix: string;
  /** Description of such a name, to be followed by the package's: `a command provided by` */
  readonly title: string;
  /** Whether the name after the prefix is a file's, so that it may tell the owner of a path */
  readonly isFileName: boolean;
}

/** A request to install packages into an empty root. */
export interface SolveRequest {
  /** Targets as the user wrote them: `git`, `git>2`, `git@edge`, `core/bash` */
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
  /** The package's name, or the provide as written, by which it meets the relation */
  readonly by: string;
  /** Version under that name; empty for a provide without a version */
  readonly version: string;
  /** Whether the solver may choose it for the relation, although the request does not name it */
  readonly unasked: boolean;
}
