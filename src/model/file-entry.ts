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
  /** Size of the content in bytes; 0 for everything but files */
  readonly sizeBytes: number;
  /** Seconds since the epoch, with the fraction of a pax `mtime` */
  readonly mtime: number;
  /** Symlink: its target as written; hard link: the path it links to, normalised like `path`; else empty */
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
