/**
 * Id of a package family, as in `--distro`: `alpine` or `arch`. src/distros/families.ts has the list. Ids from outside (options,
 * recipes, catalogs, images) are looked up there first.
 */
export type DistroId = string;

/**
 * One package as a repository index describes it. Lists keep the index's order and its own relation syntax
 * (`so:libc.musl-x86_64.so.1`, `readline>=7.0`, `!foo`); the distro parses them.
 * Sources: apk-tools `APKINDEX` letters (given beside each field), pacman `desc` (`%FIELD%`).
 */
export interface IndexPackage {
  /** P: / %NAME% */
  readonly name: string;
  /** V: / %VERSION% */
  readonly version: string;
  /** A: / %ARCH%, the distribution's word (`x86_64`, `noarch`, `any`) */
  readonly architecture: string;
  /** T: / %DESC% */
  readonly description: string;
  /** U: / %URL% */
  readonly url: string;
  /** L: / %LICENSE% (several joined with ` AND `) */
  readonly license: string;
  /** o: / %BASE%; empty if the index has none */
  readonly origin: string;
  /** m: / %PACKAGER% */
  readonly maintainer: string;
  /** t: / %BUILDDATE%, seconds since the epoch; 0 if unknown */
  readonly buildTime: number;
  /** c: aports commit; empty on Arch */
  readonly commit: string;
  /** S: / %CSIZE%, bytes of the archive */
  readonly sizeBytes: number;
  /** I: / %ISIZE%, bytes when installed */
  readonly installedSizeBytes: number;
  /** The archive's file name below the repository URL: `name-version.apk` or %FILENAME% */
  readonly fileName: string;
  /** C: (`Q1…`, the control member's SHA-1) or lower-case hex %SHA256SUM%; empty if the index has none */
  readonly checksum: string;
  /** D: / %DEPENDS% */
  readonly depends: readonly string[];
  /** p: / %PROVIDES% */
  readonly provides: readonly string[];
  /** r: / %REPLACES% */
  readonly replaces: readonly string[];
  /** Arch %CONFLICTS%; apk writes conflicts as `!name` in D: */
  readonly conflicts: readonly string[];
  /** i: install_if, all of which must hold; empty on Arch */
  readonly installIf: readonly string[];
  /** %GROUPS% */
  readonly groups: readonly string[];
  /** k: provider_priority; 0 when absent */
  readonly providerPriority: number;
  /** q: replaces_priority; 0 when absent */
  readonly replacesPriority: number;
  /** %PGPSIG%, base64; empty if the index has none */
  readonly signature: string;
  /** All other fields, unchanged: %OPTDEPENDS%, %MAKEDEPENDS%, %MD5SUM%, unknown letters… */
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** An IndexPackage with its place in the catalog. */
export interface CatalogPackage extends IndexPackage {
  readonly id: number;
  readonly repositoryId: number;
  /** Position of its repository in the request, from 0: the earlier one wins a tie. */
  readonly repositoryRank: number;
  /** Position in its index, from 0. */
  readonly ordinal: number;
  /** Number of relations in its repository on its name or on what it provides: how widely it is shared. */
  readonly dependents: number;
  /** `@tag` of a tagged apk repository line; empty if untagged. */
  readonly tag: string;
}

/**
 * Queries of a solver. Every answer is in (repositoryRank, ordinal) order and limited to the repositories of the request.
 * Synchronous, since the catalog is in the same process.
 */
export interface PackageSource {
  /** Returns the packages with exactly this name. */
  byName(name: string): readonly CatalogPackage[];
  /** Returns the packages with this name in `provides` (not their own name). */
  providers(name: string): readonly CatalogPackage[];
  /** Returns the members of a pacman group. */
  group(name: string): readonly CatalogPackage[];
  /** `@tag` of each repository by rank; empty if untagged */
  readonly tags: readonly string[];
  /** Yields every package with its relations. */
  all(): Iterable<RelatedPackage>;
  /**
   * Returns bytes that `make` computes from all packages. They are computed again only if one of the repositories has changed;
   * until then, the same object is returned.
   */
  cached(kind: string, make: () => Uint8Array): Uint8Array;
}

/** A package's relations without the rest of its description. */
export type RelatedPackage = Pick<
  CatalogPackage,
  | 'repositoryRank'
  | 'ordinal'
  | 'name'
  | 'version'
  | 'architecture'
  | 'checksum'
  | 'installedSizeBytes'
  | 'depends'
  | 'provides'
  | 'installIf'
  | 'providerPriority'
  | 'extra'
>;

/** A package of a solution. */
export interface SolvedPackage {
  readonly package: CatalogPackage;
  /** `explicit`: named in the request; `dependency`: any other package. */
  readonly reason: 'explicit' | 'dependency';
}

/** A requirement that a problem is about, and the chain of packages that leads to it. */
export interface SolveTerm {
  /**
   * `breaks`: the subject does not meet it; `conflicts`: the subject must not be installed together with the last package of the
   * chain; `satisfies`: the subject meets it, so it cannot be left out; `requires`: nothing meets it; `depends`: the subject's
   * own requirement, which cannot be used.
   */
  readonly verdict: 'breaks' | 'conflicts' | 'satisfies' | 'requires' | 'depends';
  /** Requirement as written: `foo>2`, `!bar`, `so:libx.so.1`. */
  readonly requirement: string;
  /** Packages that lead to the requirement, outermost first: `['world', 'git-2.43.0-r0']`; world is the request itself. */
  readonly chain: readonly string[];
}

/** A reason why a request cannot be met: a package or name that cannot be installed, with the requirements that clash over it. */
export interface SolveProblem {
  /**
   * `unknown`: no such name; `virtual`: provided only by packages that are never chosen unless requested by name; `version`:
   * requirements on the subject that it does not meet; `conflict`: two that exclude each other; `masked`: only in a tagged
   * repository; `uninstallable`: the package can never be installed here (architecture, unreadable dependency).
   */
  readonly kind: 'unknown' | 'virtual' | 'version' | 'conflict' | 'masked' | 'uninstallable';
  /** Package as `name-version`, or the name that nothing provides. */
  readonly subject: string;
  /** The first requirement of `terms`, as written. */
  readonly requirement: string;
  /** The first chain of `terms`, outermost first. */
  readonly chain: readonly string[];
  readonly terms: readonly SolveTerm[];
  /** Sentence for people. */
  readonly message: string;
  /** Packages (`name-version`) that were considered, or that provide the name. */
  readonly candidates: readonly string[];
}

/** A solution, or the reasons why there is none. */
export type SolveResult =
  | { readonly ok: true; readonly packages: readonly SolvedPackage[]; readonly warnings: readonly string[] }
  | {
      readonly ok: false;
      readonly problems: readonly SolveProblem[];
      /** The same problems in the real tool's own words, one per line, as `apk add` or `pacman -S` prints them */
      readonly report: readonly string[];
    };

/** Joins name and version as both package managers do: `gcc-13.2.1-r1`. */
export function versionedName({
  name,
  version,
}: {
  readonly name: string;
  readonly version: string;
}): string {
  return `${name}-${version}`;
}
