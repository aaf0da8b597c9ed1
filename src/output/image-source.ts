import type { Digest } from '../model/digest.ts';
import type { ImageConfig, ImageManifest } from './image-json.ts';

/** An image that can be read, wherever it is kept. Manifest and config have been checked against their digests. */
export interface ImageSource {
  readonly kind: 'tar' | 'docker-archive' | 'oci-dir' | 'registry';
  /** Names that the archive, layout or registry gives it */
  readonly tags: readonly string[];
  /** Undefined if there is no OCI manifest: a plain `docker save` */
  readonly manifestDigest: Digest | undefined;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  /**
   * Streams a layer or the config from `offset`, by default its start, to its end; not yet checked.
   * @throws AppError INTEGRITY if it does not exist
   */
  blob(digest: Digest, offset?: number): AsyncIterable<Uint8Array>;
  /** Returns the paths of files beside it that nothing refers to. */
  unlistedFiles(): Promise<readonly string[]>;
}

/** Selects one of several images. */
export interface ImageChoice {
  /** Name or manifest digest */
  readonly ref?: string;
  /** `linux/arm64`, `linux/arm/v7` */
  readonly platform?: string;
}
