import { choice, integer, refuse } from '../../app/settings/setting-values.ts';
import { type ComposeSettings, SETTINGS } from '../../app/settings/settings.ts';
import { AppError } from '../../model/app-error.ts';
import type { Words } from './command-line.ts';
import { REGISTRY_OPTIONS } from './options.ts';
import { accessFromWords, pushName, storeFromWords } from './registry-words.ts';

/** Real chains stay below 100; a line of a tree is as long as it is deep. */
export const MAX_DEPTH = 500;

const ENGINES = ['docker', 'podman', 'auto'] as const;

/** The settings that the given options say; what is not given is absent. @throws AppError USAGE */
export function settingsFromWords(words: Words): ComposeSettings {
  const parts: ComposeSettings[] = [];
  for (const { flag, parse } of SETTINGS) {
    const texts = flag === '' ? undefined : words.options.get(flag);
    if (texts !== undefined) parts.push(parse(texts, `--${flag}`));
  }
  if (REGISTRY_OPTIONS.some((name) => words.options.has(name)))
    parts.push({ access: accessFromWords(words) });
  const load = words.options.get('load');
  if (load !== undefined) parts.push({ load: choice(ENGINES, load, '--load') });
  const push = words.options.get('push');
  if (push !== undefined) {
    const access = accessFromWords(words);
    parts.push({ push: { references: push.map(pushName), access, ...storeFromWords(words) } });
  } else if (words.options.has('store')) {
    refuse({
      where: '--store',
      expected: '--push REG/NAME:TAG with it, since a store only serves pushed images',
      got: words.options.get('store')?.at(-1) ?? '',
    });
  }
  if (words.options.has('dry-run')) parts.push({ dryRun: true });
  return parts.reduce((all, part) => Object.assign(all, part), {});
}

/** @throws AppError USAGE unless the number of arguments is right */
export function checkArguments(
  args: readonly string[],
  expected: { readonly command: string; readonly what: string; readonly atMost: number },
): void {
  const { command, what, atMost } = expected;
  if (args.length >= 1 && args.length <= atMost) return;
  const got = args.length === 0 ? 'none' : JSON.stringify(args.join(' '));
  throw new AppError('USAGE', `compose ${command}: expected ${what}, got ${got}`, {
    hint: `compose ${command} --help shows the usage`,
    details: { expected: what, got: args },
  });
}

/** Levels to follow; `fallback` where the option is not given. @throws AppError USAGE */
export function depthFromWords(words: Words, fallback: number): number {
  const texts = words.options.get('depth');
  return texts === undefined ? fallback : integer({ from: 1, to: MAX_DEPTH }, texts, '--depth');
}
