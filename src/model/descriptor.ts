import type { Digest } from './digest.ts';
import type { Platform } from './platform.ts';

/** OCI image-spec, "Content Descriptors". */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes (the specification's own name) */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  /** Type of the artifact, in an index or a list of referrers */
  readonly artifactType?: string;
}
