import type { Digest } from './digest.ts';

/** An image of a comparison. */
export interface ImageSummary {
  /** Name that the user gave */
  readonly image: string;
  /** Digest of the manifest; null for a plain `docker save`, which has no manifest */
  readonly digest: Digest | null;
  /** Digest of the config: the engine's image id */
  readonly imageId: Digest;
  /** `linux/amd64` */
  readonly platform: string;
  readonly packages: number;
  readonly layers: number;
  /** Paths of the flattened root */
  readonly files: number;
  /** Sum of the layers */
  readonly sizeBytes: number;
}

/** A package whose version differs. */
export interface PackageDifference {
  readonly name: string;
  /** Versions; null: not in that image */
  readonly from: string | null;
  readonly to: string | null;
}

/** A layer of a comparison. */
export interface DiffLayer {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Contents by its annotations: `bash-5.2-1`, `bundle of 12 packages`, `install`; may be empty */
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
  /** Description in the form of `ls`; null: not in that image */
  readonly from: string | null;
  readonly to: string | null;
  /** Empty where it is only in one */
  readonly changes: readonly FileAspect[];
}

/** A setting of the config or an annotation that differs. */
export interface ConfigDifference {
  /** `config.Env PATH`, `config.Cmd`, `architecture`, `annotation dev.pkgcompose.distro` */
  readonly key: string;
  /** Null: not set */
  readonly from: string | null;
  readonly to: string | null;
}

/** Result of `diff`. */
export interface DiffReport {
  readonly a: ImageSummary;
  readonly b: ImageSummary;
  /** No difference in any of the lists, and the same order of layers */
  readonly equal: boolean;
  readonly packages: readonly PackageDifference[];
  readonly layers: {
    readonly shared: readonly DiffLayer[];
    readonly onlyA: readonly DiffLayer[];
    readonly onlyB: readonly DiffLayer[];
    /** Layers that both have stand in another order */
    readonly reordered: boolean;
    /** Bytes that a client that has A fetches for B */
    readonly fetchBytes: number;
  };
  readonly files: readonly FileDifference[];
  readonly config: readonly ConfigDifference[];
}
