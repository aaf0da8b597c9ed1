import * as read from '../../../app/settings/setting-values.ts';
import {
  BASE_MODES,
  type ComposeSettings,
  INSTALL_MODES,
  LAYER_ENCODINGS,
  LAYER_MODES,
  solverNames,
  sourceOptions,
} from '../../../app/settings/settings.ts';
import { parseYamlMap, readSettingsFile } from '../../../app/settings/yaml-file.ts';
import { familyIds } from '../../../distros/families.ts';
import type { SourceOptions } from '../../../model/request.ts';
import { ACCESS, HTTP_URL } from './access.ts';
import { BEHIND } from './behind.ts';
import { LIMITS, LOG, NETWORK, TLS, YES_NO } from './front.ts';
import { list, mapped, PATH, recipeSetting, type Schema, section, type ValueOf, word } from './kinds.ts';
import { DURATION, GC, QUOTAS } from './storage.ts';

const FILE = {
  noun: 'configuration',
  depth: 'configurations are a few levels deep',
  hint: 'Give the path of a configuration file, as in: compose serve --config serve.yaml (docs/deploy.md)',
};

const WORD = word(read.word);

const DISTRIBUTION = section({
  distro: {
    kind: recipeSetting('distro', { enum: familyIds() }),
    describe: 'Distribution that the packages come from',
  },
  releases: {
    kind: list(WORD),
    describe: "Releases, the default one first; default: the distribution's own",
  },
  architectures: {
    kind: list(WORD),
    describe: "Architectures, in the words of OCI or the distribution; default: this machine's",
  },
  mirrors: { kind: recipeSetting('mirrors'), describe: 'Mirrors to use instead of the official one' },
  repositories: {
    kind: recipeSetting('repositories'),
    describe: 'Repositories to use instead of the default ones, in order of priority',
  },
  keyring: {
    kind: recipeSetting('keyring'),
    describe: "Folders of trusted keys, instead of the distribution's own keys",
  },
  'keyring-append': {
    kind: recipeSetting('keyring-append'),
    describe: "Folders of keys to trust in addition to the distribution's own",
  },
  'allow-untrusted': {
    kind: recipeSetting('allow-untrusted'),
    describe: 'Accept packages and indexes that are unsigned or signed with unknown keys',
  },
  'sig-level': { kind: recipeSetting('sig-level'), describe: "pacman's SigLevel words (Arch)" },
  solver: {
    kind: recipeSetting('solver', { enum: solverNames() }),
    describe: 'Choose packages and compare versions like apk 2.14 or apk 3 (Alpine)',
  },
});

/** Returns a source for every release and architecture, the default release first. */
function sourcesOf(distribution: ValueOf<typeof DISTRIBUTION>): readonly SourceOptions[] {
  const { releases = [''], architectures = [''], ...settings } = distribution;
  const common: ComposeSettings = Object.values(settings).reduce((all, one) => Object.assign(all, one), {});
  return releases.flatMap((release) =>
    architectures.map((architecture) => sourceOptions({ ...common, release, architecture })),
  );
}

/** Settings of composed images. */
const IMAGE = mapped(
  section({
    base: {
      kind: recipeSetting('base', { enum: BASE_MODES }),
      describe: 'Packages to add for a usable image: minimal (default), system or none',
    },
    layers: {
      kind: recipeSetting('layers', { enum: LAYER_MODES }),
      describe: 'What a layer holds',
    },
    'max-layers': {
      kind: recipeSetting('max-layers', { type: 'integer', minimum: 1, maximum: 125 }),
      describe: 'Most layers of an image',
    },
    'layer-encoding': {
      kind: recipeSetting('layer-encoding', { enum: LAYER_ENCODINGS }),
      describe: 'Compression of layers',
    },
    install: {
      kind: recipeSetting('install', { enum: INSTALL_MODES }),
      describe: "When the packages' scripts run",
    },
    'no-scripts': { kind: recipeSetting('no-scripts'), describe: "Never run the packages' scripts" },
    'no-database': {
      kind: recipeSetting('no-database'),
      describe: "Leave out the package manager's database",
    },
  }),
  (settings): ComposeSettings => Object.values(settings).reduce((all, one) => Object.assign(all, one), {}),
);

/** Everything that a configuration file can say. The schema (docs/serve.schema.json) is made from it. */
const CONFIG = section({
  listen: {
    kind: word(read.listenAddress, { type: 'string' }),
    describe: 'Address to listen on, HOST:PORT; default: 127.0.0.1:5000',
  },
  distributions: {
    kind: mapped(list(DISTRIBUTION), (all) => all.flatMap(sourcesOf)),
    describe: 'Distributions whose packages are composed, the default one first',
  },
  'files-from': {
    kind: list(WORD),
    describe:
      'Repositories of registries whose files are served below /files/: REG/NAME or REG/NAME:TAG, with *',
  },
  url: {
    kind: HTTP_URL,
    describe: 'Address by which clients reach the server; default: the one that they say',
  },
  access: { kind: ACCESS, describe: 'Who may do what; default: everybody everything' },
  tls: { kind: TLS, describe: 'TLS; default: plain HTTP' },
  'plain-http': {
    kind: YES_NO,
    describe: 'Take passwords over plain HTTP from other machines: a proxy before the server speaks TLS',
  },
  proxies: {
    kind: list(NETWORK),
    describe: 'Addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto count',
  },
  limits: { kind: LIMITS, describe: 'Limits of each client; default: none' },
  gc: {
    kind: GC,
    describe: 'Collect garbage while serving: nothing goes that a stored image refers to; default: never',
  },
  quotas: { kind: QUOTAS, describe: 'What may be stored; default: no limit' },
  'access-log': {
    kind: LOG,
    describe: 'Log of requests, a JSON object in a line each: a file, or stderr; default: none',
  },
  behind: { kind: BEHIND, describe: 'Registry behind the server; default: none' },
  recipes: { kind: PATH, describe: 'Folder or Git checkout whose recipes are served' },
  refresh: {
    kind: DURATION,
    describe: 'Time between two looks for newer indexes: 15m (default), 6h; 0: never',
  },
  image: { kind: IMAGE, describe: 'Composed images, where a name or a recipe says nothing else' },
});

/** What a configuration file said; absent: the default. */
export type ServeConfig = ValueOf<typeof CONFIG>;

/** Parses the text of a configuration file. @param path for messages @throws AppError USAGE with line and column, LIMIT */
export async function parseServeConfig(text: string, path: string): Promise<ServeConfig> {
  const { reading, map } = await parseYamlMap(text, path, FILE);
  return CONFIG.read(reading, map, '');
}

/** Reads and checks a configuration file, YAML or JSON. @throws AppError USAGE, LIMIT */
export async function readServeConfig(path: string): Promise<ServeConfig> {
  return parseServeConfig(await readSettingsFile(path, FILE), path);
}

/** Returns the JSON Schema of configuration files, as the text of a file. */
export function serveConfigSchema(): string {
  const schema: Schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of compose serve',
    ...CONFIG.schema,
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
