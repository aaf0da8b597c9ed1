import { dirname, isAbsolute, join } from 'node:path';
import type { Pair } from 'yaml';
import { refuse } from './setting-values.ts';
import { type ComposeSettings, SETTINGS, type Setting } from './settings.ts';
import {
  follow,
  knownPair,
  listTexts,
  parseYamlMap,
  place,
  type Reading,
  readSettingsFile,
  scalarText,
} from './yaml-file.ts';

const RECIPE = {
  noun: 'recipe',
  depth: 'recipes are two levels deep',
  hint: 'Give the path of a recipe file, as in: compose build recipes/alpine-gcc.yaml',
};

function pairTexts(reading: Reading, node: unknown, key: string): string[] {
  if (!reading.yaml.isMap(node)) return listTexts(reading, node, key);
  return node.items.map((pair) => {
    const name = scalarText(reading, pair.key, key);
    if (name.includes('='))
      refuse({ where: `${place(reading, pair.key)}: ${key}`, expected: 'a name without =', got: name });
    return `${name}=${scalarText(reading, pair.value ?? pair.key, `${key}.${name}`)}`;
  });
}

/** Returns the texts that the flag would be given. */
function textsOf(reading: Reading, node: unknown, { key, shape }: Setting): string[] {
  const { yaml } = reading;
  if (shape === 'list') return listTexts(reading, node, key);
  if (shape === 'pairs') return pairTexts(reading, node, key);
  if (shape === 'command' && yaml.isSeq(node)) return [JSON.stringify(listTexts(reading, node, key))];
  return [scalarText(reading, node, key)];
}

/** Makes a local path relative to the folder of the file that names it; URLs and `@tag url` lines stay unchanged. */
function relocate(text: string, folder: string, path: Setting['path']): string {
  if (path === 'local') return isAbsolute(text) ? text : join(folder, text);
  const [, tag, location] = /^(@\S+\s+)?(.*)$/s.exec(text) ?? [];
  if (
    location === undefined ||
    location === '' ||
    isAbsolute(location) ||
    /^[a-z][a-z0-9+.-]*:/i.test(location)
  ) {
    return text;
  }
  return `${tag ?? ''}${join(folder, location)}`;
}

/** Reads the value of a setting that a file has. Relative paths are relative to the file's folder. @throws AppError USAGE */
export function readSetting(reading: Reading, value: unknown, setting: Setting): ComposeSettings {
  const { key, path, parse } = setting;
  const texts = textsOf(reading, follow(reading, value), setting);
  if (key === 'packages' && texts.length === 0) {
    refuse({ where: `${place(reading, value)}: ${key}`, expected: 'at least one package', got: undefined });
  }
  const located =
    path === undefined ? texts : texts.map((text) => relocate(text, dirname(reading.path), path));
  return parse(located, `${place(reading, value)}: ${key}`);
}

const KEYS = SETTINGS.map(({ key }) => key);
const FLAGS = new Map(SETTINGS.map(({ flag, key }) => [flag, key]));

function readPair(reading: Reading, pair: Pair): ComposeSettings {
  const { key, value } = knownPair(reading, pair, KEYS, FLAGS);
  const setting = SETTINGS.find((candidate) => candidate.key === key) as Setting;
  return readSetting(reading, value, setting);
}

/** Parses the text of a recipe. @param path for messages @throws AppError USAGE with line and column, LIMIT */
export async function parseRecipe(text: string, path: string): Promise<ComposeSettings> {
  const { reading, map } = await parseYamlMap(text, path, RECIPE);
  const settings: ComposeSettings[] = map.items.map((pair) => readPair(reading, pair));
  return settings.reduce((all, setting) => Object.assign(all, setting), {});
}

/** Reads and checks a recipe. Relative paths in it are relative to its folder. @throws AppError USAGE, LIMIT */
export async function readRecipe(path: string): Promise<ComposeSettings> {
  return parseRecipe(await readSettingsFile(path, RECIPE), path);
}
