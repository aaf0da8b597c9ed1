import type { Hash } from 'node:crypto';

/** The first `offset` bytes of a file, as the sha256 that has hashed them. */
export interface FilePrefix {
  readonly offset: number;
  readonly hash: Hash;
}

/** A file whose size and content are known before it is read, such as a blob of a registry. */
export interface RemoteFile {
  readonly sizeBytes: number;
  /** Identifies the bytes, wherever they come from; never empty */
  readonly etag: string;
  /** Streams what follows the prefix, and resumes cut responses. @throws INTEGRITY at the end when the etag does not match */
  read(prefix?: FilePrefix): AsyncIterable<Buffer>;
}

/** Files behind URLs of other schemes (`oci:`), which the layers above provide. */
export interface RemoteFiles {
  serves(url: string): boolean;
  /** @throws FetchFailure; AppError for what no other source may mend */
  find(url: string): Promise<RemoteFile>;
}
