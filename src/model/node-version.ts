/** Oldest supported Node.js: it has native zstd in node:zlib, and better-sqlite3's prebuilt module crashes older ones. */
export const REQUIRED_NODE_MAJOR = 24;

/** Returns the message for a Node.js that is too old; empty if it is not. Runs on any Node.js. */
export function nodeVersionProblem(version: string): string {
  const major = Number.parseInt(version, 10);
  if (major >= REQUIRED_NODE_MAJOR) return '';
  return [
    `error: pkgcompose needs Node.js ${REQUIRED_NODE_MAJOR} or newer, got ${version}`,
    'hint: Start it with ./compose (or the installed `compose`), which gets Node.js 24 by itself,',
    '      or install it: npm install --global node@24',
    '',
  ].join('\n');
}
