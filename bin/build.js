// node bin/build.js [FOLDER]: bundles src/ into FOLDER (dist/): one file for what every command needs, one for each part
// that only some need. Loading a hundred small modules would cost more than the work they do.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Dependencies that every command needs, or that would cost more files than code. The others stay packages. */
const BUNDLED = ['yargs'];

await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts', 'src/index.ts'],
  outdir: process.argv[2] ?? 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  alias: { 'string-width': './bin/string-width.js' },
  external: Object.keys(dependencies).filter((name) => !BUNDLED.includes(name)),
  logLevel: 'warning',
});
