import type { ConfigDifference } from '../model/diff-report.ts';
import type { ImageSource } from '../output/image-source.ts';

/** What of a config is about the layers, which are compared by themselves. */
const OF_LAYERS = new Set(['rootfs', 'history']);

type Documents = Pick<ImageSource, 'config' | 'manifest'>;

/** Settings of config and manifest that differ, sorted by key. */
export function diffConfig(a: Documents, b: Documents): readonly ConfigDifference[] {
  const [from, to] = [settingsOf(a), settingsOf(b)];
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((key) => from.get(key) !== to.get(key))
    .sort()
    .map((key) => ({ key, from: from.get(key) ?? null, to: to.get(key) ?? null }));
}

/** One setting a key: variables, labels and ports by their names, all else as JSON. */
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

function flatten(found: Map<string, string>, key: string, value: unknown): void {
  if (key === 'config.Env' && Array.isArray(value)) {
    for (const setting of value.map(String)) {
      const [name = ''] = setting.split('=', 1);
      found.set(`${key} ${name}`, setting.slice(name.length + 1));
    }
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [name, setting] of Object.entries(value)) found.set(`${key} ${name}`, textOf(setting));
  } else found.set(key, textOf(value));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
