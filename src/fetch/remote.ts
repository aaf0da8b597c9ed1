import type { Hash } from 'node:crypto';

/** The first bytes of a file, and the sha256 that took them in. */
export interface FilePrefix {
  readonly offset: number;
  readonly hash: Hash;
}

/** A file that is not had by an HTTP GET of its URL; its content is known before it is read. */
export interface RemoteFile {
  readonly sizeBytes: number;
  /** The same for the same bytes, wherever they are; never empty */
  readonly etag: string;
  /** What follows the prefix, cut responses resumed. Ends by FetchFailure INTEGRITY where the whole is not what the etag says. */
  read(prefix?: FilePrefix): AsyncIterable<Buffer>;
}

/** Files whose URLs have a scheme of their own, handed to what fetches. */
export interface RemoteFiles {
  serves(url: string): boolean;
  /** @throws FetchFailure; AppError for what no other source may mend */
  find(url: string): Promise<RemoteFile>;
}
