import type { DiffId, Digest } from './digest.ts';
import type { FileEntries } from './file-entries.ts';
import type { DistroId } from './package.ts';

/** A gzip member, zstd frame or xz stream of an archive. */
export interface ArchiveSegment {
  /** Byte range in the archive */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Byte range it decompresses to */
  readonly uncompressedOffset: number;
  readonly uncompressedSizeBytes: number;
}

/** Compression of a whole archive or layer. */
export type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'none';

/** A package's script as it stands in the archive: apk `.post-install`…, pacman `.INSTALL`. */
export interface PackageScript {
  /** Name without the leading dot: `pre-install`, `post-install`, `trigger`, `INSTALL` */
  readonly name: string;
  /** base64 */
  readonly content: string;
}

/** A shared library as ldconfig(8) reads it. */
export interface SharedLibrary {
  /** ELF class */
  readonly bits: 32 | 64;
  /** ELF `e_machine`: 62 is x86-64 */
  readonly machine: number;
  /** DT_SONAME; null if there is none */
  readonly soname: string | null;
  /** Depends on libc, libm or the dynamic linker under the names of glibc 2 */
  readonly libc6: boolean;
  /** NT_GNU_ABI_TAG: `system << 24 | major << 16 | minor << 8 | patch`; 0 if there is none */
  readonly osVersion: number;
  /** Highest bit of GNU_PROPERTY_X86_ISA_1_NEEDED; 0 if there is none */
  readonly isaLevel: number;
}

/** Libraries and cache generators of a package, by lower-case hex SHA-256 of the files' contents. */
export interface LinkerFacts {
  /** Null: not a shared library. Absent: the file's name is not a library's, or the file is not known */
  readonly libraries: Readonly<Record<string, SharedLibrary | null>>;
  /** Programs called `ldconfig`: the name that they write into caches; empty if none */
  readonly generators: Readonly<Record<string, string>>;
}

/** An entry before the control member of an apk, which no signature covers. */
export interface SignatureEntry {
  /** `.SIGN.<scheme>.<key>` */
  readonly path: string;
  /** `RSA`, `RSA256`…; empty if the name has another form */
  readonly scheme: string;
  /** File name of the key; empty if the name has another form */
  readonly key: string;
  /** A key of the trust policy made this signature over this archive */
  readonly verified: boolean;
  /** Byte range of the content in the uncompressed tar */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Facts about an archive that the composer needs, so that it does not have to read the bytes again. */
export interface ArchiveFacts {
  readonly distro: DistroId;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: DiffId;
  readonly uncompressedSizeBytes: number;
  readonly compression: Compression;
  readonly segments: readonly ArchiveSegment[];
  /**
   * Why the archive cannot be a layer unchanged, one of a few fixed phrases: `a stray zero block between entries`. Undefined if
   * it can.
   */
  readonly layerProblem: string | undefined;
  /** Identity that its index entry has too: apk `Q1…` of the control member; Arch: hex SHA-256 of the archive. */
  readonly identity: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** `.PKGINFO` as read: key → values in order */
  readonly info: Readonly<Record<string, readonly string[]>>;
  readonly scripts: readonly PackageScript[];
  /**
   * Contents that are kept with the facts, base64 by path: root members for the installed database (`.MTREE`, `.BUILDINFO`,
   * `.PKGINFO`), and the small files of the package that decide what an install does: users, hooks, applet lists.
   */
  readonly rootMembers: Readonly<Record<string, string>>;
  readonly files: FileEntries;
  /** Lower-case hex MD5 of the files that `.PKGINFO` lists as `backup` (Arch) */
  readonly backupMd5: Readonly<Record<string, string>>;
  /** Absent: the distribution does not need them */
  readonly linker?: LinkerFacts;
  /** Key name or fingerprint whose signature over this archive was verified; empty if it was accepted without one. */
  readonly signedBy: string;
}

/** Facts with those that only a reader of the bytes knows; the catalog does not keep them. */
export interface ReadFacts extends ArchiveFacts {
  /** Entries before the control member of an apk, in order; absent for other formats */
  readonly signatures?: readonly SignatureEntry[];
}
