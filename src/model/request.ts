import type { Digest } from './digest.ts';
import type { DistroId } from './package.ts';
import type { PushReport, PushTarget, RegistryAccess } from './registry.ts';

/** Sources of packages, and trust in them, for every command that resolves or composes. */
export interface SourceOptions {
  readonly distro: DistroId;
  /** The distribution's word; empty: its default (`latest-stable`, `rolling`). */
  readonly release: string;
  /** A word of Family.solvers; undefined: the solver of the release's own package manager */
  readonly solver?: string | undefined;
  /** OCI (`amd64`, `arm64`, `arm/v7`) or distribution word (`x86_64`, `aarch64`, `armv7`); empty: this machine's. */
  readonly architecture: string;
  /** Base URLs or paths of mirrors, in order; empty: the official ones. */
  readonly mirrors: readonly string[];
  /** Repository URLs or folders in order of priority, also apk `@tag url` lines; empty: the default repositories. */
  readonly repositories: readonly string[];
  /** Folder of trusted keys, or several that all count; empty: pinned keys. */
  readonly keyring: string | readonly string[];
  /** Folders of keys that are trusted in addition; default: none */
  readonly keyringAppend?: readonly string[];
  readonly allowUntrusted: boolean;
  /** pacman's SigLevel words; empty: `Required DatabaseOptional`. */
  readonly sigLevel: string;
  /** Connections to registries that packages come from; default: without options */
  readonly access?: RegistryAccess | undefined;
}

/**
 * Way in which packages become layers. `auto`: large and widely used packages alone, the small ones of the base in one layer, the
 * others in another
 */
export type LayerMode = 'package' | 'auto' | 'bundle' | 'single';
/** Compression of layers; `keep`: the archives' own */
export type LayerEncoding = 'keep' | 'gzip' | 'zstd' | 'none';
/** Form of an image on disk. */
export type OutputFormat = 'tar' | 'oci-dir';
/**
 * Time at which the packages' scripts run. `deferred`: all later, by `/.pkg/install.sh` in a container; `static`: those with a
 * predictable effect are applied at compose time, the others are deferred; `run`: all at compose time, in a sandbox.
 */
export type InstallMode = 'deferred' | 'static' | 'run';

/** Fields of the OCI config that a user may set; empty or undefined: the distribution's default. */
export interface ConfigOptions {
  /** `NAME=value` */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[] | undefined;
  readonly cmd: readonly string[] | undefined;
  readonly user: string;
  readonly workdir: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `80`, `53/udp` */
  readonly expose: readonly string[];
  /** Annotations of the manifest */
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Contents of an image besides the requested packages. `minimal`: what it takes to enter it (a shell, users, the distribution's name
 * and keys, and its package manager if that is small); `system`: what the distribution's own container image has; `none`:
 * nothing.
 */
export type BaseMode = 'minimal' | 'system' | 'none';

/** A file or folder of this machine that is added to an image. */
export interface AddedPath {
  /** Path on this machine */
  readonly source: string;
  /** Path in the image, without slash at either end */
  readonly destination: string;
  /** Mode of files, 0 to 07777; undefined: 0755 if the source may be executed, else 0644 */
  readonly mode: number | undefined;
  readonly uid: number;
  readonly gid: number;
}

/** Request of `compose`. */
export interface ComposeRequest {
  readonly source: SourceOptions;
  readonly packages: readonly string[];
  /** Undefined: the packages of `minimal` that the repositories have; with a prefix, none */
  readonly base: BaseMode | undefined;
  /** Image names; empty: those it is pushed to, else `pkgcompose/<first package>:latest`. */
  readonly tags: readonly string[];
  readonly layers: LayerMode;
  /** Maximum number of package and bundle layers together with the install layer: 1–125 */
  readonly maxLayers: number;
  readonly layerEncoding: LayerEncoding;
  readonly install: InstallMode;
  /** False: the packages' scripts, triggers and hooks are never run. */
  readonly scripts: boolean;
  /** False: the package manager's database is left out. */
  readonly database: boolean;
  /** Folder to install the packages in, without slash at either end: `opt/tools`; empty: the root. */
  readonly prefix: string;
  /** Files and folders for a layer above all others; absent: none */
  readonly add?: readonly AddedPath[] | undefined;
  readonly config: ConfigOptions;
  readonly output: {
    /** File or folder; undefined if only `load` or `push` is given: no file is written. */
    readonly path: string | undefined;
    readonly format: OutputFormat;
    /** Engine to load the image into: `docker`, `podman`, or whichever answers (`auto`). */
    readonly load: 'docker' | 'podman' | 'auto' | undefined;
    /** Registries to push the image to; undefined: none */
    readonly push?: PushTarget | undefined;
  };
  /** Seconds since the epoch (SOURCE_DATE_EPOCH); undefined: the newest build date of the packages. */
  readonly sourceDateEpoch: number | undefined;
  readonly dryRun: boolean;
}

/** A repository whose index was requested. */
export interface IndexReport {
  /** `main`, `core`; a folder or URL for others */
  readonly repository: string;
  /** Base URL or path of the repository, without passwords */
  readonly url: string;
  /** `cached`: no mirror answered, so an earlier index is used */
  readonly status: 'indexed' | 'unchanged' | 'cached';
  /** Number of packages in the index */
  readonly packages: number;
  /** File name or fingerprint of the key; empty if the index was accepted unsigned */
  readonly signedBy: string;
}

/** An archive that was ingested. */
export interface IngestReport {
  /** File or URL as given */
  readonly source: string;
  readonly name: string;
  readonly version: string;
  /** Digest of the archive */
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Digest of the uncompressed tar */
  readonly diffId: string;
  /** Number of tar entries */
  readonly files: number;
  /** Why the archive must be repacked to be a layer; empty if it can be one as it is */
  readonly unstackable: string;
  /** File name or fingerprint of the key; empty if the archive was accepted unsigned */
  readonly signedBy: string;
  /** False if the catalog already had it */
  readonly added: boolean;
}

/** A package of a plan. */
export interface PlannedPackage {
  readonly name: string;
  readonly version: string;
  /** `main`, `core` */
  readonly repository: string;
  /** `explicit`: requested; `base`: only there because of `--base` */
  readonly reason: 'explicit' | 'dependency' | 'base';
  /** Size of the archive */
  readonly sizeBytes: number;
  /** Size when installed, as the index says */
  readonly installedSizeBytes: number;
  /** Digest of the archive; undefined if it was never read */
  readonly digest: Digest | undefined;
  /** True if the archive does not have to be downloaded */
  readonly cached: boolean;
}

/** The base of a planned image. */
export interface BaseReport {
  readonly mode: BaseMode;
  /** Names that were requested for the base, in addition to the user's */
  readonly targets: readonly string[];
  /** Names of the base that the repositories lack, or whose dependencies they lack */
  readonly missing: readonly string[];
}

/** Result of `plan`. */
export interface PlanReport {
  readonly distro: DistroId;
  /** `v3.19`, `rolling` */
  readonly release: string;
  /** The distribution's word: `x86_64` */
  readonly architecture: string;
  /** Packages in install order */
  readonly packages: readonly PlannedPackage[];
  readonly base: BaseReport;
  /** Size of the archives that are not in the cache */
  readonly downloadBytes: number;
  /** Size when installed, as the indexes say */
  readonly installedBytes: number;
  /** Sentences, such as those of the package manager */
  readonly warnings: readonly string[];
}

/**
 * Answer to one of many requests: packages in install order, or the package manager's own words on why the request cannot be
 * met.
 */
export type PlanAnswer =
  | {
      readonly add: readonly string[];
      /** `name-version`, followed by `@tag` if it comes from a tagged repository */
      readonly install: readonly string[];
      readonly warnings?: readonly string[];
    }
  | { readonly add: readonly string[]; readonly error: readonly string[] };

/** Answers requests over one state of the repositories until it is closed. */
export interface Planner {
  plan(packages: readonly string[]): PlanAnswer;
  close(): void;
}

/** A layer of a composed image. */
export interface LayerReport {
  readonly digest: Digest;
  /** Digest of the uncompressed tar */
  readonly diffId: string;
  readonly mediaType: string;
  /** Size of the blob */
  readonly sizeBytes: number;
  /** `name-version` of each package in it; empty for the install layer and for added files */
  readonly packages: readonly string[];
  readonly kind: 'package' | 'bundle' | 'install' | 'files';
  /** Why the blob is not the distribution's own archive; empty if it is */
  readonly derived: string;
}

/** Result of `compose PKG…` and `compose build`. */
export interface ComposeReport {
  readonly plan: PlanReport;
  /** Names of the image */
  readonly tags: readonly string[];
  /** Digest of the image manifest; undefined with `--dry-run` */
  readonly digest: Digest | undefined;
  /** Digest of the image config, which engines call image id; undefined with `--dry-run` */
  readonly imageId: Digest | undefined;
  /** From the lowest to the topmost */
  readonly layers: readonly LayerReport[];
  /** Sum of the layers' sizes */
  readonly sizeBytes: number;
  /** File or folder that was written; undefined if none was */
  readonly output: string | undefined;
  /** `docker` or `podman`; undefined if the image was not loaded */
  readonly loadedInto: string | undefined;
  readonly pushed: readonly PushReport[];
  /** Scripts, triggers and hooks that `/.pkg/install.sh` has still to run, in order */
  readonly left: readonly string[];
  /** True if a container starts without a command: the config has one, and its program is in the image */
  readonly runs: boolean;
  /** Sentences, for example about repacked archives */
  readonly notes: readonly string[];
}

/** A blob in the cache. */
export interface CacheEntryReport {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** What it is: `git-2.43.0-r0 (alpine)`, `gzip of …`, `unknown` */
  readonly holds: string;
  /** When it was last used: ISO 8601, UTC */
  readonly usedAt: string;
}

/** A blob that an image needs that was pushed to `compose serve`. */
export interface MissingBlobReport {
  readonly digest: Digest;
  /** One of the repositories that need it */
  readonly repository: string;
}

/** Result of `cache verify`. */
export interface CacheVerifyReport {
  /** Number of blobs */
  readonly checked: number;
  /** Blobs whose bytes do not have their digest; `got` is the digest that they have */
  readonly damaged: readonly { readonly digest: Digest; readonly got: string }[];
  /** Blobs of pushed images that are not in the cache; to push them again brings them back */
  readonly missing: readonly MissingBlobReport[];
  /** Number of damaged blobs that were removed, with `--repair` */
  readonly repaired: number;
}

/** Result of `cache gc`. */
export interface CacheGcReport {
  /** Number of blobs */
  readonly removed: number;
  readonly freedBytes: number;
  /** Size of the blobs that stay */
  readonly keptBytes: number;
}
