import type { Digest } from './digest.ts';

/** OCI image-spec "Content Descriptors". */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes (the spec's own name) */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  /** What an artifact's manifest is about; in an index and in a list of referrers */
  readonly artifactType?: string;
}

/** OCI image-spec "Image Index", `platform`: Go's words (`amd64`, `arm64`, `arm` with `v7`). */
export interface Platform {
  readonly os: 'linux';
  readonly architecture: string;
  readonly variant?: string;
}
