import {
  BASE_MODES,
  DISTROS,
  INSTALL_MODES,
  LAYER_ENCODINGS,
  LAYER_MODES,
  OUTPUT_FORMATS,
  SOLVERS,
} from '../../app/settings/settings.ts';

export type OptionGroup = 'Packages' | 'Image' | 'Output' | 'Registry' | 'Cache' | 'Query' | 'General';

/** One option as every command that takes it understands it. */
export interface OptionSpec {
  /** Long name without dashes */
  readonly name: string;
  readonly short?: string;
  /** `none`: a switch; `one`: needs a value; `optional`: `--load` or `--load=docker` */
  readonly value: 'none' | 'one' | 'optional';
  /** The value of an option that is given without its optional one */
  readonly withoutValue?: string;
  readonly repeatable?: boolean;
  readonly placeholder?: string;
  readonly choices?: readonly string[];
  readonly group: OptionGroup;
  readonly describe: string;
  readonly defaultText?: string;
  /** Command name → the same for commands where it differs */
  readonly perCommand?: Readonly<Record<string, OptionText>>;
  /** Values that completion suggests beside `choices`, which are all that there are */
  readonly suggestions?: readonly string[];
  /** Shown in the overview of `compose help` */
  readonly common?: true;
}

export type OptionText = Pick<OptionSpec, 'defaultText'> & { readonly describe?: string };

const SOURCE: readonly OptionSpec[] = [
  {
    name: 'distro',
    value: 'one',
    placeholder: 'NAME',
    choices: DISTROS,
    group: 'Packages',
    describe: 'Distribution the packages come from',
    defaultText: 'alpine',
    common: true,
  },
  {
    name: 'release',
    value: 'one',
    placeholder: 'NAME',
    group: 'Packages',
    describe: 'Release, as the distribution names it: v3.19, edge, latest-stable',
    defaultText: 'latest-stable; Arch: rolling',
    suggestions: ['latest-stable', 'edge'],
    common: true,
  },
  {
    name: 'solver',
    value: 'one',
    placeholder: 'NAME',
    choices: SOLVERS,
    group: 'Packages',
    describe: 'Choose packages and compare versions as apk 2.14 or apk 3 does (Alpine)',
    defaultText: "as the release's own apk",
  },
  {
    name: 'arch',
    value: 'one',
    placeholder: 'NAME',
    group: 'Packages',
    describe: 'Architecture, as OCI (amd64, arm64) or the distribution (x86_64, aarch64) names it',
    defaultText: "this machine's",
    suggestions: ['amd64', 'arm64', 'arm/v7', 'arm/v6', '386', 'ppc64le', 'riscv64', 's390x', 'loong64'],
    common: true,
  },
  {
    name: 'mirror',
    value: 'one',
    repeatable: true,
    placeholder: 'URL',
    group: 'Packages',
    describe: 'Mirror to use instead of the official one; several are tried in order',
  },
  {
    name: 'repo',
    value: 'one',
    repeatable: true,
    placeholder: 'URL|DIR|NAME',
    group: 'Packages',
    describe:
      'Repository, in order of priority, instead of the default ones: a URL, folder, "@tag URL" line, oci:// mirror or default repository (main)',
  },
  {
    name: 'keyring',
    value: 'one',
    repeatable: true,
    placeholder: 'DIR',
    group: 'Packages',
    describe: "Folder of trusted keys, instead of the distribution's own keys",
  },
  {
    name: 'keyring-append',
    value: 'one',
    repeatable: true,
    placeholder: 'DIR',
    group: 'Packages',
    describe: "Folder of keys to trust in addition to the distribution's own",
  },
  {
    name: 'allow-untrusted',
    value: 'none',
    group: 'Packages',
    describe: 'Accept packages and indexes that are unsigned or signed with unknown keys',
  },
  {
    name: 'sig-level',
    value: 'one',
    placeholder: 'WORDS',
    group: 'Packages',
    describe: "pacman's SigLevel words (Arch)",
    defaultText: 'Required DatabaseOptional',
  },
];

const IMAGE: readonly OptionSpec[] = [
  {
    name: 'base',
    value: 'one',
    placeholder: 'MODE',
    choices: BASE_MODES,
    group: 'Image',
    describe:
      'Packages to add for a usable image: a shell and users (minimal), those of the distribution’s own container image (system), or none',
    defaultText: 'minimal',
  },
  {
    name: 'tag',
    short: 't',
    value: 'one',
    repeatable: true,
    placeholder: 'NAME',
    group: 'Image',
    describe: 'Image name',
    defaultText: 'pkgcompose/<first package>:latest',
    common: true,
  },
  {
    name: 'layers',
    value: 'one',
    placeholder: 'MODE',
    choices: LAYER_MODES,
    group: 'Image',
    describe:
      'One layer per package (package), small packages bundled (auto), or all in one (bundle; single: with the install layer)',
    defaultText: 'package',
  },
  {
    name: 'max-layers',
    value: 'one',
    placeholder: 'N',
    group: 'Image',
    describe: 'Maximum number of layers, 1 to 125; further packages are bundled',
    defaultText: '100',
  },
  {
    name: 'layer-encoding',
    value: 'one',
    placeholder: 'NAME',
    choices: LAYER_ENCODINGS,
    group: 'Image',
    describe: 'Layer compression; keep: the archives as they are',
    defaultText: 'keep',
  },
  {
    name: 'install',
    value: 'one',
    placeholder: 'MODE',
    choices: INSTALL_MODES,
    group: 'Image',
    describe:
      'When package scripts run: all later in the container (deferred), the predictable ones now (static), or all now in a sandbox (run)',
    defaultText: 'static',
  },
  {
    name: 'no-scripts',
    value: 'none',
    group: 'Image',
    describe: 'Omit package scripts, triggers and hooks',
  },
  {
    name: 'no-database',
    value: 'none',
    group: 'Image',
    describe: 'Omit the package manager’s database',
  },
  {
    name: 'prefix',
    value: 'one',
    placeholder: 'DIR',
    group: 'Image',
    describe: 'Install the packages below this directory',
    defaultText: '/',
  },
  {
    name: 'env',
    short: 'e',
    value: 'one',
    repeatable: true,
    placeholder: 'NAME=VALUE',
    group: 'Image',
    describe: 'Set an environment variable',
  },
  {
    name: 'entrypoint',
    value: 'one',
    placeholder: 'COMMAND',
    group: 'Image',
    describe: 'Entrypoint: a JSON array, or a shell command',
  },
  {
    name: 'cmd',
    value: 'one',
    placeholder: 'COMMAND',
    group: 'Image',
    describe: 'Default command: a JSON array, or a shell command',
    defaultText: 'a shell',
  },
  { name: 'user', value: 'one', placeholder: 'USER[:GROUP]', group: 'Image', describe: 'User to run as' },
  { name: 'workdir', value: 'one', placeholder: 'PATH', group: 'Image', describe: 'Working directory' },
  {
    name: 'label',
    value: 'one',
    repeatable: true,
    placeholder: 'NAME=VALUE',
    group: 'Image',
    describe: 'Add a label to the image',
  },
  {
    name: 'expose',
    value: 'one',
    repeatable: true,
    placeholder: 'PORT',
    group: 'Image',
    describe: 'Declare a port: 80, 53/udp',
  },
  {
    name: 'annotation',
    value: 'one',
    repeatable: true,
    placeholder: 'NAME=VALUE',
    group: 'Image',
    describe: 'Add an annotation to the manifest',
  },
];

const OUTPUT: readonly OptionSpec[] = [
  {
    name: 'output',
    short: 'o',
    value: 'one',
    placeholder: 'PATH',
    group: 'Output',
    describe: 'File or folder to write; -: standard output',
    defaultText: 'out.tar, or the folder out',
    perCommand: { artifact: { describe: 'File or folder to write', defaultText: 'the current folder' } },
    common: true,
  },
  {
    name: 'format',
    value: 'one',
    placeholder: 'NAME',
    choices: OUTPUT_FORMATS,
    group: 'Output',
    describe: 'One tar that every engine loads, or an OCI layout folder',
    defaultText: 'tar',
  },
  {
    name: 'load',
    value: 'optional',
    withoutValue: 'auto',
    placeholder: 'ENGINE',
    choices: ['docker', 'podman', 'auto'],
    group: 'Output',
    describe: 'Load the image into docker or podman; no file is written unless --output or --format is given',
    common: true,
  },
  {
    name: 'push',
    value: 'one',
    repeatable: true,
    placeholder: 'REG/NAME:TAG',
    group: 'Output',
    describe: 'Push the image to a registry; no file is written unless --output or --format is given',
    common: true,
  },
  {
    name: 'store',
    value: 'one',
    placeholder: 'REG/PACKAGES',
    group: 'Output',
    describe: 'Repository that holds each package once; pushed images mount packages from it',
    defaultText: '$PKGCOMPOSE_STORE',
  },
  {
    name: 'dry-run',
    value: 'none',
    group: 'Output',
    describe: 'Show what would be composed; write nothing',
    common: true,
  },
];

const REGISTRY: readonly OptionSpec[] = [
  {
    name: 'insecure',
    value: 'none',
    group: 'Registry',
    describe: 'Allow plain HTTP, and skip certificate verification',
  },
  {
    name: 'ca',
    value: 'one',
    placeholder: 'FILE',
    group: 'Registry',
    describe: "Certificate authorities (PEM) to trust in addition to the system's",
  },
  {
    name: 'cert',
    value: 'one',
    placeholder: 'FILE',
    group: 'Registry',
    describe: 'Client certificate (PEM)',
  },
  {
    name: 'key',
    value: 'one',
    placeholder: 'FILE',
    group: 'Registry',
    describe: 'Private key (PEM) of the client certificate',
  },
];

const MIRROR: readonly OptionSpec[] = [
  {
    name: 'to',
    value: 'one',
    placeholder: 'REG/NAME[:TAG]',
    group: 'Registry',
    describe: 'Registry repository to mirror into',
    defaultText: "the release's tag",
  },
];

const ARTIFACT: readonly OptionSpec[] = [
  {
    name: 'artifact-type',
    value: 'one',
    placeholder: 'TYPE',
    group: 'Registry',
    describe: 'Media type that says what the artifact is',
    defaultText: 'application/vnd.unknown.artifact.v1',
  },
  {
    name: 'subject',
    value: 'one',
    placeholder: 'REF',
    group: 'Registry',
    describe: 'Attach the artifact to an image or artifact in the same repository; no tag is needed then',
  },
  {
    name: 'title',
    value: 'one',
    repeatable: true,
    placeholder: 'NAME',
    group: 'Registry',
    describe: 'Save only the file with this name; --output may give it a new one',
  },
  {
    name: 'no-unpack',
    value: 'none',
    group: 'Registry',
    describe: 'Save folders as the archives they are stored as',
  },
  {
    name: 'keep-old-files',
    value: 'none',
    group: 'Registry',
    describe: 'Never overwrite: a different file in the way is an error',
  },
];

const LOGIN: readonly OptionSpec[] = [
  {
    name: 'username',
    short: 'u',
    value: 'one',
    placeholder: 'USER',
    group: 'Registry',
    describe: 'User name',
    defaultText: 'prompt',
  },
  {
    name: 'password-stdin',
    value: 'none',
    group: 'Registry',
    describe: 'Read the password from standard input instead of prompting',
  },
];

const CATALOG: readonly OptionSpec[] = [
  {
    name: 'trust-catalog',
    value: 'none',
    group: 'Registry',
    describe: 'Accept the catalog by tag, trusting its publisher, instead of pinning a digest',
  },
];

const CACHE: readonly OptionSpec[] = [
  {
    name: 'repair',
    value: 'none',
    group: 'Cache',
    describe: 'Remove damaged blobs, so that they are fetched again',
  },
  {
    name: 'max-size',
    value: 'one',
    placeholder: 'SIZE',
    group: 'Cache',
    describe: 'Shrink the cache to this size, least recently used first: 500MB, 10G, 1.5GiB',
  },
];

const SEARCH: readonly OptionSpec[] = [
  {
    name: 'regex',
    value: 'none',
    group: 'Query',
    describe: 'Treat the words as regular expressions (JavaScript)',
  },
  {
    name: 'limit',
    value: 'one',
    placeholder: 'N',
    group: 'Query',
    describe: 'Maximum number of packages; 0: all',
    defaultText: '50',
  },
  {
    name: 'long',
    short: 'l',
    value: 'none',
    group: 'Query',
    describe: 'Show type, mode, size and link target',
  },
  {
    name: 'files',
    value: 'none',
    group: 'Query',
    describe: 'Also fetch the file lists of all packages, for files and owns (Arch)',
    perCommand: { diff: { describe: 'List the files that differ' } },
  },
];

const RELATIONS: readonly OptionSpec[] = [
  {
    name: 'tree',
    value: 'none',
    group: 'Query',
    describe: 'Resolve, and show everything that would be installed as a tree',
  },
  {
    name: 'recursive',
    value: 'none',
    group: 'Query',
    describe: 'Follow dependents of dependents too',
  },
  {
    name: 'depth',
    value: 'one',
    placeholder: 'N',
    group: 'Query',
    describe: 'Maximum depth',
  },
  {
    name: 'optional',
    value: 'none',
    group: 'Query',
    describe: 'Include optional dependencies (Arch)',
  },
  {
    name: 'in',
    value: 'one',
    repeatable: true,
    placeholder: 'PKG,…',
    group: 'Query',
    describe: 'Packages that are installed together',
  },
  {
    name: 'all',
    value: 'none',
    group: 'Query',
    describe: 'Show a chain for every relation that requires the package, not just the shortest',
    perCommand: { mirror: { describe: 'Mirror every package of the repositories' } },
  },
  {
    name: 'labels',
    value: 'none',
    group: 'Query',
    describe: 'Label the edges with the relations',
  },
];

const IMAGES: readonly OptionSpec[] = [
  {
    name: 'platform',
    value: 'one',
    placeholder: 'OS/ARCH',
    group: 'Query',
    describe: 'Platform to choose from a multi-platform image: linux/arm64, windows/amd64',
  },
  {
    name: 'raw',
    value: 'none',
    group: 'Query',
    describe: 'Print the manifest or index byte for byte',
  },
  {
    name: 'referrers',
    value: 'none',
    group: 'Query',
    describe: 'Also list referrers: signatures, SBOMs, attestations',
  },
];

const VERSIONS: readonly OptionSpec[] = [
  {
    name: 'validate',
    value: 'none',
    group: 'Query',
    describe: 'Check whether each is a valid version',
  },
  {
    name: 'batch',
    value: 'none',
    group: 'Query',
    describe: 'Read queries from standard input, one per line, and write one answer per line',
  },
];

const HELP: readonly OptionSpec[] = [
  { name: 'man', value: 'none', group: 'General', describe: 'Print everything as a manual page (roff)' },
];

const GENERAL: readonly OptionSpec[] = [
  {
    name: 'cache',
    value: 'one',
    placeholder: 'DIR',
    group: 'General',
    describe: 'Folder for the cache and catalog',
    defaultText: '$PKGCOMPOSE_CACHE',
  },
  {
    name: 'json',
    value: 'none',
    group: 'General',
    describe: 'Print one JSON document, also for errors (docs/json.md)',
  },
  {
    name: 'quiet',
    short: 'q',
    value: 'none',
    group: 'General',
    describe: 'Print only the essential result: a digest, names, or nothing but the exit code',
  },
  { name: 'no-progress', value: 'none', group: 'General', describe: 'Show notes but no progress' },
  {
    name: 'verbose',
    value: 'none',
    group: 'General',
    describe: 'Show every layer, and the full cause of errors',
  },
  { name: 'help', short: 'h', value: 'none', group: 'General', describe: 'Show help' },
  { name: 'version', short: 'V', value: 'none', group: 'General', describe: 'Print the version' },
];

export const OPTIONS: ReadonlyMap<string, OptionSpec> = new Map(
  [
    ...SOURCE,
    ...IMAGE,
    ...OUTPUT,
    ...REGISTRY,
    ...LOGIN,
    ...ARTIFACT,
    ...MIRROR,
    ...CATALOG,
    ...CACHE,
    ...SEARCH,
    ...RELATIONS,
    ...IMAGES,
    ...VERSIONS,
    ...HELP,
    ...GENERAL,
  ].map((option) => [option.name, option]),
);

const names = (options: readonly OptionSpec[]): readonly string[] => options.map((option) => option.name);

/** What an option means to a command. */
export function optionFor(option: OptionSpec, command: string): OptionSpec {
  return { ...option, ...option.perCommand?.[command] };
}

/** Packages may come from a registry too. */
export const SOURCE_OPTIONS = names([...SOURCE, ...REGISTRY]);
export const IMAGE_OPTIONS = names(IMAGE);
export const OUTPUT_OPTIONS = names(OUTPUT);
export const REGISTRY_OPTIONS = names(REGISTRY);
export const GENERAL_OPTIONS = names(GENERAL);
