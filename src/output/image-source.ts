import type { Digest } from '../model/digest.ts';
import type { ImageConfig, ImageManifest } from './image-json.ts';

/** An image that can be read, wherever it is kept. Manifest and config are checked against their digests. */
export interface ImageSource {
  readonly kind: 'tar' | 'docker-archive' | 'oci-dir' | 'registry';
  /** Names that the archive, layout or registry gives it */
  readonly tags: readonly string[];
  /** Undefined where no OCI manifest is kept: a plain `docker save` */
  readonly manifestDigest: Digest | undefined;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  /**
   * Bytes of a layer, or of the config, from `offset`, by default its start, to its end; not yet checked.
   * @throws AppError INTEGRITY when there are none
   */
  blob(digest: Digest, offset?: number): AsyncIterable<Uint8Array>;
  /** Returns paths of files beside it that nothing names. */
  leftOver(): Promise<readonly string[]>;
}

/** Which of several images is meant. */
export interface ImageChoice {
  /** Name or manifest digest */
  readonly ref?: string;
  /** `linux/arm64`, `linux/arm/v7` */
  readonly platform?: string;
}
