import { refuse } from '../app/setting-values.ts';
import type { Words } from './command-line.ts';

/** `linux/arm64` of `--platform linux/arm64` or `--platform arm64`; empty: not given. @throws AppError USAGE */
export function platformFromWords(words: Words): string {
  const got = words.options.get('platform')?.at(-1);
  if (got === undefined) return '';
  if (!/^[a-z0-9_]+(?:\/[a-z0-9_.]+){0,2}$/.test(got)) {
    refuse({ where: '--platform', expected: 'a platform such as linux/arm64 or linux/arm/v7', got });
  }
  return got.startsWith('linux') ? got : `linux/${got}`;
}
