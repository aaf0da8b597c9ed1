import { parsePlatform, platformText } from '../../model/platform.ts';
import type { Words } from './command-line.ts';

/** What `--platform` means, in full: `linux/arm64` of `arm64`; empty: not given. @throws AppError USAGE */
export function platformFromWords(words: Words): string {
  const got = words.options.get('platform')?.at(-1);
  return got === undefined ? '' : platformText(parsePlatform(got));
}
