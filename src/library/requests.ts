import type { DistroId } from '../model/package.ts';
import type { Progress } from '../model/progress.ts';
import type { BaseMode, InstallMode, LayerEncoding, LayerMode, OutputFormat } from '../model/request.ts';

/** Options of every function of the library; all of them may be left out. */
export interface RunOptions {
  /** Folder of the cache and catalog; default: `$PKGCOMPOSE_CACHE`, else `pkgcompose` in `$XDG_CACHE_HOME` or `~/.cache` */
  readonly cacheDirectory?: string;
  /** Cancels the work, which cleans up and then rejects with an AppError `CANCELLED` */
  readonly signal?: AbortSignal;
  /** Receives tasks, their progress and notes; default: nothing is shown */
  readonly progress?: Progress;
  /** Environment variables: proxies, `SOURCE_DATE_EPOCH`, `HOME`, docker's and podman's logins…; default: `process.env` */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Settings of connections to registries. */
export interface RegistrySettings {
  /** Allow plain HTTP, and skip certificate verification */
  readonly insecure?: boolean;
  /** File of certificate authorities (PEM) to trust in addition to the system's */
  readonly ca?: string;
  /** File of a client certificate (PEM) */
  readonly cert?: string;
  /** File of the client certificate's private key (PEM) */
  readonly key?: string;
}

/** Settings of trust: whose keys are accepted. */
export interface TrustSettings extends RegistrySettings {
  /** Folders of trusted keys, instead of the distribution's own keys */
  readonly keyring?: string | readonly string[];
  /** Folders of keys to trust in addition to the distribution's own */
  readonly keyringAppend?: string | readonly string[];
  /** Accept packages and indexes that are unsigned or signed with unknown keys */
  readonly allowUntrusted?: boolean;
  /** pacman's SigLevel words (Arch); default: `Required DatabaseOptional` */
  readonly sigLevel?: string;
}

/** Settings of the sources of packages. */
export interface SourceSettings extends TrustSettings {
  /** Distribution the packages come from; default: `alpine` */
  readonly distro?: DistroId;
  /** Release of the distribution: `v3.19`, `edge`; default: `latest-stable`, Arch: `rolling` */
  readonly release?: string;
  /** Choose packages and compare versions as apk 2.14 or apk 3 does (Alpine); default: as the release's own apk */
  readonly solver?: string;
  /** Architecture, as OCI (`amd64`) or the distribution (`x86_64`) names it; default: this machine's */
  readonly arch?: string;
  /** Mirrors to try in order, instead of the official one */
  readonly mirrors?: string | readonly string[];
  /** Repositories in order of priority, instead of the default ones: URLs, folders, `@tag URL` lines, `oci://` mirrors, names */
  readonly repositories?: string | readonly string[];
}

/** An image of packages: the keys of a recipe (docs/recipes.md) in camel case, and where the image goes. */
export interface ImageSettings extends SourceSettings {
  /** `gcc`, `git>2.40`, `git@edge`, `core/bash` */
  readonly packages: string | readonly string[];
  /** Packages to add for a usable image; default: `minimal` */
  readonly base?: BaseMode;
  /** Image names; default: the names to push to, else `pkgcompose/<first package>:latest` */
  readonly tags?: string | readonly string[];
  /** How packages become layers; default: `package` */
  readonly layers?: LayerMode;
  /** Maximum number of layers, 1 to 125; default: 100 */
  readonly maxLayers?: number;
  /** Layer compression; default: `keep`, the archives as they are */
  readonly layerEncoding?: LayerEncoding;
  /** When package scripts run; default: `static` */
  readonly install?: InstallMode;
  /** Omit package scripts, triggers and hooks */
  readonly noScripts?: boolean;
  /** Omit the package manager's database */
  readonly noDatabase?: boolean;
  /** Directory to install the packages below, `/opt/tools`; default: the root */
  readonly prefix?: string;
  /** Files and folders to add in a layer above the packages: `SRC:DEST[:MODE[:UID[.GID]]]` */
  readonly add?: string | readonly string[];
  /** Environment variables, or `NAME=value` assignments */
  readonly env?: Readonly<Record<string, string>> | readonly string[];
  /** Entrypoint: words, or a shell command */
  readonly entrypoint?: string | readonly string[];
  /** Default command: words, or a shell command; default: a shell */
  readonly cmd?: string | readonly string[];
  /** User to run as: `user`, `uid`, `user:group`, `uid:gid` */
  readonly user?: string;
  /** Working directory */
  readonly workdir?: string;
  /** Labels of the image, or `NAME=value` */
  readonly labels?: Readonly<Record<string, string>> | readonly string[];
  /** Ports: `80`, `53/udp` */
  readonly expose?: string | number | readonly (string | number)[];
  /** Annotations of the manifest, or `NAME=value` */
  readonly annotations?: Readonly<Record<string, string>> | readonly string[];
  /** File or folder to write; default: `out.tar`, or the folder `out`; nothing with `load` or `push` alone */
  readonly output?: string;
  /** One tar that every engine loads, or an OCI layout folder; default: `tar` */
  readonly format?: OutputFormat;
  /** Engine to load the image into; `auto`: the one that answers */
  readonly load?: 'docker' | 'podman' | 'auto';
  /** Names to push to: `registry.example/team/app:1` */
  readonly push?: string | readonly string[];
  /** Repository that holds each package once; pushed images mount packages from it; default: `$PKGCOMPOSE_STORE` */
  readonly store?: string;
  /** Resolve the packages and report the plan; write nothing */
  readonly dryRun?: boolean;
}

/** Packages by name. */
export interface PackagesRequest extends SourceSettings {
  /** `git`, `git>2.40`, `core/bash` */
  readonly packages: string | readonly string[];
}

/** An image, wherever it is kept. */
export interface ImageRequest extends RegistrySettings {
  /** A tar, an OCI layout folder, `FOLDER#NAME`, or `registry.example/team/app:1` */
  readonly image: string;
  /** Platform to choose from a multi-platform image: `linux/arm64`; default: the only one, or the whole index */
  readonly platform?: string;
}
