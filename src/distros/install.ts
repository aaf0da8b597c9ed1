import type { ArchiveFacts } from '../model/archive.ts';
import type { FileEntry } from '../model/file-entry.ts';
import type { IndexPackage } from '../model/package.ts';
import type { InstallMode } from '../model/request.ts';

/** Installation of packages into a root file system, and their traces in a root. */
export interface Install {
  readonly environment: Environment;
  /** Returns the names of packages that `--base` adds to a request. */
  base(query: BaseQuery): readonly string[];
  /** Rules by which the real tool lays files down */
  readonly tree: TreeRules;
  /** Loads the code that only an installation needs, and returns the installer for one. */
  installer(installation: Installation): Promise<Installer>;
  /**
   * Returns the steps that the package manager can still do if no package ships the shell that steps need; absent: the install
   * fails then.
   * @param steps pendingSteps of InstallerResult
   */
  withoutShell?(steps: readonly string[]): RemainingSteps;
  readonly database: PackageDatabase;
}

/** Defaults for an image's configuration. */
export interface Environment {
  /** Value of PATH in Env */
  readonly path: string;
  /** Absolute paths of shells to try for Cmd, best first */
  readonly shells: readonly string[];
}

/** Input for `--base`. */
export interface BaseQuery {
  readonly mode: 'minimal' | 'system';
  /** Release as Releases.of returns it: `v3.19`, `edge`, `rolling` */
  readonly release: string;
  /** Returns whether the request's repositories have a package of that name. */
  has(name: string): boolean;
}

/** Steps of an install without a shell. */
export interface RemainingSteps {
  /** Steps that cannot run */
  readonly skipped: readonly string[];
  /** Command that runs the other steps; undefined: there are none */
  readonly command: readonly string[] | undefined;
}

/** The package manager's own files in a root. Paths have no leading slash, and are relative to a prefix if there is one. */
export interface PackageDatabase {
  /** Returns whether the path belongs to the package manager's state: its database, its lists of repositories, its keys. */
  isState(path: string): boolean;
  /** Returns whether the file lists installed packages; the path may be below any folder. */
  isList(path: string): boolean;
  /** Returns the packages that such a file lists, at most `most`. The content is not trusted; never throws. */
  read(path: string, content: Buffer, most: number): readonly ListedPackage[];
}

/** A package in an image's database. */
export interface ListedPackage {
  readonly name: string;
  readonly version: string;
  /** The family's word; empty: unknown */
  readonly architecture: string;
}

/** A package that is installed into an image. */
export interface InstalledPackage {
  readonly facts: ArchiveFacts;
  readonly reason: 'explicit' | 'dependency';
  /** Whether the archive was compared with a checksum in the repository's index; absent: it was */
  readonly listed?: boolean;
  /** Entry in the repository's index; absent: the archive is not from a repository */
  readonly index?: {
    readonly entry: IndexPackage;
    /** Tag of the repository (apk's `@tag`), without `@`; empty: none */
    readonly tag: string;
  };
}

/** Permissions of a directory, in which two packages that ship it may differ. */
export interface DirectoryOwnership {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Rules in which real tools differ when they lay files down. */
export interface TreeRules {
  /** Returns whether an entry is a root member that is never installed: `.PKGINFO`, `.SIGN.*`, `.MTREE`… */
  isMetadata(entry: Pick<FileEntry, 'path' | 'type'>): boolean;
  /** Returns false for a package that the tool installs without unpacking it. Absent: all are unpacked. */
  isUnpacked?(installed: InstalledPackage): boolean;
  /** Returns whether the tool skips an entry that is not metadata. Absent: it skips none. */
  passesOver?(facts: ArchiveFacts, entry: Pick<FileEntry, 'path' | 'type'>): boolean;
  /** True: an entry is refused if its folder does not exist; otherwise missing folders are made (0755, root) */
  readonly needsParents?: boolean;
  /** True: despite `needsParents`, missing parents of a directory are made */
  readonly makesParents?: boolean;
  /** True: a package owns the path in its archive; otherwise the real path to which that leads */
  readonly ownsListedPaths?: boolean;
  /**
   * True: an entry below a symlink replaces the symlink by a directory, and a directory at a symlink's path is a clash. Otherwise
   * both go to the symlink's target.
   */
  readonly replacesSymlinks?: boolean;
  /**
   * Returns a directory's permissions after another package ships it too. Not called for the target of a symlink, nor for a
   * directory that no package made and that had other permissions: these stay.
   */
  mergeDirectory(current: DirectoryOwnership, next: DirectoryOwnership): DirectoryOwnership;
  /**
   * Replaces mergeDirectory: returns whether the later package's permissions count from now on, unchanged. A directory that no
   * package made keeps its own.
   */
  winsDirectory?(later: InstalledPackage, owner: InstalledPackage): boolean;
  /** The entry that decides a directory's permissions if a package has several for it; absent: the first */
  readonly repeatedDirectory?: 'first' | 'last';
  /** Returns the mode of a directory after mkdir(2); absent: unchanged. */
  newDirectoryMode?(mode: number): number;
  /**
   * Decides about a package's file at the path of an existing file. `later`: it replaces that one; `earlier`: the earlier package
   * keeps the path; `refuse`: the install fails; `keep`: the existing file becomes the package's; `beside`: the same, and the
   * package's file is written to that path, unless the two are equal: then it is written in place.
   */
  decideClash(clash: Clash): 'earlier' | 'later' | 'refuse' | 'keep' | { readonly beside: string };
}

/** A package's file at a path that another file already has. */
export interface Clash {
  /** Real path */
  readonly path: string;
  readonly entry: FileEntry;
  readonly later: InstalledPackage;
  readonly existing: RootEntry;
  /** Package and entry of the existing file; undefined: no package owns it, at least not by this path */
  readonly earlier: { readonly installed: InstalledPackage; readonly entry: FileEntry } | undefined;
}

/** Facts about a system made of the repositories, which decide how its package manager behaves. */
export interface SystemFacts {
  /** The distribution's word: `v3.19`, `edge`, `rolling`; `latest-stable` or empty: unknown */
  readonly release: string;
  /** Newest version of the package manager in the repositories; empty: none */
  readonly packageManager: string;
}

/** Everything that decides an installed root, apart from the packages' files. */
export interface Installation {
  /** In install order */
  readonly packages: readonly InstalledPackage[];
  /** Targets as the user wrote them: `git`, `git>2`, `core/bash` */
  readonly targets: readonly string[];
  /** The distribution's word: `x86_64`, `aarch64` */
  readonly architecture: string;
  readonly system: SystemFacts;
  /** The distribution's repositories, which the installed system will use; empty if the user named others */
  readonly repositories: readonly string[];
  readonly keys: readonly { readonly name: string; readonly content: Uint8Array }[];
  /** `run` lays down the same files as `deferred`; its scripts run afterwards. */
  readonly mode: InstallMode;
  /** False: scripts, triggers and hooks of packages never run, and there is no `/.pkg/install.sh` to run them */
  readonly scripts: boolean;
  /** False: without the package manager's database */
  readonly database: boolean;
  /** Install date and mtime of generated files, in seconds since the epoch */
  readonly time: number;
}

/** A file, directory or other entry of the root. */
export interface RootEntry {
  readonly type: Exclude<FileEntry['type'], 'hardlink'>;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly sizeBytes: number;
  readonly linkTarget: string;
  /** Lower-case hex; empty except for files */
  readonly sha256: string;
}

/** An entry that is not from an archive. By default, root owns it and its mtime is the installation's time. */
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
 * The root while packages are laid down. Paths have no leading slash. Symlinks in parents are followed and never lead out of the
 * root; a symlink in the last component is followed only by `read` and `list`.
 */
export interface Root {
  stat(path: string): RootEntry | undefined;
  /** Returns a file's content; undefined: no such file, or its content is not kept with the facts (ArchiveFacts.rootMembers). */
  read(path: string): Uint8Array | undefined;
  /** Returns the names in a directory, sorted; none if it does not exist. */
  list(path: string): readonly string[];
  /** Puts an entry in place of an existing one; missing parents are made (0755, root). */
  put(path: string, entry: NewEntry): void;
  /** Returns whether the file at this path has other names (hard links). */
  hasOtherNames(path: string): boolean;
  /** Gives an existing file another name, like link(2), in place of what is at that path. */
  link(existing: string, path: string): void;
  /** Changes owner or mode, for all hard links of a file. No effect if the path does not exist. */
  change(path: string, attributes: Partial<DirectoryOwnership>): void;
  /** Removes an entry with everything below it. */
  remove(path: string): void;
}

/**
 * An installer for one installation. Order of calls: `begin`; for each package `before`, its files (`owner` for each), `after`;
 * `end`. May keep state between calls.
 */
export interface Installer {
  /** Rules of this installation that differ from its family's */
  readonly rules?: Partial<TreeRules>;
  /** Makes what the tool makes in an empty root. */
  begin(root: Root): void;
  before(installed: InstalledPackage, root: Root): void;
  /**
   * Returns the numeric ids of an entry, which may have names: `uname`, `gname`. They depend on its names and numbers alone, and
   * do not change while a package is laid down.
   */
  owner(entry: FileEntry, root: Root): { readonly uid: number; readonly gid: number };
  after(installed: InstalledPackage, root: Root): void;
  /**
   * Runs triggers, writes the database, and writes the files below `/.pkg` that finish the install.
   * @param owned returns the indexes of a package's entries, without metadata, that no other package's file has replaced, in
   *   archive order
   */
  end(root: Root, owned: (installed: InstalledPackage) => readonly number[]): InstallerResult;
}

/** A file to put into the root, owned by root. */
export interface GeneratedFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

/** Steps of a finished installation, by name. */
export interface InstallerResult {
  /** Steps that `/.pkg/install.sh` has to run, in order: `busybox-1.36.1-r15.trigger`, `hook 30-x.hook` */
  readonly pendingSteps: readonly string[];
  /** Steps whose whole effect the tree has already */
  readonly appliedSteps: readonly string[];
}
