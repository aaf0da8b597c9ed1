import type { Digest } from './digest.ts';

/** A package repository in a mirror. */
export interface MirroredRepository {
  /** Folder in the mirror: `main/x86_64` */
  readonly folder: string;
  /** Names of its index files */
  readonly files: readonly string[];
  /** Sum of the sizes of its index files */
  readonly sizeBytes: number;
}

/** Result of `mirror add`. */
export interface MirrorAddReport {
  /** `registry.example/alpine:v3.19` */
  readonly reference: string;
  /** Digest of the generation's manifest */
  readonly digest: Digest;
  /** Permanent tag of the generation */
  readonly generation: string;
  /** False if the registry already had this generation */
  readonly changed: boolean;
  readonly repositories: readonly MirroredRepository[];
  readonly packages: {
    /** Number of packages that were requested */
    readonly wanted: number;
    /** Number of requested packages that the mirror lacked */
    readonly added: number;
    /** Number of added packages that the registry had in another repository */
    readonly mounted: number;
  };
  /** Size of the bodies of blob uploads, failed attempts included */
  readonly sentBytes: number;
}

/** A release in a mirror, with its generations. */
export interface MirroredRelease {
  /** `registry.example/alpine:v3.19` */
  readonly reference: string;
  /** Digest of its newest generation */
  readonly digest: Digest;
  /** Distribution, according to the mirror */
  readonly distro: string;
  /** `v3.19`; empty if it is unknown, or if there are several */
  readonly release: string;
  readonly repositories: readonly MirroredRepository[];
  /** Tags of its generations; empty if one generation was requested by digest */
  readonly generations: readonly string[];
}

/** Result of `mirror ls`. */
export interface MirrorListReport {
  /** `registry.example/alpine` */
  readonly mirror: string;
  readonly releases: readonly MirroredRelease[];
  /** Number of packages in all releases, generations and architectures */
  readonly packages: number;
}
