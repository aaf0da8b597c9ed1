import type { DiffId, Digest } from './digest.ts';
import type { DistroId } from './package.ts';

/** Type of a tar entry. */
export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

/**
 * One tar entry of a package archive, in archive order. Paths have no leading `./` or `/` and no trailing `/`;
 * bytes that are not UTF-8 are kept as lone surrogates (model/path-bytes.ts), so a path always round-trips.
 */
export interface FileEntry {
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky: 0o0000–0o7777 */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  /** Content bytes; 0 for everything but files */
  readonly sizeBytes: number;
  /** Seconds since the epoch, with the fraction of a pax `mtime` */
  readonly mtime: number;
  /** Symlink target as written; hard link: the path it links to, normalised like `path`; else empty */
  readonly linkTarget: string;
  /** Lower-case hex SHA-256 of the content; empty for everything but files */
  readonly sha256: string;
  /** Byte offset of the content in the uncompressed tar */
  readonly offset: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes by name (`security.capability`), values base64 */
  readonly xattrs: Readonly<Record<string, string>>;
  /** The entry's pax records in order, byte-exact: key, value base64. Global headers' records are included. */
  readonly pax: readonly (readonly [key: string, valueBase64: string])[];
}

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
  /** DT_SONAME; null: none */
  readonly soname: string | null;
  /** True when it names libc, libm or the dynamic linker by the names of glibc 2 */
  readonly libc6: boolean;
  /** NT_GNU_ABI_TAG: `system << 24 | major << 16 | minor << 8 | patch`; 0: none */
  readonly osVersion: number;
  /** Highest bit of GNU_PROPERTY_X86_ISA_1_NEEDED; 0 also where it is missing */
  readonly isaLevel: number;
}

/** Libraries and cache generators of a package, by lower-case hex SHA-256 of the files' contents. */
export interface LinkerFacts {
  /** Null: no shared library. Absent: not a file of such a name, or not known */
  readonly libraries: Readonly<Record<string, SharedLibrary | null>>;
  /** Programs called `ldconfig`: the name of themselves that they write into caches; empty: none */
  readonly generators: Readonly<Record<string, string>>;
}

/** An entry before the control member of an apk, which no signature covers. */
export interface SignatureEntry {
  /** `.SIGN.<scheme>.<key>` */
  readonly path: string;
  /** `RSA`, `RSA256`…; empty when the name is not of that form */
  readonly scheme: string;
  /** The key's file name; empty when the name is not of that form */
  readonly key: string;
  /** True when it is a signature over this archive by a key of the trust policy */
  readonly verified: boolean;
  /** Byte range of the content in the uncompressed tar */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Everything that the composer needs to know about an archive without its bytes. */
export interface ArchiveFacts {
  readonly distro: DistroId;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: DiffId;
  readonly uncompressedSizeBytes: number;
  readonly compression: Compression;
  readonly segments: readonly ArchiveSegment[];
  /**
   * Why the archive cannot be a layer unchanged, one of a few fixed phrases: `a stray zero block between entries`.
   * Undefined where it can.
   */
  readonly layerProblem: string | undefined;
  /** Identity that its index entry names too: apk `Q1…` of the control member; Arch: hex SHA-256 of the archive. */
  readonly identity: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** `.PKGINFO` as read: key → values in order */
  readonly info: Readonly<Record<string, readonly string[]>>;
  readonly scripts: readonly PackageScript[];
  /**
   * Contents kept with the facts, base64 by path: root members for the installed database (`.MTREE`, `.BUILDINFO`,
   * `.PKGINFO`), and the small files of the package that decide what an install does: users, hooks, applet lists.
   */
  readonly rootMembers: Readonly<Record<string, string>>;
  readonly files: readonly FileEntry[];
  /** Lower-case hex MD5 of the files that `.PKGINFO` names as `backup` (Arch) */
  readonly backupMd5: Readonly<Record<string, string>>;
  /** Absent: the distribution has no use for it */
  readonly linker?: LinkerFacts;
  /** Key name or fingerprint whose signature over this archive verified; empty when accepted without one. */
  readonly signedBy: string;
}

/** Facts with what only a reader of the bytes knows; the catalog does not keep it. */
export interface ReadFacts extends ArchiveFacts {
  /** Entries before the control member of an apk, in order; absent for other formats */
  readonly signatures?: readonly SignatureEntry[];
}
