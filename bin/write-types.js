// node bin/write-types.js: writes the library's declarations to dist/types, without those that src/index.ts does not lead to.
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const types = join(root, 'dist/types');

rmSync(types, { recursive: true, force: true });
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.types.json'], {
  cwd: root,
  stdio: 'inherit',
});

/** Specifiers in declarations keep the sources' extension. */
const SPECIFIER = /((?:from|import)\s*\(?\s*')(\.[^']+)\.ts'/g;

const reachable = new Set();
function visit(file) {
  if (reachable.has(file)) return;
  reachable.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, , specifier] of text.matchAll(SPECIFIER)) visit(join(dirname(file), `${specifier}.d.ts`));
  writeFileSync(file, text.replace(SPECIFIER, "$1$2.js'"));
}
visit(join(types, 'index.d.ts'));

for (const file of globSync('**/*.d.ts', { cwd: types })) {
  if (!reachable.has(join(types, file))) rmSync(join(types, file));
}
