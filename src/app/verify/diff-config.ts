import type { ConfigDifference } from '../../model/diff-report.ts';
import type { ImageConfig } from '../../output/image-json.ts';
import type { ImageSource } from '../../output/image-source.ts';

/** Keys of a config about layers, which are compared by themselves. */
const OF_LAYERS = new Set(['rootfs', 'history']);

type Documents = Pick<ImageSource, 'config' | 'manifest'>;

/** Lists settings of config and manifest that differ, sorted by key. */
export function diffConfig(a: Documents, b: Documents): readonly ConfigDifference[] {
  const [from, to] = [settingsOf(a), settingsOf(b)];
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((key) => from.get(key) !== to.get(key))
    .sort()
    .map((key) => ({ key, from: from.get(key) ?? null, to: to.get(key) ?? null }));
}

/** Returns the settings for containers, by the names of OCI image-spec "Image Configuration": `Cmd`, `Env PATH`. */
export function configSettings({ json }: Pick<ImageConfig, 'json'>): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(json)) {
    // Go ignores the case of keys.
    if (key.toLowerCase() !== 'config') continue;
    for (const [name, setting] of Object.entries(value ?? {})) flatten(found, name, setting);
  }
  return Object.fromEntries(found);
}

/** Returns one setting per key: variables, labels and ports by their names, everything else as JSON. */
function settingsOf({ config, manifest }: Documents): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(config.json)) {
    if (OF_LAYERS.has(key)) continue;
    if (key !== 'config') found.set(key, textOf(value));
    else for (const [name, setting] of Object.entries(value ?? {})) flatten(found, `config.${name}`, setting);
  }
  for (const [key, value] of Object.entries(manifest.annotations)) found.set(`annotation ${key}`, value);
  return found;
}

/** Lists differences of descriptors and history between images with the same layers. */
export function diffDescriptors(a: Documents, b: Documents): readonly ConfigDifference[] {
  const [from, to] = [describedLayers(a), describedLayers(b)];
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((key) => from.get(key) !== to.get(key))
    .map((key) => ({ key, from: from.get(key) ?? null, to: to.get(key) ?? null }));
}

function describedLayers({ config, manifest }: Documents): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  manifest.layers.forEach(({ mediaType, annotations = {} }, index) => {
    found.set(`layer ${index} media type`, mediaType);
    for (const [key, value] of Object.entries(annotations))
      found.set(`layer ${index} annotation ${key}`, value);
  });
  found.set('config media type', manifest.config.mediaType);
  if (config.json.history !== undefined) found.set('history', textOf(config.json.history));
  return found;
}

function flatten(found: Map<string, string>, key: string, value: unknown): void {
  if (/^(?:config\.)?env$/i.test(key) && Array.isArray(value)) {
    for (const setting of value.map(String)) {
      const [name = ''] = setting.split('=', 1);
      const [path, text] = [`${key} ${name}`, setting.slice(name.length + 1)];
      const before = found.get(path);
      found.set(path, before === undefined ? text : `${before}, and again ${text}`);
    }
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [name, setting] of Object.entries(value)) found.set(`${key} ${name}`, textOf(setting));
  } else found.set(key, textOf(value));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
