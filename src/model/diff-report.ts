import type { Digest } from './digest.ts';

export interface ImageSummary {
  /** As the user named it */
  readonly image: string;
  /** Of the manifest; null for a plain `docker save`, which has none */
  readonly digest: Digest | null;
  /** Of the config: the engine's image id */
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

export interface PackageDifference {
  readonly name: string;
  /** Versions; null: not in that image */
  readonly from: string | null;
  readonly to: string | null;
}

export interface DiffLayer {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** What it says of itself: `bash-5.2-1`, `bundle of 12 packages`, `install`; may be empty */
  readonly holds: string;
}

/** What two entries of one path may differ in. */
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

export interface FileDifference {
  readonly path: string;
  /** In the words of `ls`; null: not in that image */
  readonly from: string | null;
  readonly to: string | null;
  /** Empty where it is only in one */
  readonly changes: readonly FileAspect[];
}

export interface ConfigDifference {
  /** `config.Env PATH`, `config.Cmd`, `architecture`, `annotation dev.pkgcompose.distro` */
  readonly key: string;
  /** Null: not set */
  readonly from: string | null;
  readonly to: string | null;
}

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
    /** What a client that has A fetches for B */
    readonly fetchBytes: number;
  };
  readonly files: readonly FileDifference[];
  readonly config: readonly ConfigDifference[];
}
