import type { ArchiveFacts, ReadFacts } from '../model/archive.ts';
import type { DistroId, IndexPackage } from '../model/package.ts';
import type { RepositoryIndex, RepositorySpec } from '../model/repository.ts';
import type { UnsignedPart } from '../model/verify-report.ts';
import type { ArchiveNames } from './family.ts';
import type { FileLists } from './file-lists.ts';
import type { ArchiveInput, IndexInput, UnverifiedInput } from './inputs.ts';
import type { Install, SystemFacts } from './install.ts';
import type { Keys } from './keys.ts';
import type { Resolver } from './resolver.ts';

/**
 * The code of a package family: what it gives to have its packages indexed, solved, composed and verified. No facet has more than
 * six members. Pure but for the bytes and files it is handed.
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
  /** OCI `GOARCH[/variant]` → the family's word */
  readonly words: Readonly<Record<string, string>>;
  /** The family's word → OCI's, where several words are one of OCI's; undefined: `words` backwards */
  readonly platforms?: Readonly<Record<string, string>>;
  /** Whether a package of the word `of` is installed on a system of the word `wanted`. */
  takes(wanted: string, of: string): boolean;
  /** Whether the word stands for packages of every architecture: `noarch`, `any`. */
  isAny(word: string): boolean;
}

/** Which release a repository is of, and what is known of it. */
export interface Releases {
  /** The release of a request that names none: `latest-stable`, `rolling` */
  readonly default: string;
  /** The package of the package manager itself, whose version says how a system behaves: `apk-tools`, `pacman` */
  readonly managerPackage: string;
  /** Returns the release an index is of, where the request said the default; else the request's own word. */
  of(index: RepositoryIndex, spec: RepositorySpec): string;
  /** Returns a sentence on what is not known of such a system and what it is taken for; undefined: all is known. */
  unknown?(system: SystemFacts): string | undefined;
}

/** What a request says about where packages come from. */
export interface RepositoryQuery {
  /** The user's word; `latest-stable`, `edge`, `v3.19` or `3.19`; Arch: `rolling` */
  readonly release: string;
  /** The family's architecture word */
  readonly architecture: string;
  /** Base URLs or paths of mirrors in order; empty: the official ones */
  readonly mirrors: readonly string[];
}

/** Where packages come from. */
export interface Repositories {
  /** Returns the repositories that the distribution itself would use: main and community; core and extra. @throws AppError USAGE */
  official(query: RepositoryQuery): readonly RepositorySpec[];
  /** Reads a repository the user names: a URL, a folder, or what `lines` made of a line. @throws AppError USAGE, UNSUPPORTED */
  parse(line: string, query: RepositoryQuery): RepositorySpec;
  /**
   * Returns a reader of the lines of the distribution's own lists, one after another, each as the repositories that it names;
   * undefined: a line is one repository. @throws AppError USAGE, UNSUPPORTED
   */
  lines?(query: RepositoryQuery): (line: string) => readonly string[];
  /** Parses and verifies an index. @throws AppError BAD_INDEX, SIGNATURE, UNTRUSTED_KEY, UNSUPPORTED */
  readIndex(input: IndexInput): Promise<RepositoryIndex>;
  /** Repositories' own lists of the files in their packages; undefined: they have none */
  readonly fileLists?: FileLists;
  readonly layout: MirrorLayout;
}

/** How the distribution's mirrors are laid out, for copies of them and for hints. */
export interface MirrorLayout {
  /** Returns a repository's folder below a release of a mirror: `main/x86_64`, `core/os/x86_64`. */
  folder(spec: Pick<RepositorySpec, 'name' | 'architecture'>): string;
  /** Returns what the folder that `--repo` names has in it: `x86_64/APKINDEX.tar.gz`. */
  indexPlaces(spec: Pick<RepositorySpec, 'architecture' | 'indexNames'>): string;
  /** What `--mirror` names, as the end of a sentence: `the folder above core and extra` */
  readonly root: string;
  /** Returns the release in whose folder a mirror's URL ends, which belongs in --release; undefined: releases have no folders. */
  releaseAtEnd?(mirror: string): string | undefined;
  /** The command that makes an index: `apk index`, `repo-add` */
  readonly indexTool: string;
}

/** Package files. */
export interface Archives {
  readonly names: ArchiveNames;
  /** Reads and verifies in one streaming pass. @throws AppError BAD_ARCHIVE, INTEGRITY, SIGNATURE, UNTRUSTED_KEY, UNSUPPORTED, LIMIT */
  read(input: ArchiveInput): Promise<ReadFacts>;
  /**
   * Reads without a look at signatures (`signedBy` is empty), for callers that judge by something else.
   * @throws AppError BAD_ARCHIVE, INTEGRITY, UNSUPPORTED, LIMIT
   */
  readUnverified(input: UnverifiedInput): Promise<ReadFacts>;
  /** Returns the bytes that nothing vouches for, whoever signed the archive. */
  unsigned(facts: ReadFacts): Unsigned;
  /** Returns the index entry that a bare archive would have: for folders without an index. */
  describe(facts: ArchiveFacts, fileName: string): IndexPackage;
  readonly metadata: ArchiveMetadata;
}

/** What an archive that became a layer says of itself. */
export interface ArchiveMetadata {
  /** The root member that names the package: `.PKGINFO` */
  readonly member: string;
  /** Whether such a member is this family's. */
  isOwn(content: Uint8Array): boolean;
  /** Returns what it says, which nobody vouches for. @throws AppError BAD_ARCHIVE, LIMIT when it is malformed */
  read(content: Uint8Array, where: string): { readonly name: string; readonly version: string };
  /** Whether a root member is a signature, which no signature covers. Undefined: signatures are never inside. */
  isSignature?(path: string): boolean;
}

/** Where in an archive neither its signature nor its checksum in an index covers the bytes. */
export interface Unsigned {
  /** Offset in the archive before which nothing is covered; 0: all is covered */
  readonly endsAt: number;
  /** The same offset in its tar */
  readonly tarEndsAt: number;
  readonly parts: readonly UnsignedPart[];
}
