import { globSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
/** How the name of a test file ends whose tests take long or need real tools: engines, package managers, registries, stress. */
const SLOW = '.slow.test.ts';

export type Extent = 'quick' | 'all';

export interface ChosenFiles {
  readonly run: readonly string[];
  /** Slow files that were left out */
  readonly leftOut: readonly string[];
}

/**
 * Test files, by their paths below the checkout, sorted.
 * @param words files and folders; none: all of test/. A file that is named runs whatever it is.
 */
export function chooseTestFiles(extent: Extent, words: readonly string[] = []): ChosenFiles {
  const named = words.filter((word) => word.endsWith('.ts'));
  const folders = words.length === 0 ? ['test'] : words.filter((word) => !word.endsWith('.ts'));
  const found = folders.flatMap((folder) =>
    globSync(`${folder.replace(/\/+$/, '')}/**/*.test.ts`, { cwd: ROOT }),
  );
  const isChosen = (file: string) => extent === 'all' || !file.endsWith(SLOW);
  return {
    run: [...new Set([...named, ...found.filter(isChosen)])].sort(),
    leftOut: found.filter((file) => !isChosen(file) && !named.includes(file)).sort(),
  };
}
