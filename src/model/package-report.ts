import type { EntryType } from './archive.ts';
import type { DiffId, Digest } from './digest.ts';
import type { IndexPackage } from './package.ts';

/** A package that a search found. */
export interface FoundPackage {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly description: string;
  /** Provides that matched: `cmd:git`, `so:libgit2.so.1.7`; empty where its name or description did */
  readonly provides: readonly string[];
  readonly cached: boolean;
}

/** Result of `search`. */
export interface SearchReport {
  /** How many match; `packages` may hold fewer */
  readonly total: number;
  /** Best first */
  readonly packages: readonly FoundPackage[];
  /** Names most like the words, where nothing matches */
  readonly nearest: readonly string[];
}

/** An archive of a package that was read before. */
export interface CachedReport {
  readonly digest: Digest;
  readonly diffId: DiffId;
  readonly compression: string;
  /** Why it is repacked or encoded anew to be a layer; empty when it is one as it is */
  readonly derived: string;
  /** `pre-install`, `trigger`, `INSTALL`… */
  readonly scripts: readonly string[];
  /** Path globs that run its trigger (apk) */
  readonly triggers: readonly string[];
  /** Paths of the pacman hooks that it ships */
  readonly hooks: readonly string[];
  readonly files: number;
  /** Key name or fingerprint; empty: accepted unsigned */
  readonly signedBy: string;
  /** True when its bytes are in the store; the facts stay when they are not */
  readonly stored: boolean;
}

/** Everything that is known about a package. Lists are in the distribution's own relation syntax. */
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
  /** `@tag` of its repository; empty: none */
  readonly tag: string;
  readonly repository: string;
  readonly release: string;
  /** URL of the archive */
  readonly url: string;
  readonly homepage: string;
  /** ISO 8601, UTC; undefined when the index does not say */
  readonly buildDate: string | undefined;
  readonly optionalDepends: readonly string[];
  /** True when the index entry carries the archive's signature (Arch); apk archives carry their own */
  readonly signature: boolean;
  /** Key of the index's signature; empty: accepted unsigned */
  readonly indexSignedBy: string;
  /** Other fields of the index, as read */
  readonly extra: Readonly<Record<string, readonly string[]>>;
  readonly cached: CachedReport | undefined;
}

/** Result of `show`. */
export interface ShowReport {
  readonly target: string;
  /** `provides`: no package has the name, these provide it */
  readonly by: 'name' | 'provides';
  /** Every version in the repositories of the request, in their order, newest first */
  readonly packages: readonly PackageReport[];
}

/** A path that a package ships. */
export interface PackagePath {
  /** No leading slash, no trailing one */
  readonly path: string;
  readonly type: EntryType;
  readonly mode: number;
  readonly sizeBytes: number;
  /** Target of a link; else empty */
  readonly linkTarget: string;
}

/** Result of `files`. */
export interface FilesReport {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  /** The archive itself, or a repository's list of files */
  readonly source: 'archive' | 'list';
  /** Paths in the archive's order; a directory's ends in a slash */
  readonly paths: readonly string[];
  /** The same paths with their attributes in the archive; undefined when a list answered */
  readonly entries: readonly PackagePath[] | undefined;
}

/** A package that ships a path. */
export interface Owner {
  readonly name: string;
  readonly version: string;
  /** Empty: an archive in the cache that no repository of the request has */
  readonly repository: string;
  /** Path as shipped: no leading slash; a directory's ends in one */
  readonly path: string;
  readonly source: 'archive' | 'list';
}

/** Result of `owns`. */
export interface OwnsReport {
  readonly owners: readonly Owner[];
  /** Paths asked for that nothing searched ships */
  readonly missing: readonly string[];
  /** Packages that provide a command or library of the missing paths' names, by their index alone: `git-2.43.0-r0 cmd:git` */
  readonly likely: readonly string[];
  /** Packages of the request whose paths are known, and all of them */
  readonly searched: number;
  readonly packages: number;
  readonly notes: readonly string[];
}
