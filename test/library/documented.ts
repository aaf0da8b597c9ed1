import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SRC = join(import.meta.dirname, '../../src/library');

/** A function of the library as its comment describes it. */
export interface DocumentedFunction {
  readonly name: string;
  /** The comment's first sentence */
  readonly summary: string;
  /** Code of its example */
  readonly example: string;
}

const FUNCTION =
  /\/\*\*\n((?: \* .*\n)+?) \* @example\n((?: \* .*\n)+?) \*\/\nexport (?:async )?function (\w+)/g;

const withoutStars = (lines: string): string => lines.replace(/^ \* /gm, '').trimEnd();

/** Every function of the library, by file and place in it. */
export function documentedFunctions(): readonly DocumentedFunction[] {
  return globSync('*.ts', { cwd: SRC })
    .sort()
    .flatMap((file) =>
      [...readFileSync(join(SRC, file), 'utf8').matchAll(FUNCTION)].map(
        ([, text = '', code = '', name = '']) => ({
          name,
          summary: withoutStars(text).replaceAll('\n', ' '),
          example: withoutStars(code),
        }),
      ),
    );
}

/** The `ts` blocks of a page, in order. */
export function codeBlocks(page: string): readonly string[] {
  return [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code.trimEnd());
}
