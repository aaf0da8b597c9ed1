import type { IndexPackage } from '../model/package.ts';
import type { TrustPolicy } from '../trust/policy.ts';

/** An index as it was fetched. */
export interface IndexInput {
  readonly bytes: Uint8Array;
  /** Detached signature (`core.db.sig`); undefined where none was found or the format signs inside */
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
  /** The index entry the archive must match: size, checksum, name and version */
  readonly expected?: IndexPackage;
}

/** An archive whose signature is not looked at. */
export type UnverifiedInput = Omit<ArchiveInput, 'policy' | 'signature'>;
