import type { ArchiveFacts, ReadFacts } from '../model/archive.ts';
import type { DistroId, IndexPackage } from '../model/package.ts';
import type { ReleaseClues, RepositoryIndex, RepositorySpec } from '../model/repository.ts';
import type { UnsignedPart } from '../model/verify-report.ts';
import type { ArchiveNames } from './family.ts';
import type { FileLists } from './file-lists.ts';
import type { ArchiveInput, IndexInput, UnverifiedInput } from './inputs.ts';
import type { Install, SystemFacts } from './install.ts';
import type { Keys } from './keys.ts';
import type { Resolver } from './resolver.ts';

/**
 * The code of a package family, by which its packages are indexed, solved, composed and verified. No facet has more than six
 * members. Reads nothing but the bytes and files that it is given.
 */
export interface Distro {
  readonly id: DistroId;
  readonly architectures: Architectures;
  readonly releases: Releases;
  readonly repositories: Repositories;
  readonly archives: Archives;
  readonly resolver: Resolver;
  readonly install: Install;
  readonly keys: Keys;
}

/** The family's words for architectures. */
export interface Architectures {
  /** OCI's `GOARCH[/variant]` → the family's word */
  readonly words: Readonly<Record<string, string>>;
  /** The family's word → OCI's, if several words have the same OCI name; undefined: the inverse of `words` */
  readonly platforms?: Readonly<Record<string, string>>;
  /** Returns whether a package of architecture `of` can be installed on a system of architecture `wanted`. */
  takes(wanted: string, of: string): boolean;
  /** Returns whether the word means all architectures: `noarch`, `any`. */
  isAny(word: string): boolean;
}

/** Releases of the distribution, and the one that a repository belongs to. */
export interface Releases {
  /** Release of a request that names none: `latest-stable`, `rolling` */
  readonly default: string;
  /** Package of the package manager, whose version decides how a system behaves: `apk-tools`, `pacman` */
  readonly managerPackage: string;
  /** Returns the release that an index belongs to if the request has the default release; otherwise the request's release. */
  of(clues: ReleaseClues, spec: RepositorySpec): string;
  /** Returns a sentence that says what is unknown about such a system and how it is treated; undefined: everything is known. */
  unknown?(system: SystemFacts): string | undefined;
}

/** Source of the packages of a request. */
export interface RepositoryQuery {
  /** The user's word; Alpine: `latest-stable`, `edge`, `v3.19` or `3.19`; Arch: `rolling`; empty: none */
  readonly release: string;
  /** The family's architecture word */
  readonly architecture: string;
  /** Base URLs or paths of mirrors in order; empty: the official ones */
  readonly mirrors: readonly string[];
}

/** Repositories of the distribution: their addresses and indexes. */
export interface Repositories {
  /** Returns the distribution's default repositories: main and community; core and extra. @throws AppError USAGE */
  official(query: RepositoryQuery): readonly RepositorySpec[];
  /** Parses a repository that the user names: a URL, a folder, or a result of `lines`. @throws AppError USAGE, UNSUPPORTED */
  parse(line: string, query: RepositoryQuery): RepositorySpec;
  /**
   * Returns a reader of the distribution's lists of repositories: called with one line after another, it returns the repositories
   * that each names. Undefined: each line is one repository. @throws AppError USAGE, UNSUPPORTED
   */
  lines?(query: RepositoryQuery): (line: string) => readonly string[];
  /** Verifies an index, and parses it while it is read. @throws AppError BAD_INDEX, LIMIT, SIGNATURE, UNTRUSTED_KEY, UNSUPPORTED */
  readIndex(input: IndexInput): Promise<RepositoryIndex>;
  /** Lists of files in packages that repositories publish; undefined: they do not */
  readonly fileLists?: FileLists;
  readonly layout: MirrorLayout;
}

/** Layout of the distribution's mirrors, for copies of them and for hints. */
export interface MirrorLayout {
  /** Returns a repository's folder below a mirror's release: `main/x86_64`, `core/os/x86_64`. */
  folder(spec: Pick<RepositorySpec, 'name' | 'architecture'>): string;
  /** Returns the places of the index in a folder that `--repo` names, for messages: `x86_64/APKINDEX.tar.gz`. */
  indexPlaces(spec: Pick<RepositorySpec, 'architecture' | 'indexNames'>): string;
  /** Description of the folder that `--mirror` names: `the folder above core and extra` */
  readonly root: string;
  /**
   * Returns the release at the end of a mirror's URL, which should be in --release instead; undefined if there is none. Absent:
   * releases have no folders.
   */
  releaseAtEnd?(mirror: string): string | undefined;
  /** Command that makes an index: `apk index`, `repo-add` */
  readonly indexTool: string;
}

/** Package files of the family. */
export interface Archives {
  readonly names: ArchiveNames;
  /**
   * Reads and verifies an archive in one streaming pass. @throws AppError BAD_ARCHIVE, INTEGRITY, SIGNATURE, UNTRUSTED_KEY,
   * UNSUPPORTED, LIMIT
   */
  read(input: ArchiveInput): Promise<ReadFacts>;
  /**
   * Reads an archive without verifying signatures (`signedBy` is empty), for callers that verify it by other means.
   * @throws AppError BAD_ARCHIVE, INTEGRITY, UNSUPPORTED, LIMIT
   */
  readUnverified(input: UnverifiedInput): Promise<ReadFacts>;
  /** Returns the parts of an archive that neither a signature nor a checksum covers. */
  unsigned(facts: ReadFacts): Unsigned;
  /** Returns the index entry that an index of the archive would have, for folders without an index. */
  describe(facts: ArchiveFacts, fileName: string): IndexPackage;
  readonly metadata: ArchiveMetadata;
}

/** Metadata in an archive that became a layer. */
export interface ArchiveMetadata {
  /** Root member that names the package: `.PKGINFO` */
  readonly member: string;
  /** Returns whether such a member is this family's. */
  isOwn(content: Uint8Array): boolean;
  /** Returns the package's name and version, unverified. @throws AppError BAD_ARCHIVE, LIMIT when the member is malformed */
  read(content: Uint8Array, where: string): { readonly name: string; readonly version: string };
  /** Returns whether a root member is a signature, which no signature covers. Absent: archives do not contain signatures. */
  isSignature?(path: string): boolean;
}

/** Bytes of an archive that neither its signature nor its checksum in an index covers. */
export interface Unsigned {
  /** Offset in the archive before which nothing is covered; 0: everything is covered */
  readonly endsAt: number;
  /** The same offset in its tar */
  readonly tarEndsAt: number;
  readonly parts: readonly UnsignedPart[];
}
