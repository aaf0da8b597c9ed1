/** Words that mean all architectures: apk's, pacman's, and those of other builders. */
const WORDS: ReadonlySet<string> = new Set(['noarch', 'any', 'all']);

/** Returns whether a word in a package's metadata means all architectures. */
export function isAnyArchitecture(word: string): boolean {
  return WORDS.has(word);
}
