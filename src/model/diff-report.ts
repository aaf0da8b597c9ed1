import type { Digest } from './digest.ts';

/** One of two compared images. */
export interface ImageSummary {
  /** Name as given */
  readonly image: string;
  /** Digest of the manifest; null for the old format of `docker save`, which has none */
  readonly digest: Digest | null;
  /** Digest of the image config, which engines call image id */
  readonly imageId: Digest;
  /** `linux/amd64` */
  readonly platform: string;
  /** Number of packages */
  readonly packages: number;
  /** Number of layers */
  readonly layers: number;
  /** Number of paths in the flattened root */
  readonly files: number;
  /** Sum of the layers' sizes */
  readonly sizeBytes: number;
}

/** A package that only one image has, or has in another version. */
export interface PackageDifference {
  readonly name: string;
  /** Version in image A; null if A lacks the package */
  readonly from: string | null;
  /** Version in image B; null if B lacks the package */
  readonly to: string | null;
}

/** A layer of a comparison. */
export interface DiffLayer {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** What its annotations say: `bash-5.2-1`, `bundle of 12 packages`, `install`; may be empty */
  readonly holds: string;
}

/** Aspect in which two entries of one path may differ. */
export type FileAspect =
  | 'type'
  | 'content'
  | 'mode'
  | 'owner'
  | 'link'
  | 'device'
  | 'mtime'
  | 'xattrs'
  | 'hard link';

/** A path that differs. */
export interface FileDifference {
  readonly path: string;
  /** Description as `ls` writes it; null if image A lacks the path */
  readonly from: string | null;
  /** The same for image B */
  readonly to: string | null;
  /** What differs; empty if only one image has the path */
  readonly changes: readonly FileAspect[];
}

/** A setting of the config or an annotation that differs. */
export interface ConfigDifference {
  /** `config.Env PATH`, `config.Cmd`, `architecture`, `annotation dev.pkgcompose.distro` */
  readonly key: string;
  /** Value in image A; null if not set */
  readonly from: string | null;
  /** Value in image B; null if not set */
  readonly to: string | null;
}

/** Result of `diff`. */
export interface DiffReport {
  readonly a: ImageSummary;
  readonly b: ImageSummary;
  /** True if all lists of differences are empty and the layers are in the same order */
  readonly equal: boolean;
  readonly packages: readonly PackageDifference[];
  readonly layers: {
    readonly shared: readonly DiffLayer[];
    readonly onlyA: readonly DiffLayer[];
    readonly onlyB: readonly DiffLayer[];
    /** True if the layers that both have are in different orders */
    readonly reordered: boolean;
    /** Number of bytes that a client with image A downloads for image B */
    readonly fetchBytes: number;
  };
  readonly files: readonly FileDifference[];
  readonly config: readonly ConfigDifference[];
}
