import type { Compression } from '../model/archive.ts';
import type { DistroId } from '../model/package.ts';
import type { Distro } from './distro.ts';

/** What is known of a package family without loading its code: names, endings, and how the code is loaded. */
export interface Family {
  /** The word of `--distro`, of annotations and of the catalog: lower-case letters and digits */
  readonly id: DistroId;
  /** The package manager's command, for messages: `apk`, `pacman` */
  readonly tool: string;
  /** Type of its package URLs (purl-spec, PURL-TYPES): `apk`, `alpm` */
  readonly purlType: string;
  /** Words of `--release` that completion offers, the default first */
  readonly releases: readonly [string, ...string[]];
  /** Words of `--solver`; empty: the family has one solver */
  readonly solvers: readonly string[];
  readonly archiveNames: ArchiveNames;
  /** Imports the family's code. */
  load(): Promise<Distro>;
}

/** How archives are called in a repository. */
export interface ArchiveNames {
  /** Endings of file names: `.apk`; `.pkg.tar.zst`… */
  readonly suffixes: readonly string[];
  /** Returns what a file name says of its package; undefined when it is not formed like one. */
  read(fileName: string): NamedArchive | undefined;
  /** Returns the file name that repositories give a package whose archive is compressed like this. */
  write(archive: NamedArchive & { readonly architecture: string }, compression: Compression): string;
}

export interface NamedArchive {
  readonly name: string;
  readonly version: string;
  /** Undefined: file names of the family do not say it */
  readonly architecture?: string | undefined;
}
