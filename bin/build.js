// node bin/build.js [FOLDER]: bundles src/ into FOLDER (dist/): one file for what every command needs, one for each part
// that only some need. Loading a hundred small modules would cost more than the work they do.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Dependencies that every command needs, or that would cost more files than code. The others stay packages. */
const BUNDLED = ['yargs'];

// Not written by esbuild: source maps name the sources as seen from dist/, whatever FOLDER is.
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts', 'src/index.ts', 'src/app/archives/reader-thread-main.ts'],
  // A thread's file lies beside the file that starts it, here as in src/.
  entryNames: '[name]',
  outdir: 'dist',
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Read only when a stack trace is printed (src/cli/render/source-places.ts); without the sources themselves, a third as large.
  sourcemap: 'linked',
  sourcesContent: false,
  alias: { 'string-width': './bin/string-width.js' },
  external: Object.keys(dependencies).filter((name) => !BUNDLED.includes(name)),
  logLevel: 'warning',
});
const folder = process.argv[2] ?? join(root, 'dist');
mkdirSync(folder, { recursive: true });
for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);

// Parts of earlier builds have other names and would be packed with the rest.
const written = new Set(outputFiles.map(({ path }) => basename(path)));
for (const name of readdirSync(folder)) {
  if (/\.js(\.map)?$/.test(name) && !written.has(name)) rmSync(join(folder, name));
}
