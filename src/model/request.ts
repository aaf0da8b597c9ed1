import type { Digest } from './digest.ts';
import type { DistroId } from './package.ts';
import type { PushReport, PushTarget, RegistryAccess } from './registry.ts';

/** Where packages come from and what is trusted: shared by every command that resolves or composes. */
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
export type LayerEncoding = 'keep' | 'gzip' | 'zstd' | 'none';
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
  /** Of the manifest */
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * What an image has beside the packages that are asked for: what it takes to enter it (a shell, users, the distribution's
 * name, keys and, where it is small, package manager), what the distribution's own container image has, or nothing.
 */
export type BaseMode = 'minimal' | 'system' | 'none';

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

export interface IndexReport {
  readonly repository: string;
  readonly url: string;
  /** `cached`: no mirror answered, and what is there is of an earlier time */
  readonly status: 'indexed' | 'unchanged' | 'cached';
  readonly packages: number;
  /** Key name or fingerprint; empty: accepted unsigned */
  readonly signedBy: string;
}

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

export interface BaseReport {
  readonly mode: BaseMode;
  /** What was asked of the package manager for it, beside the request */
  readonly targets: readonly string[];
  /** What the repositories do not have, or not with all that it needs */
  readonly missing: readonly string[];
}

export interface PlanReport {
  readonly distro: DistroId;
  readonly release: string;
  readonly architecture: string;
  /** In install order */
  readonly packages: readonly PlannedPackage[];
  readonly base: BaseReport;
  readonly downloadBytes: number;
  readonly installedBytes: number;
  readonly warnings: readonly string[];
}

/** One of many questions: packages in install order as `name-version`, or the real tool's words on why there is none. */
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

export interface ComposeReport {
  readonly plan: PlanReport;
  readonly tags: readonly string[];
  /** Of the image manifest */
  readonly digest: Digest | undefined;
  /** Of the image config: the engine's image id */
  readonly imageId: Digest | undefined;
  readonly layers: readonly LayerReport[];
  /** Sum of the layers */
  readonly sizeBytes: number;
  readonly output: string | undefined;
  readonly loadedInto: string | undefined;
  readonly pushed: readonly PushReport[];
  /** Scripts, triggers and hooks that `/.pkg/install.sh` has still to run, in order */
  readonly left: readonly string[];
  /** Whether a container starts without a command being named: there is one, and its program is in the image */
  readonly runs: boolean;
  /** Repacked archives and the like: sentences */
  readonly notes: readonly string[];
}

export interface CacheEntryReport {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** What it is: `git-2.43.0-r0 (alpine)`, `gzip of …`, `unknown` */
  readonly holds: string;
  readonly usedAt: string;
}

export interface CacheVerifyReport {
  readonly checked: number;
  readonly damaged: readonly { readonly digest: Digest; readonly got: string }[];
  readonly repaired: number;
}

export interface CacheGcReport {
  readonly removed: number;
  readonly freedBytes: number;
  readonly keptBytes: number;
}
