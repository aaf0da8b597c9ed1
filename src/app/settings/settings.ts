import { families, familyIds } from '../../distros/families.ts';
import { AppError } from '../../model/app-error.ts';
import type { DistroId } from '../../model/package.ts';
import type { PushTarget, RegistryAccess } from '../../model/registry.ts';
import type {
  AddedPath,
  BaseMode,
  ComposeRequest,
  ConfigOptions,
  InstallMode,
  LayerEncoding,
  LayerMode,
  OutputFormat,
  SourceOptions,
} from '../../model/request.ts';
import * as read from './setting-values.ts';

/** Settings of a recipe or a command line; absent: the default. `overlay` lays flags over a recipe. */
export interface ComposeSettings {
  readonly distro?: DistroId;
  readonly release?: string;
  readonly solver?: string;
  readonly architecture?: string;
  readonly mirrors?: readonly string[];
  readonly repositories?: readonly string[];
  readonly keyring?: readonly string[];
  readonly keyringAppend?: readonly string[];
  readonly allowUntrusted?: boolean;
  readonly sigLevel?: string;
  /** Connections to registries that packages come from */
  readonly access?: RegistryAccess;
  readonly packages?: readonly string[];
  readonly base?: BaseMode;
  readonly tags?: readonly string[];
  readonly layers?: LayerMode;
  readonly maxLayers?: number;
  readonly layerEncoding?: LayerEncoding;
  readonly install?: InstallMode;
  readonly scripts?: boolean;
  readonly database?: boolean;
  readonly prefix?: string;
  readonly add?: readonly AddedPath[];
  readonly env?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly expose?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly format?: OutputFormat;
  readonly output?: string;
  readonly load?: 'docker' | 'podman' | 'auto';
  readonly push?: PushTarget;
  readonly dryRun?: boolean;
}

/** Docker's overlay2 supports 125 layers, and an image built `FROM` this one needs room for its own. */
const DEFAULT_MAX_LAYERS = 100;
/** Words of `--base`. */
export const BASE_MODES: readonly BaseMode[] = ['minimal', 'system', 'none'];
/** Words of `--layers`. */
export const LAYER_MODES: readonly LayerMode[] = ['package', 'auto', 'bundle', 'single'];
/** Words of `--layer-encoding`. */
export const LAYER_ENCODINGS: readonly LayerEncoding[] = ['keep', 'gzip', 'zstd', 'none'];
/** Words of `--install`. */
export const INSTALL_MODES: readonly InstallMode[] = ['deferred', 'static', 'run'];
/** Words of `--format`. */
export const OUTPUT_FORMATS: readonly OutputFormat[] = ['tar', 'oci-dir'];
/** Words of `--load`. */
export const ENGINES = ['docker', 'podman', 'auto'] as const;

/** Returns the words of `--solver` of all families. */
export function solverNames(): readonly string[] {
  return families().flatMap(({ solvers }) => solvers);
}

/** Form of a setting: one word, a list, `NAME=value` pairs, yes or no, or a command line. */
export type SettingShape = 'word' | 'list' | 'pairs' | 'switch' | 'command';

/** A setting of recipes and flags. */
export interface Setting {
  /** Key in recipes */
  readonly key: string;
  /** Name of the option without dashes; empty if it is given as arguments */
  readonly flag: string;
  readonly shape: SettingShape;
  /**
   * The text begins with a local path (`local`), or is one, or a URL (`place`); a path is relative to the place where it is
   * written
   */
  readonly path: 'local' | 'place' | undefined;
  /** Parses `texts` as written; `where` is for messages. @throws AppError USAGE */
  readonly parse: (texts: readonly string[], where: string) => ComposeSettings;
}

const PATHS: Readonly<Record<string, Setting['path']>> = {
  mirrors: 'place',
  repositories: 'place',
  keyring: 'place',
  'keyring-append': 'place',
  output: 'place',
  add: 'local',
};

function setting(
  [key, flag]: readonly [key: string, flag: string],
  shape: SettingShape,
  parse: Setting['parse'],
): Setting {
  return {
    key,
    flag,
    shape,
    path: PATHS[key],
    parse,
  };
}

/** Settings that recipes and flags share, so that both work the same by construction. */
export const SETTINGS: readonly Setting[] = [
  setting(['distro', 'distro'], 'word', (t, w) => ({ distro: read.choice(familyIds(), t, w) })),
  setting(['release', 'release'], 'word', (t, w) => ({ release: read.word(t, w) })),
  setting(['solver', 'solver'], 'word', (t, w) => ({ solver: read.choice(solverNames(), t, w) })),
  setting(['arch', 'arch'], 'word', (t, w) => ({ architecture: read.onlyWord(t, w) })),
  setting(['mirrors', 'mirror'], 'list', (t, w) => ({ mirrors: read.words(t, w) })),
  setting(['repositories', 'repo'], 'list', (t, w) => ({ repositories: read.words(t, w) })),
  setting(['keyring', 'keyring'], 'list', (t, w) => ({ keyring: read.words(t, w) })),
  setting(['keyring-append', 'keyring-append'], 'list', (t, w) => ({ keyringAppend: read.words(t, w) })),
  setting(['allow-untrusted', 'allow-untrusted'], 'switch', (t, w) => ({
    allowUntrusted: read.yesNo(t, w),
  })),
  setting(['sig-level', 'sig-level'], 'word', (t, w) => ({ sigLevel: read.sigLevel(t, w) })),
  setting(['packages', ''], 'list', (t, w) => ({ packages: read.packages(t, w) })),
  setting(['base', 'base'], 'word', (t, w) => ({ base: read.choice(BASE_MODES, t, w) })),
  setting(['tags', 'tag'], 'list', (t, w) => ({ tags: read.tags(t, w) })),
  setting(['layers', 'layers'], 'word', (t, w) => ({ layers: read.choice(LAYER_MODES, t, w) })),
  setting(['max-layers', 'max-layers'], 'word', (t, w) => ({
    maxLayers: read.integer({ from: 1, to: 125 }, t, w),
  })),
  setting(['layer-encoding', 'layer-encoding'], 'word', (t, w) => ({
    layerEncoding: read.choice(LAYER_ENCODINGS, t, w),
  })),
  setting(['install', 'install'], 'word', (t, w) => ({ install: read.choice(INSTALL_MODES, t, w) })),
  setting(['no-scripts', 'no-scripts'], 'switch', (t, w) => ({ scripts: !read.yesNo(t, w) })),
  setting(['no-database', 'no-database'], 'switch', (t, w) => ({ database: !read.yesNo(t, w) })),
  setting(['prefix', 'prefix'], 'word', (t, w) => ({ prefix: read.prefix(t, w) })),
  setting(['add', 'add'], 'list', (t, w) => ({ add: read.addedPaths(t, w) })),
  setting(['env', 'env'], 'pairs', (t, w) => ({ env: read.environment(t, w) })),
  setting(['entrypoint', 'entrypoint'], 'command', (t, w) => ({ entrypoint: read.command(t, w) })),
  setting(['cmd', 'cmd'], 'command', (t, w) => ({ cmd: read.command(t, w) })),
  setting(['user', 'user'], 'word', (t, w) => ({ user: read.user(t, w) })),
  setting(['workdir', 'workdir'], 'word', (t, w) => ({ workdir: read.absolutePath(t, w) })),
  setting(['labels', 'label'], 'pairs', (t, w) => ({ labels: read.pairs(t, w) })),
  setting(['expose', 'expose'], 'list', (t, w) => ({ expose: read.ports(t, w) })),
  setting(['annotations', 'annotation'], 'pairs', (t, w) => ({ annotations: read.pairs(t, w) })),
  setting(['output', 'output'], 'word', (t, w) => ({ output: read.word(t, w) })),
  setting(['format', 'format'], 'word', (t, w) => ({ format: read.choice(OUTPUT_FORMATS, t, w) })),
];

/** Lays `upper` over `lower`: env, labels and annotations are merged by name, everything else is replaced as a whole. */
export function overlay(lower: ComposeSettings, upper: ComposeSettings): ComposeSettings {
  return {
    ...lower,
    ...upper,
    ...(lower.env && upper.env ? { env: read.mergeEnvironment([...lower.env, ...upper.env]) } : {}),
    ...(lower.labels && upper.labels ? { labels: { ...lower.labels, ...upper.labels } } : {}),
    ...(lower.annotations && upper.annotations
      ? { annotations: { ...lower.annotations, ...upper.annotations } }
      : {}),
  };
}

/** Returns the sources of packages, with defaults for absent settings. */
export function sourceOptions(settings: ComposeSettings): SourceOptions {
  return {
    distro: settings.distro ?? families()[0].id,
    release: settings.release ?? '',
    ...(settings.solver === undefined ? {} : { solver: settings.solver }),
    architecture: settings.architecture ?? '',
    mirrors: settings.mirrors ?? [],
    repositories: settings.repositories ?? [],
    keyring: settings.keyring ?? '',
    ...(settings.keyringAppend === undefined ? {} : { keyringAppend: settings.keyringAppend }),
    allowUntrusted: settings.allowUntrusted ?? false,
    sigLevel: settings.sigLevel ?? '',
    ...(settings.access === undefined ? {} : { access: settings.access }),
  };
}

function configOptions(settings: ComposeSettings): ConfigOptions {
  return {
    env: settings.env ?? [],
    entrypoint: settings.entrypoint,
    cmd: settings.cmd,
    user: settings.user ?? '',
    workdir: settings.workdir ?? '',
    labels: settings.labels ?? {},
    expose: settings.expose ?? [],
    annotations: settings.annotations ?? {},
  };
}

/** Returns `out.tar` or a folder `out` by default; undefined if the image only goes to an engine or a registry. */
function outputPath(settings: ComposeSettings): string | undefined {
  if (settings.output !== undefined) return settings.output;
  if (settings.format === 'oci-dir') return 'out';
  if (settings.format !== undefined) return 'out.tar';
  return settings.load === undefined && settings.push === undefined ? 'out.tar' : undefined;
}

/** Returns where to write, for a command that always writes. */
export function outputOf({
  output,
  format = 'tar',
}: {
  readonly output?: string | undefined;
  readonly format?: OutputFormat | undefined;
}): { path: string; format: OutputFormat } {
  return { path: output ?? (format === 'oci-dir' ? 'out' : 'out.tar'), format };
}

/** Refuses a base with a prefix: it would not be the base of the root. @throws AppError USAGE */
function baseOf({ base, prefix = '' }: ComposeSettings): BaseMode | undefined {
  if (prefix === '' || base === 'none') return base;
  if (base === undefined) return 'none';
  return read.refuse({
    where: '--base',
    expected: `none with --prefix /${prefix}, since a base must be installed in the root`,
    got: base,
  });
}

/**
 * Returns the request that settings describe, with defaults for absent ones.
 * @throws AppError USAGE without packages
 */
export function composeRequest(
  settings: ComposeSettings,
  sourceDateEpoch: number | undefined,
): ComposeRequest {
  const packages = settings.packages ?? [];
  if (packages.length === 0) {
    throw new AppError('USAGE', 'no packages: expected at least one package name, got none', {
      hint: 'Name one, as in: compose gcc --distro alpine',
      details: { expected: 'package names', got: [] },
    });
  }
  return {
    source: sourceOptions(settings),
    packages,
    base: baseOf(settings),
    tags: settings.tags ?? [],
    layers: settings.layers ?? 'package',
    maxLayers: settings.maxLayers ?? DEFAULT_MAX_LAYERS,
    layerEncoding: settings.layerEncoding ?? 'keep',
    install: settings.install ?? 'static',
    scripts: settings.scripts ?? true,
    database: settings.database ?? true,
    prefix: settings.prefix ?? '',
    ...(settings.add === undefined ? {} : { add: settings.add }),
    config: configOptions(settings),
    output: {
      path: outputPath(settings),
      format: settings.format ?? 'tar',
      load: settings.load,
      ...(settings.push === undefined ? {} : { push: settings.push }),
    },
    sourceDateEpoch,
    dryRun: settings.dryRun ?? false,
  };
}
