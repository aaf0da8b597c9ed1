/** Words for packages of every architecture: apk's, pacman's, and what other builders write. */
const WORDS: ReadonlySet<string> = new Set(['noarch', 'any', 'all']);

/** Whether a word of a package's metadata stands for every architecture. */
export function isAnyArchitecture(word: string): boolean {
  return WORDS.has(word);
}
