import type { Digest } from './digest.ts';
import type { DistroId } from './package.ts';
import type { PushReport, PushTarget, RegistryAccess } from './registry.ts';

/** Sources of packages and trust: shared by every command that resolves or composes. */
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
  /** Repository URLs or folders in order of priority, apk `@tag url` lines too; given, they replace the defaults. */
  readonly repositories: readonly string[];
  /** Folder of trusted keys, or several that all count; empty: pinned keys. */
  readonly keyring: string | readonly string[];
  /** Folders of keys that count beside those; default: none */
  readonly keyringAppend?: readonly string[];
  readonly allowUntrusted: boolean;
  /** pacman's SigLevel words; empty: `Required DatabaseOptional`. */
  readonly sigLevel: string;
  /** How registries that packages come from are reached; default: without options */
  readonly access?: RegistryAccess | undefined;
}

/** `auto`: large and popular packages alone, the small ones of the base in one layer, the others in another */
export type LayerMode = 'package' | 'auto' | 'bundle' | 'single';
/** Compression of layers; `keep`: as the archives have it. */
export type LayerEncoding = 'keep' | 'gzip' | 'zstd' | 'none';
/** Form of an image on disk. */
export type OutputFormat = 'tar' | 'oci-dir';
/**
 * Who runs the packages' scripts: `/.pkg/install.sh` in a container; that for what cannot be known without running a
 * program; or a sandbox at compose time.
 */
export type InstallMode = 'deferred' | 'static' | 'run';

/** OCI config fields a user may set; empty or undefined: the default of the distribution. */
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
 * Packages of an image beside the requested ones: what it takes to enter it (a shell, users, the distribution's
 * name, keys and, where it is small, package manager), what the distribution's own container image has, or nothing.
 */
export type BaseMode = 'minimal' | 'system' | 'none';

/** Request of `compose`. */
export interface ComposeRequest {
  readonly source: SourceOptions;
  readonly packages: readonly string[];
  /** Undefined: what of `minimal` the repositories have, and below a prefix none */
  readonly base: BaseMode | undefined;
  /** Image names; empty: those it is pushed to, else `pkgcompose/<first package>:latest`. */
  readonly tags: readonly string[];
  readonly layers: LayerMode;
  /** Package and bundle layers together with the install layer: 1–125 */
  readonly maxLayers: number;
  readonly layerEncoding: LayerEncoding;
  readonly install: InstallMode;
  /** False: the packages' scripts, triggers and hooks are never run. */
  readonly scripts: boolean;
  /** False: without the package manager's database. */
  readonly database: boolean;
  /** Folder below which the packages are laid, no slash at either end: `opt/tools`; empty: the root. */
  readonly prefix: string;
  readonly config: ConfigOptions;
  readonly output: {
    /** File or folder; undefined with `load` or `push` alone: nothing is written. */
    readonly path: string | undefined;
    readonly format: OutputFormat;
    /** Send to the engine: `docker`, `podman`, or whichever answers (`auto`). */
    readonly load: 'docker' | 'podman' | 'auto' | undefined;
    /** Registries that it is pushed to; undefined: none */
    readonly push?: PushTarget | undefined;
  };
  /** Seconds since the epoch (SOURCE_DATE_EPOCH); undefined: the newest build date of the packages. */
  readonly sourceDateEpoch: number | undefined;
  readonly dryRun: boolean;
}

/** A repository that was indexed. */
export interface IndexReport {
  readonly repository: string;
  readonly url: string;
  /** `cached`: no mirror answered, and what is there is of an earlier time */
  readonly status: 'indexed' | 'unchanged' | 'cached';
  readonly packages: number;
  /** Key name or fingerprint; empty: accepted unsigned */
  readonly signedBy: string;
}

/** An archive that was ingested. */
export interface IngestReport {
  readonly source: string;
  readonly name: string;
  readonly version: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: string;
  readonly files: number;
  /** Empty: the archive may be a layer as it is */
  readonly unstackable: string;
  readonly signedBy: string;
  /** False when the catalog had it already */
  readonly added: boolean;
}

/** A package of a plan. */
export interface PlannedPackage {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  /** `base`: there for the base alone, not with `--base none` */
  readonly reason: 'explicit' | 'dependency' | 'base';
  readonly sizeBytes: number;
  readonly installedSizeBytes: number;
  readonly cached: boolean;
}

/** The base of a plan. */
export interface BaseReport {
  readonly mode: BaseMode;
  /** Names that were requested for it, beside the user's */
  readonly targets: readonly string[];
  /** Names that the repositories do not have, or not with all dependencies */
  readonly missing: readonly string[];
}

/** Result of `plan`. */
export interface PlanReport {
  readonly distro: DistroId;
  readonly release: string;
  readonly architecture: string;
  /** Packages in install order */
  readonly packages: readonly PlannedPackage[];
  readonly base: BaseReport;
  readonly downloadBytes: number;
  readonly installedBytes: number;
  readonly warnings: readonly string[];
}

/** Answer to one of many questions: packages in install order as `name-version`, or the real tool's words on why the request cannot be met. */
export type PlanAnswer =
  | {
      readonly add: readonly string[];
      /** `name-version`, `@tag` after it where it is from a tagged repository */
      readonly install: readonly string[];
      readonly warnings?: readonly string[];
    }
  | { readonly add: readonly string[]; readonly error: readonly string[] };

/** Answers plans over one state of the repositories until it is closed. */
export interface Planner {
  plan(packages: readonly string[]): PlanAnswer;
  close(): void;
}

/** A layer of a composed image. */
export interface LayerReport {
  readonly digest: Digest;
  readonly diffId: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** `name-version` of its packages; empty for the install layer */
  readonly packages: readonly string[];
  readonly kind: 'package' | 'bundle' | 'install';
  /** Why the blob is not the distribution's own; empty when it is */
  readonly derived: string;
}

/** Result of `compose`. */
export interface ComposeReport {
  readonly plan: PlanReport;
  readonly tags: readonly string[];
  /** Digest of the image manifest */
  readonly digest: Digest | undefined;
  /** Digest of the image config: the engine's image id */
  readonly imageId: Digest | undefined;
  readonly layers: readonly LayerReport[];
  /** Sum of the layers */
  readonly sizeBytes: number;
  readonly output: string | undefined;
  readonly loadedInto: string | undefined;
  readonly pushed: readonly PushReport[];
  /** Scripts, triggers and hooks that `/.pkg/install.sh` has still to run, in order */
  readonly left: readonly string[];
  /** True when a container starts without a command being given: the config has one, and its program is in the image */
  readonly runs: boolean;
  /** Repacked archives and the like: sentences */
  readonly notes: readonly string[];
}

/** A blob of the cache. */
export interface CacheEntryReport {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Description: `git-2.43.0-r0 (alpine)`, `gzip of …`, `unknown` */
  readonly holds: string;
  readonly usedAt: string;
}

/** Result of `cache verify`. */
export interface CacheVerifyReport {
  readonly checked: number;
  readonly damaged: readonly { readonly digest: Digest; readonly got: string }[];
  readonly repaired: number;
}

/** Result of `cache gc`. */
export interface CacheGcReport {
  readonly removed: number;
  readonly freedBytes: number;
  readonly keptBytes: number;
}
