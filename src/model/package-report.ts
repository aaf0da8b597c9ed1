import type { DiffId, Digest } from './digest.ts';
import type { EntryType } from './file-entry.ts';
import type { IndexPackage } from './package.ts';

/** A package that a search found. */
export interface FoundPackage {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly description: string;
  /** Provided names that match: `cmd:git`, `so:libgit2.so.1.7`; empty if the name or the description matches */
  readonly provides: readonly string[];
  /** True if the archive is in the cache */
  readonly cached: boolean;
}

/** Result of `search`. */
export interface SearchReport {
  /** Number of packages that match; `packages` may have fewer */
  readonly total: number;
  /** Best match first */
  readonly packages: readonly FoundPackage[];
  /** The most similar names, if nothing matches */
  readonly nearest: readonly string[];
}

/** An archive in the cache, or one whose facts the catalog kept. */
export interface CachedReport {
  readonly digest: Digest;
  readonly diffId: DiffId;
  /** `gzip`, `zstd`, `xz`, `bzip2` or `none` */
  readonly compression: string;
  /** Why it is repacked or recompressed to be a layer; empty if it is a layer as it is */
  readonly derived: string;
  /** Names of its scripts: `pre-install`, `trigger`, `INSTALL`… */
  readonly scripts: readonly string[];
  /** Globs of the paths that run its trigger (apk) */
  readonly triggers: readonly string[];
  /** Paths of the pacman hooks in it */
  readonly hooks: readonly string[];
  /** Number of tar entries */
  readonly files: number;
  /** File name or fingerprint of the key; empty if it was accepted unsigned */
  readonly signedBy: string;
  /** False if only the facts are known, because its bytes were removed from the cache */
  readonly stored: boolean;
}

/** Everything that is known about a package. Lists of relations keep the package manager's syntax. */
export interface PackageReport
  extends Pick<
    IndexPackage,
    | 'name'
    | 'version'
    | 'description'
    | 'license'
    | 'origin'
    | 'maintainer'
    | 'architecture'
    | 'commit'
    | 'sizeBytes'
    | 'installedSizeBytes'
    | 'depends'
    | 'provides'
    | 'replaces'
    | 'conflicts'
    | 'installIf'
    | 'groups'
    | 'providerPriority'
    | 'replacesPriority'
    | 'checksum'
  > {
  /** `@tag` of its repository; empty if untagged */
  readonly tag: string;
  /** `main`, `core` */
  readonly repository: string;
  /** `v3.19`, `rolling` */
  readonly release: string;
  /** URL of the archive */
  readonly url: string;
  readonly homepage: string;
  /** ISO 8601, UTC; undefined if the index has none */
  readonly buildDate: string | undefined;
  /** `name: purpose` (Arch) */
  readonly optionalDepends: readonly string[];
  /** True if the index contains the archive's signature (Arch); apk archives contain their own */
  readonly signature: boolean;
  /** File name or fingerprint of the key that signed the index; empty if it was accepted unsigned */
  readonly indexSignedBy: string;
  /** Other fields of the index, unchanged */
  readonly extra: Readonly<Record<string, readonly string[]>>;
  /** Undefined if the archive was never read */
  readonly cached: CachedReport | undefined;
}

/** Result of `show`. */
export interface ShowReport {
  /** Name as requested */
  readonly target: string;
  /** `provides`: no package has this name, and `packages` are those that provide it */
  readonly by: 'name' | 'provides';
  /** Every version in the requested repositories, in their order, newest first */
  readonly packages: readonly PackageReport[];
}

/** A path that a package ships. */
export interface PackagePath {
  /** No slash at either end */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky */
  readonly mode: number;
  /** Size of the content; 0 unless it is a file */
  readonly sizeBytes: number;
  /** Target of a symlink or hard link; empty for other types */
  readonly linkTarget: string;
}

/** Result of `files`. */
export interface FilesReport {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  /** `archive`: read from the archive; `list`: from the repository's file list */
  readonly source: 'archive' | 'list';
  /** In the order of the archive; directories end with a slash */
  readonly paths: readonly string[];
  /** The same paths with their attributes; undefined if they come from a file list */
  readonly entries: readonly PackagePath[] | undefined;
}

/** A package that ships a path. */
export interface Owner {
  readonly name: string;
  readonly version: string;
  /** Empty if the package is only in the cache, not in a requested repository */
  readonly repository: string;
  /** Path as shipped: without a leading slash; directories end with one */
  readonly path: string;
  /** `archive`: read from the archive; `list`: from the repository's file list */
  readonly source: 'archive' | 'list';
}

/** Result of `owns`. */
export interface OwnsReport {
  readonly owners: readonly Owner[];
  /** Requested paths that no searched package ships */
  readonly missing: readonly string[];
  /**
   * Packages that provide a command or library with the name of a missing path, according to the index: `git-2.43.0-r0 cmd:git`
   */
  readonly likely: readonly string[];
  /** Number of packages whose paths are known */
  readonly searched: number;
  /** Number of packages in the requested repositories */
  readonly packages: number;
  /** Sentences, for example about unknown file lists */
  readonly notes: readonly string[];
}
