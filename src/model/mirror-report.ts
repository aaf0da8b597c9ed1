import type { Digest } from './digest.ts';

/** A repository of a mirror. */
export interface MirroredRepository {
  /** Folder in the mirror: `main/x86_64` */
  readonly folder: string;
  /** Names of the index files in it */
  readonly files: readonly string[];
  readonly sizeBytes: number;
}

/** Result of `mirror add`. */
export interface MirrorAddReport {
  /** `registry.example/alpine:v3.19` */
  readonly reference: string;
  /** Digest of the generation */
  readonly digest: Digest;
  /** The tag that the generation keeps */
  readonly generation: string;
  /** False: the registry had this generation already */
  readonly changed: boolean;
  readonly repositories: readonly MirroredRepository[];
  readonly packages: {
    /** Packages that were requested */
    readonly wanted: number;
    /** Requested packages that the mirror did not have */
    readonly added: number;
    /** Added packages whose bytes the registry had elsewhere */
    readonly mounted: number;
  };
  /** Bodies of uploads of blobs, also of tries that failed */
  readonly sentBytes: number;
}

/** A release of a mirror, with its generations. */
export interface MirroredRelease {
  readonly reference: string;
  /** Digest of its newest generation */
  readonly digest: Digest;
  /** Distribution that the mirror names */
  readonly distro: string;
  /** Empty: it is not known, or of several */
  readonly release: string;
  readonly repositories: readonly MirroredRepository[];
  /** Tags of its generations; empty where one generation was asked about by its digest */
  readonly generations: readonly string[];
}

/** Result of `mirror list`. */
export interface MirrorListReport {
  /** `registry.example/alpine` */
  readonly mirror: string;
  readonly releases: readonly MirroredRelease[];
  /** Packages of all releases, generations and architectures */
  readonly packages: number;
}
