import type { ArchiveFacts, FileEntry } from '../model/archive.ts';
import type { IndexPackage } from '../model/package.ts';
import type { InstallMode } from '../model/request.ts';

/** How packages become a root filesystem, and what a root shows of them. */
export interface Install {
  readonly environment: Environment;
  /** Returns names that make an image a system that one can enter, beside what is asked for (`--base`). */
  base(query: BaseQuery): readonly string[];
  /** How the real tool lays files down */
  readonly tree: TreeRules;
  /** Returns the way of one installation. */
  installer(installation: Installation): Installer;
  /**
   * Returns what the package manager still does of an install's steps where no package ships the shell that they need;
   * undefined: it ends with an error. Steps as in InstallerResult.pendingSteps.
   */
  withoutShell?(steps: readonly string[]): RemainingSteps;
  readonly database: PackageDatabase;
}

/** Defaults of an image's configuration. */
export interface Environment {
  /** Env PATH */
  readonly path: string;
  /** Shells to try for Cmd, best first (absolute paths) */
  readonly shells: readonly string[];
}

/** What `--base` is asked for. */
export interface BaseQuery {
  readonly mode: 'minimal' | 'system';
  /** As Releases.of has it: `v3.19`, `edge`, `rolling` */
  readonly release: string;
  /** Whether the repositories of the request have a package of that name. */
  has(name: string): boolean;
}

/** An install without a shell. */
export interface RemainingSteps {
  /** Steps that cannot run */
  readonly skipped: readonly string[];
  /** A command that runs the others; undefined: there are none */
  readonly command: readonly string[] | undefined;
}

/** The package manager's own files in a root. Paths have no leading slash and are those below a prefix, if there is one. */
export interface PackageDatabase {
  /** Whether the path is state of the package manager: its database, its lists of repositories and keys. */
  isState(path: string): boolean;
  /** Whether the file lists installed packages; the path may be below any folder. */
  isList(path: string): boolean;
  /** Returns the packages that such a file lists, at most `most`. Nothing here is trusted, and nothing is thrown. */
  read(path: string, content: Buffer, most: number): readonly ListedPackage[];
}

/** A package as an image's database names it. */
export interface ListedPackage {
  readonly name: string;
  readonly version: string;
  /** The family's word; empty: not said */
  readonly architecture: string;
}

/** A package of the image, in the order the real tool installs them. */
export interface InstalledPackage {
  readonly facts: ArchiveFacts;
  readonly reason: 'explicit' | 'dependency';
  /** The repository's index has a checksum of the archive, and the bytes were compared with it. Absent: it has. */
  readonly listed?: boolean;
  /** What the repository says of it; absent: the archive stands alone */
  readonly index?: {
    readonly entry: IndexPackage;
    /** apk's `@tag` of the repository, without `@`; empty: none */
    readonly tag: string;
  };
}

/** Permissions of a directory: what two packages that ship it may disagree on. */
export interface DirectoryOwnership {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Where the real tools differ when they lay files down. */
export interface TreeRules {
  /** True for root members that are never installed: `.PKGINFO`, `.SIGN.*`, `.MTREE`… */
  isMetadata(entry: Pick<FileEntry, 'path' | 'type'>): boolean;
  /** False for a package that the tool installs without opening it. Absent: none is. */
  isUnpacked?(installed: InstalledPackage): boolean;
  /** True for an entry that the tool passes over although it is no metadata. Absent: none is. */
  passesOver?(facts: ArchiveFacts, entry: FileEntry): boolean;
  /** True: an entry whose folder is not there is refused; else missing folders are made (0755, root). */
  readonly needsParents?: boolean;
  /** True: where `needsParents`, a directory's missing parents are made all the same. */
  readonly makesParents?: boolean;
  /** True: a package owns the path that its archive lists; else the place where that path leads. */
  readonly ownsListedPaths?: boolean;
  /**
   * True: an entry below a symlink makes a directory in the symlink's place, and a directory over one is a clash.
   * Else both go where the symlink leads.
   */
  readonly replacesSymlinks?: boolean;
  /**
   * The directory's permissions after a second package ships it too. Not asked for one that a symlink leads to, nor for
   * one that no package made and that had other permissions: those stay.
   */
  mergeDirectory(current: DirectoryOwnership, next: DirectoryOwnership): DirectoryOwnership;
  /**
   * In place of mergeDirectory: whether the later package's permissions count from now on, as they are. A directory that no
   * package made keeps its own for good.
   */
  winsDirectory?(later: InstalledPackage, owner: InstalledPackage): boolean;
  /** Which of several entries of one package for the same directory says its permissions. Absent: the first */
  readonly repeatedDirectory?: 'first' | 'last';
  /** What mkdir(2) makes of a directory's mode; absent: the mode. */
  newDirectoryMode?(mode: number): number;
  /**
   * A package's file where a file is already: it takes the place, leaves it to the earlier package, is refused, or
   * becomes the package's without being written: what is there is kept, with the package's beside it or without.
   * Where the two are the same, `beside` writes the package's file in place.
   */
  decideClash(clash: Clash): 'earlier' | 'later' | 'refuse' | 'keep' | { readonly beside: string };
}

export interface Clash {
  /** The real place */
  readonly path: string;
  readonly entry: FileEntry;
  readonly later: InstalledPackage;
  readonly existing: RootEntry;
  /** Undefined: what is there is no package's, or not by this path. */
  readonly earlier: { readonly installed: InstalledPackage; readonly entry: FileEntry } | undefined;
}

/** What a system made of the repositories is: some of its package manager's habits changed from release to release. */
export interface SystemFacts {
  /** The distribution's word: `v3.19`, `edge`, `rolling`; `latest-stable` or empty where nothing says it */
  readonly release: string;
  /** The newest version of the package manager that the repositories have; empty: none */
  readonly packageManager: string;
}

/** What decides an installed root, apart from the packages' files. */
export interface Installation {
  /** In install order */
  readonly packages: readonly InstalledPackage[];
  /** As the user wrote them: `git`, `git>2`, `core/bash` */
  readonly targets: readonly string[];
  /** The distribution's word: `x86_64`, `aarch64` */
  readonly architecture: string;
  readonly system: SystemFacts;
  /** The distribution's own repositories, which the installed system goes on using; empty when the user named others */
  readonly repositories: readonly string[];
  readonly keys: readonly { readonly name: string; readonly content: Uint8Array }[];
  /** `run` lays down what `deferred` does: its scripts run afterwards. */
  readonly mode: InstallMode;
  /** False: packages' scripts, triggers and hooks never run, and nothing below `/.pkg` is left to run them. */
  readonly scripts: boolean;
  /** False: the package manager's database is left out. */
  readonly database: boolean;
  /** Seconds since the epoch: install date, mtime of what is generated */
  readonly time: number;
}

/** What a path of the root is. */
export interface RootEntry {
  readonly type: Exclude<FileEntry['type'], 'hardlink'>;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly sizeBytes: number;
  readonly linkTarget: string;
  /** Lower-case hex; of files alone */
  readonly sha256: string;
}

/** Something that no archive contains. Unless said: owned by root, mtime the installation's time. */
export type NewEntry = { readonly uid?: number; readonly gid?: number; readonly mtime?: number } & (
  | { readonly type: 'file'; readonly mode: number; readonly content: Uint8Array }
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'symlink'; readonly linkTarget: string }
  | {
      readonly type: 'character';
      readonly mode: number;
      readonly deviceMajor: number;
      readonly deviceMinor: number;
    }
);

/**
 * The root while packages are laid down. Paths have no leading slash; symlinks of parents are followed and never lead
 * out; the last part's is followed by `read` and `list` alone.
 */
export interface Root {
  stat(path: string): RootEntry | undefined;
  /** Undefined: no such file, or a content that the facts do not keep (ArchiveFacts.rootMembers). */
  read(path: string): Uint8Array | undefined;
  /** Names in a directory, sorted; none where there is no directory. */
  list(path: string): readonly string[];
  /** In place of what was there; missing parents are made (0755, root). */
  put(path: string, entry: NewEntry): void;
  /** Whether the file at this path has other names: hard links. */
  hasOtherNames(path: string): boolean;
  /** Gives a file that is there another name, in place of what was there: link(2). */
  link(existing: string, path: string): void;
  /** No effect where nothing is. Hard links of the file change too. */
  change(path: string, attributes: Partial<DirectoryOwnership>): void;
  /** With everything below. */
  remove(path: string): void;
}

/**
 * One installation's way, in the order of the calls: `begin`; for each package `before`, its files (`owner` asked for
 * each), `after`; `end`. May keep state between the calls.
 */
export interface Installer {
  /** Where this installation differs from its family's TreeRules */
  readonly rules?: Partial<TreeRules>;
  /** What the tool makes in an empty root. */
  begin(root: Root): void;
  before(installed: InstalledPackage, root: Root): void;
  /** Numeric ids of an entry, which may have names: `uname`, `gname`. */
  owner(entry: FileEntry, root: Root): { readonly uid: number; readonly gid: number };
  after(installed: InstalledPackage, root: Root): void;
  /**
   * Triggers, the database, and below `/.pkg` what finishes the install. `owned`: the package's entries, without
   * metadata, that no other package's file took the place of, in archive order.
   */
  end(root: Root, owned: (installed: InstalledPackage) => readonly FileEntry[]): InstallerResult;
}

/** A file to be put in the root, owned by root. */
export interface GeneratedFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

export interface InstallerResult {
  /** Steps that `/.pkg/install.sh` still has to run, in order: `busybox-1.36.1-r15.trigger`, `hook 30-x.hook` */
  readonly pendingSteps: readonly string[];
  /** Steps whose whole effect is in the tree already */
  readonly appliedSteps: readonly string[];
}
