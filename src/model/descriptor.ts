import type { Digest } from './digest.ts';
import type { Platform } from './platform.ts';

/** OCI image-spec "Content Descriptors". */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes (the spec's own name) */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  /** Type of the artifact; in an index and in a list of referrers */
  readonly artifactType?: string;
}
