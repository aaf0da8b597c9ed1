import type { Compression } from '../model/archive.ts';
import type { DistroId } from '../model/package.ts';
import type { Distro } from './distro.ts';

/** Properties of a package family that are known without loading its code, and a function that loads it. */
export interface Family {
  /** Name in `--distro`, in annotations and in the catalog: lower-case letters and digits */
  readonly id: DistroId;
  /** Command of the package manager, for messages: `apk`, `pacman` */
  readonly tool: string;
  /** Type of its package URLs (purl-spec, PURL-TYPES): `apk`, `alpm` */
  readonly purlType: string;
  /** Values of `--release` that completion offers, the default first */
  readonly releases: readonly [string, ...string[]];
  /** Other words that are releases; undefined: there are none */
  readonly releasePattern?: RegExp;
  /** Values of `--solver`; empty: the family has a single solver */
  readonly solvers: readonly string[];
  readonly archiveNames: ArchiveNames;
  /** Loads the family's code. */
  load(): Promise<Distro>;
}

/** File names of archives in a repository. */
export interface ArchiveNames {
  /** Suffixes of file names: `.apk`; `.pkg.tar.zst`… */
  readonly suffixes: readonly string[];
  /** Parses a file name; undefined if it is not an archive's. */
  read(fileName: string): NamedArchive | undefined;
  /** Returns the file name of a package in a repository, which may depend on the archive's compression. */
  write(archive: NamedArchive & { readonly architecture: string }, compression: Compression): string;
}

/** A package as an archive's file name describes it. */
export interface NamedArchive {
  readonly name: string;
  readonly version: string;
  /** Undefined: the family's file names do not contain it */
  readonly architecture?: string | undefined;
}
