import type { ArchiveFacts, ReadFacts } from '../model/archive.ts';
import type { CatalogPackage, DistroId, IndexPackage, PackageSource, SolveResult } from '../model/package.ts';
import type { RepositoryIndex, RepositorySpec } from '../model/repository.ts';
import type { SolverName } from '../model/request.ts';
import type { UnsignedPart } from '../model/verify-report.ts';
import type { TrustPolicy } from '../trust/policy.ts';
import type { FileLists } from './file-lists.ts';
import type { Installation, Installer, SystemFacts, TreeRules } from './install.ts';

/** What an index's bytes are read with. */
export interface IndexInput {
  readonly bytes: Uint8Array;
  /** Detached signature (`core.db.sig`); undefined where none was found or the format signs inside. */
  readonly signature?: Uint8Array;
  readonly policy: TrustPolicy;
  /** For error messages: URL or path. */
  readonly where: string;
}

export interface ArchiveInput {
  /** The archive's bytes in order, read once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly policy: TrustPolicy;
  readonly where: string;
  /** Detached signature (`.sig` file) when there is one. */
  readonly signature?: Uint8Array;
  /** The index entry the archive must match: size, checksum, name and version. */
  readonly expected?: IndexPackage;
}

/** Of bytes whose signature is not looked at. */
export type UnverifiedInput = Omit<ArchiveInput, 'policy' | 'signature'>;

/** Where in an archive neither its signature nor its checksum in an index covers the bytes. */
export interface Unsigned {
  /** Offset in the archive before which nothing is covered; 0: all is */
  readonly endsAt: number;
  /** The same offset in its tar */
  readonly tarEndsAt: number;
  readonly parts: readonly UnsignedPart[];
}

export interface RepositoryQuery {
  /** The user's word; `latest-stable`, `edge`, `v3.19` or `3.19`; Arch: `rolling` */
  readonly release: string;
  /** The distribution's architecture word. */
  readonly architecture: string;
  /** Base URLs or paths of mirrors in order; empty: the official ones. */
  readonly mirrors: readonly string[];
}

export interface SolveRequest {
  /** As the user wrote them: `git`, `git>2`, `git@edge`, `core/bash`. */
  readonly targets: readonly string[];
  readonly architecture: string;
  /** Names of the request's repositories by rank, for targets like `core/bash`. */
  readonly repositoryNames?: readonly string[];
  /** Arch alone: apk knows none of it. */
  readonly pacman?: PacmanOptions;
}

/** What `pacman -S --noconfirm` takes beyond its targets. */
export interface PacmanOptions {
  /** --ignore: globs of names that are chosen neither as a dependency nor as an upgrade; a target is installed all the same */
  readonly ignore?: readonly string[];
  /** --ignoregroup: the same by the groups of a package */
  readonly ignoreGroups?: readonly string[];
  /** --assume-installed: `name` or `name=version` */
  readonly assumeInstalled?: readonly string[];
  /** -d: the versions in requirements do not count; -dd: requirements do not */
  readonly skipDependencies?: 'versions' | 'all';
  /** As `pacman -Sp` lists: conflicts are not looked for */
  readonly skipConflicts?: boolean;
  /** --needed: a target that is installed in the same version is left alone */
  readonly needed?: boolean;
  /** -Su, which also replaces; -Suu goes back to older versions too */
  readonly upgrade?: 'newer' | 'downgrade';
  /** Yes to “remove the installed package that is in conflict?” (--ask=4) */
  readonly removeConflicting?: boolean;
  /** Yes to “skip the targets that cannot be had?” (--ask=16) */
  readonly skipUnresolvable?: boolean;
  /** No to “install the ignored target anyway?” (--ask=1) */
  readonly skipIgnored?: boolean;
}

/** What a base is asked for. */
export interface BaseQuery {
  readonly mode: 'minimal' | 'system';
  /** As `releaseOf` has it: `v3.19`, `edge`, `rolling` */
  readonly release: string;
  /** Whether the repositories of the request have a package of that name. */
  has(name: string): boolean;
}

/** What of a package a relation may be met by. */
export type Providing = Pick<IndexPackage, 'name' | 'version' | 'provides' | 'checksum'>;

/** A package that meets a relation. */
export interface Candidate {
  readonly package: CatalogPackage;
  /** What meets it: the package's name, or one of its provides as written */
  readonly by: string;
  /** Under that name; empty for a provide without version */
  readonly version: string;
  /** Whether the solver may choose it for the relation alone, without being asked for it by its own name. */
  readonly unasked: boolean;
}

/** A package family. Pure but for the bytes it is handed. */
export interface Distro {
  readonly id: DistroId;
  readonly defaults: {
    readonly release: string;
    /** Image defaults: Env PATH, and the shells to try for Cmd, best first (absolute paths). */
    readonly path: string;
    readonly shells: readonly string[];
    /** OCI `GOARCH[/variant]` → the distribution's word. */
    readonly architectures: Readonly<Record<string, string>>;
    /** The distribution's word → OCI's, where several words are one of OCI's; absent: `architectures` backwards. */
    readonly platforms?: Readonly<Record<string, string>>;
    /** What an archive's file name says: groups `name`, `version` and, where it has one, `architecture` */
    readonly archiveName: RegExp;
    /** Whether a package of one word is installed where another was asked for; absent: the same, and those for all. */
    takesArchitecture?(wanted: string, of: string): boolean;
    /** File name endings of archives: `.apk`; `.pkg.tar.zst`… */
    readonly archiveSuffixes: readonly string[];
    /** The package that carries the distribution's signing keys: `alpine-keys`, `archlinux-keyring`. */
    readonly keysPackage: string;
    /** The package of the package manager itself: `apk-tools`, `pacman`. */
    readonly managerPackage: string;
    /** Solvers that can be chosen in place of the release's own. */
    readonly solvers: readonly SolverName[];
    /** Whether a path inside the keys package is key material. */
    isKeyFile(path: string): boolean;
    /** Indexes and archives may have a detached signature beside them, `<file>.sig`. */
    readonly detachedSignatures: boolean;
  };
  /** The repositories the distribution itself would use: main and community; core and extra. */
  repositories(query: RepositoryQuery): readonly RepositorySpec[];
  /**
   * Reads the lines of the distribution's own lists one after another, each as the repositories that it names; absent: a line
   * is one. @throws AppError USAGE, UNSUPPORTED
   */
  repositoryLines?(query: RepositoryQuery): (line: string) => readonly string[];
  /** A repository the user names: a URL, a folder, or what repositoryLines made of a line. */
  repository(line: string, query: RepositoryQuery): RepositorySpec;
  /** Parses and verifies. @throws AppError BAD_INDEX, SIGNATURE, UNTRUSTED_KEY, UNSUPPORTED */
  readIndex(input: IndexInput): Promise<RepositoryIndex>;
  /** The release an index is of, where the request said `latest-stable`; else the request's own word. */
  releaseOf(index: RepositoryIndex, spec: RepositorySpec): string;
  /** The family as the package manager of such a system does it, or as `solver` says; absent: all do alike. */
  forSystem?(system: SystemFacts, solver: SolverName | undefined): Distro;
  /** What is not known of such a system, and what it is taken for instead; undefined: all is known. */
  unknownOf?(system: SystemFacts): string | undefined;
  /** Repositories' own lists of what their packages ship; undefined where there are none. */
  readonly fileLists?: FileLists;
  /** One streaming pass. @throws AppError BAD_ARCHIVE, INTEGRITY, SIGNATURE, UNTRUSTED_KEY, UNSUPPORTED, LIMIT */
  readArchive(input: ArchiveInput): Promise<ReadFacts>;
  /** The same without a look at signatures; `signedBy` is empty. For who judges by something else. @throws AppError BAD_ARCHIVE, INTEGRITY, UNSUPPORTED, LIMIT */
  readUnverified(input: UnverifiedInput): Promise<ReadFacts>;
  /** What of an archive nothing vouches for, whoever signed it. */
  unsigned(facts: ReadFacts): Unsigned;
  /** Negative, zero or positive, as the real tool orders them. */
  compareVersions(a: string, b: string): number;
  solve(request: SolveRequest, source: PackageSource): SolveResult;
  /** By what a package meets a relation, as in Candidate; undefined: not at all. Nothing meets a conflict, `!name`. */
  satisfies(relation: string, provider: Providing): string | undefined;
  /** The packages that meet a relation, in the order in which the solver would take them, all else being equal. */
  providersOf(relation: string, source: PackageSource): readonly Candidate[];
  /** The index entry that a bare archive would have: for folders without an index. */
  describe(facts: ArchiveFacts, fileName: string): IndexPackage;
  /** Names that make an image a system that one can enter, beside what is asked for (`--base`). */
  base(query: BaseQuery): readonly string[];
  /** How the real tool lays files down */
  readonly tree: TreeRules;
  /** One installation's way: see install.ts */
  installer(installation: Installation): Installer;
}
