import type { FileEntries } from '../model/file-entries.ts';
import type { IndexPackage } from '../model/package.ts';
import type { TrustPolicy } from '../trust/policy.ts';

/** A fetched index, to be verified and parsed. */
export interface IndexInput {
  readonly bytes: Uint8Array;
  /** Detached signature (`core.db.sig`); undefined if there is none, or the format has signatures inside */
  readonly signature?: Uint8Array;
  readonly policy: TrustPolicy;
  /** For error messages: URL or path */
  readonly where: string;
}

/** An archive to read. */
export interface ArchiveInput {
  /** The archive's bytes in order, read once */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly policy: TrustPolicy;
  /** For error messages: URL or path */
  readonly where: string;
  /** Detached signature (`.sig` file) when there is one */
  readonly signature?: Uint8Array;
  /** Index entry that the archive must match in size, checksum, name and version */
  readonly expected?: IndexPackage;
  /** A list that the archive's entries may equal, whose memory they then share */
  readonly like?: FileEntries;
}

/** An archive to read without verifying signatures. */
export type UnverifiedInput = Omit<ArchiveInput, 'policy' | 'signature'>;
