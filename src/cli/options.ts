import { DISTROS, INSTALL_MODES, LAYER_ENCODINGS, LAYER_MODES, OUTPUT_FORMATS } from '../app/settings.ts';

export type OptionGroup = 'Packages' | 'Image' | 'Output' | 'Registry' | 'Cache' | 'Question' | 'General';

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
}

const SOURCE: readonly OptionSpec[] = [
  {
    name: 'distro',
    value: 'one',
    placeholder: 'NAME',
    choices: DISTROS,
    group: 'Packages',
    describe: 'Distribution the packages come from',
    defaultText: 'alpine',
  },
  {
    name: 'release',
    value: 'one',
    placeholder: 'NAME',
    group: 'Packages',
    describe: "Release in the distribution's word: v3.19, edge, latest-stable; rolling",
    defaultText: 'latest-stable, rolling',
  },
  {
    name: 'arch',
    value: 'one',
    placeholder: 'NAME',
    group: 'Packages',
    describe: 'Architecture, as OCI (amd64, arm64, arm/v7) or the distribution (x86_64, aarch64) names it',
    defaultText: "this machine's",
  },
  {
    name: 'mirror',
    value: 'one',
    repeatable: true,
    placeholder: 'URL',
    group: 'Packages',
    describe: 'Mirror to use in place of the official one; tried in order',
  },
  {
    name: 'repo',
    value: 'one',
    repeatable: true,
    placeholder: 'URL|DIR|NAME',
    group: 'Packages',
    describe:
      'Repository URL, folder, "@tag URL" line, oci:// mirror or one of the default repositories, in order of priority; replaces those',
  },
  {
    name: 'keyring',
    value: 'one',
    placeholder: 'DIR',
    group: 'Packages',
    describe: 'Folder of trusted keys in place of the pinned ones',
  },
  {
    name: 'allow-untrusted',
    value: 'none',
    group: 'Packages',
    describe: 'Accept what is unsigned or signed by unknown keys',
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
    name: 'tag',
    short: 't',
    value: 'one',
    repeatable: true,
    placeholder: 'NAME',
    group: 'Image',
    describe: 'Image name',
    defaultText: 'pkgcompose/<first package>:latest',
  },
  {
    name: 'layers',
    value: 'one',
    placeholder: 'MODE',
    choices: LAYER_MODES,
    group: 'Image',
    describe: 'A layer for each package, bundles of packages, or one layer',
    defaultText: 'package',
  },
  {
    name: 'max-layers',
    value: 'one',
    placeholder: 'N',
    group: 'Image',
    describe: 'Most layers in the image, 1 to 125; more packages than that are bundled',
    defaultText: '100',
  },
  {
    name: 'layer-encoding',
    value: 'one',
    placeholder: 'NAME',
    choices: LAYER_ENCODINGS,
    group: 'Image',
    describe: 'Compression of the layers; keep: the archives as they are',
    defaultText: 'keep',
  },
  {
    name: 'install',
    value: 'one',
    placeholder: 'MODE',
    choices: INSTALL_MODES,
    group: 'Image',
    describe:
      'Who runs the packages’ scripts: install.sh in a container, that for what is not known beforehand, or a sandbox now',
    defaultText: 'static',
  },
  {
    name: 'no-scripts',
    value: 'none',
    group: 'Image',
    describe: 'Leave the packages’ scripts, triggers and hooks out',
  },
  {
    name: 'no-database',
    value: 'none',
    group: 'Image',
    describe: 'Leave the package manager’s database out',
  },
  {
    name: 'prefix',
    value: 'one',
    placeholder: 'DIR',
    group: 'Image',
    describe: 'Lay the packages below this directory',
    defaultText: '/',
  },
  {
    name: 'env',
    short: 'e',
    value: 'one',
    repeatable: true,
    placeholder: 'NAME=VALUE',
    group: 'Image',
    describe: 'Environment variable',
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
    describe: 'Label of the image',
  },
  {
    name: 'expose',
    value: 'one',
    repeatable: true,
    placeholder: 'PORT',
    group: 'Image',
    describe: 'Port the image listens on: 80, 53/udp',
  },
  {
    name: 'annotation',
    value: 'one',
    repeatable: true,
    placeholder: 'NAME=VALUE',
    group: 'Image',
    describe: 'Annotation of the manifest',
  },
];

const OUTPUT: readonly OptionSpec[] = [
  {
    name: 'output',
    short: 'o',
    value: 'one',
    placeholder: 'PATH',
    group: 'Output',
    describe: 'File or folder to write',
    defaultText: 'out.tar; the folder out; of artifact: here',
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
    describe:
      'Load the image into docker, podman, or whichever answers; writes no file unless --output or --format asks',
  },
  {
    name: 'push',
    value: 'one',
    repeatable: true,
    placeholder: 'REG/NAME:TAG',
    group: 'Output',
    describe: 'Push the image to a registry; writes no file unless --output or --format asks',
  },
  {
    name: 'store',
    value: 'one',
    placeholder: 'REG/PACKAGES',
    group: 'Output',
    describe: 'Package store in a registry: packages are kept there once, and pushed images mount them',
    defaultText: '$PKGCOMPOSE_STORE',
  },
  {
    name: 'dry-run',
    value: 'none',
    group: 'Output',
    describe: 'Resolve and show what would be composed; write nothing',
  },
];

const REGISTRY: readonly OptionSpec[] = [
  {
    name: 'insecure',
    value: 'none',
    group: 'Registry',
    describe: 'Reach registries without TLS where they have none, and without a look at certificates',
  },
  {
    name: 'ca',
    value: 'one',
    placeholder: 'FILE',
    group: 'Registry',
    describe: "Certificate authorities (PEM) to trust beside the system's",
  },
  {
    name: 'cert',
    value: 'one',
    placeholder: 'FILE',
    group: 'Registry',
    describe: 'Certificate (PEM) to show to the registry',
  },
  {
    name: 'key',
    value: 'one',
    placeholder: 'FILE',
    group: 'Registry',
    describe: 'Its private key (PEM)',
  },
];

const MIRROR: readonly OptionSpec[] = [
  {
    name: 'to',
    value: 'one',
    placeholder: 'REG/NAME[:TAG]',
    group: 'Registry',
    describe: 'Repository of a registry to mirror into',
    defaultText: "the release's tag",
  },
];

const ARTIFACT: readonly OptionSpec[] = [
  {
    name: 'artifact-type',
    value: 'one',
    placeholder: 'TYPE',
    group: 'Registry',
    describe: 'What the artifact is, as a media type',
    defaultText: 'application/vnd.unknown.artifact.v1',
  },
  {
    name: 'subject',
    value: 'one',
    placeholder: 'REF',
    group: 'Registry',
    describe: 'Attach the artifact to this image or artifact of its repository; it needs no tag then',
  },
  {
    name: 'title',
    value: 'one',
    repeatable: true,
    placeholder: 'NAME',
    group: 'Registry',
    describe: 'Only the file of this name; --output may then be its new name',
  },
  {
    name: 'no-unpack',
    value: 'none',
    group: 'Registry',
    describe: 'Save archives of folders as they are',
  },
  {
    name: 'keep-old-files',
    value: 'none',
    group: 'Registry',
    describe: 'Replace no files: another one in the place is an error',
  },
];

const LOGIN: readonly OptionSpec[] = [
  {
    name: 'username',
    short: 'u',
    value: 'one',
    placeholder: 'USER',
    group: 'Registry',
    describe: 'User to log in as',
    defaultText: 'asked for',
  },
  {
    name: 'password-stdin',
    value: 'none',
    group: 'Registry',
    describe: 'Read the password from standard input; without it a terminal is asked',
  },
];

const CATALOG: readonly OptionSpec[] = [
  {
    name: 'trust-catalog',
    value: 'none',
    group: 'Registry',
    describe: 'Believe whoever publishes the catalog, without its digest in the name',
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
    describe: 'Size to shrink the cache to, least recently used first: 500MB, 10G, 1.5GiB',
  },
];

const SEARCH: readonly OptionSpec[] = [
  {
    name: 'regex',
    value: 'none',
    group: 'Question',
    describe: 'The words are regular expressions, as of JavaScript',
  },
  {
    name: 'limit',
    value: 'one',
    placeholder: 'N',
    group: 'Question',
    describe: 'Most packages to show; 0: all',
    defaultText: '50',
  },
  {
    name: 'long',
    short: 'l',
    value: 'none',
    group: 'Question',
    describe: 'With type, mode, size and link target, as the archives have them',
  },
  {
    name: 'files',
    value: 'none',
    group: 'Question',
    describe:
      'index, mirror: the lists of what all packages ship too, for files and owns (Arch); diff: list the files that differ',
  },
];

const RELATIONS: readonly OptionSpec[] = [
  {
    name: 'tree',
    value: 'none',
    group: 'Question',
    describe: 'Resolve, and show the tree of all that would be installed',
  },
  {
    name: 'recursive',
    value: 'none',
    group: 'Question',
    describe: 'What depends on the dependents too, and so on',
  },
  {
    name: 'depth',
    value: 'one',
    placeholder: 'N',
    group: 'Question',
    describe: 'Levels of dependencies to follow',
  },
  {
    name: 'optional',
    value: 'none',
    group: 'Question',
    describe: 'Optional dependencies too (Arch)',
  },
  {
    name: 'in',
    value: 'one',
    repeatable: true,
    placeholder: 'PKG,…',
    group: 'Question',
    describe: 'Packages whose set is asked about',
  },
  {
    name: 'all',
    value: 'none',
    group: 'Question',
    describe:
      'why: a chain for every relation that asks for the package, not only the shortest of all; mirror: every package of the repositories',
  },
  {
    name: 'labels',
    value: 'none',
    group: 'Question',
    describe: 'The relations at the edges',
  },
];

const IMAGES: readonly OptionSpec[] = [
  {
    name: 'platform',
    value: 'one',
    placeholder: 'OS/ARCH',
    group: 'Question',
    describe: 'Of an image for several platforms, the one for this: linux/arm64, linux/arm/v7',
  },
  {
    name: 'raw',
    value: 'none',
    group: 'Question',
    describe: 'Print the manifest or index as it is, byte for byte',
  },
  {
    name: 'referrers',
    value: 'none',
    group: 'Question',
    describe: 'List what refers to it too: signatures, SBOMs, attestations',
  },
];

const VERSIONS: readonly OptionSpec[] = [
  {
    name: 'validate',
    value: 'none',
    group: 'Question',
    describe: 'Ask whether each is a valid version',
  },
  {
    name: 'batch',
    value: 'none',
    group: 'Question',
    describe: 'Read questions from standard input, one a line, and write one answer a line',
  },
];

const GENERAL: readonly OptionSpec[] = [
  {
    name: 'cache',
    value: 'one',
    placeholder: 'DIR',
    group: 'General',
    describe: 'Folder of the cache and catalog',
    defaultText: '$PKGCOMPOSE_CACHE',
  },
  {
    name: 'json',
    value: 'none',
    group: 'General',
    describe: 'Print one JSON document on standard output, errors too',
  },
  {
    name: 'quiet',
    short: 'q',
    value: 'none',
    group: 'General',
    describe: 'No progress and no notes; compose prints the digest alone',
  },
  { name: 'no-progress', value: 'none', group: 'General', describe: 'No progress; notes are kept' },
  {
    name: 'verbose',
    value: 'none',
    group: 'General',
    describe: 'Show every layer, and of an error all that led to it',
  },
  { name: 'help', short: 'h', value: 'none', group: 'General', describe: 'Show help of the command' },
  { name: 'version', value: 'none', group: 'General', describe: 'Show the version' },
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
    ...GENERAL,
  ].map((option) => [option.name, option]),
);

const names = (options: readonly OptionSpec[]): readonly string[] => options.map((option) => option.name);

/** Packages may come from a registry too. */
export const SOURCE_OPTIONS = names([...SOURCE, ...REGISTRY]);
export const IMAGE_OPTIONS = names(IMAGE);
export const OUTPUT_OPTIONS = names(OUTPUT);
export const REGISTRY_OPTIONS = names(REGISTRY);
export const GENERAL_OPTIONS = names(GENERAL);
