import type { Digest } from './digest.ts';

export interface MirroredRepository {
  /** Its folder in the mirror: `main/x86_64` */
  readonly folder: string;
  /** Names of the index files in it */
  readonly files: readonly string[];
  readonly sizeBytes: number;
}

export interface MirrorAddReport {
  /** `registry.example/alpine:v3.19` */
  readonly reference: string;
  /** Of the generation */
  readonly digest: Digest;
  /** The tag that the generation keeps */
  readonly generation: string;
  /** False: the registry had this generation already */
  readonly changed: boolean;
  readonly repositories: readonly MirroredRepository[];
  readonly packages: {
    /** Asked for */
    readonly wanted: number;
    /** Of them, those that the mirror did not have */
    readonly added: number;
    /** Of the added ones, those whose bytes the registry had elsewhere */
    readonly mounted: number;
  };
  /** Bodies of uploads of blobs, also of tries that failed */
  readonly sentBytes: number;
}

export interface MirroredRelease {
  readonly reference: string;
  /** Of its newest generation */
  readonly digest: Digest;
  /** As the mirror says */
  readonly distro: string;
  /** Empty: it is not known, or of several */
  readonly release: string;
  readonly repositories: readonly MirroredRepository[];
  /** Tags of its generations; empty where one generation was asked about by its digest */
  readonly generations: readonly string[];
}

export interface MirrorListReport {
  /** `registry.example/alpine` */
  readonly mirror: string;
  readonly releases: readonly MirroredRelease[];
  /** Packages of all releases, generations and architectures */
  readonly packages: number;
}
