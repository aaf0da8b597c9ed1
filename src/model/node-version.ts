/** Node.js 24: native zstd in node:zlib, and better-sqlite3's prebuilt module crashes below it. */
export const REQUIRED_NODE_MAJOR = 24;

/** What to tell the user about this Node.js; empty when it will do. Runs on any Node.js. */
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
