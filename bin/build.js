// node bin/build.js [FOLDER]: bundles src/ into FOLDER (dist/): a few files for what `compose PKG…` needs if everything is cached,
// one for each part that only some commands need. Loading a hundred small files would cost more than the work they do.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { builtins, replaced, together } from './bundle-plugins.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Dependencies that most commands need, or that would cost more files than code. The others stay packages. */
const BUNDLED = ['better-sqlite3', 'undici', 'yargs'];
const sources = (...names) => names.map((name) => join(root, 'src', name));

/** What `compose PKG…` needs if everything is cached. */
const WARM = sources(
  'cli/run.ts',
  'cli/command-line.ts',
  'cli/commands/compose.ts',
  'cli/args/mistyped.ts',
  'distros/families.ts',
  'app/context.ts',
  'app/compose/compose.ts',
  'distros/alpine/distro.ts',
);
/** What `compose --version` needs. */
const APART = sources('cli/main.ts', 'cli/version.ts');

/** What the server sends to browsers as it is; it is read from beside the code, here as in src/. */
const SENT = sources('server/page/page.css', 'server/page/page.js', 'server/page/page.svg');

const REPLACED = [
  // The native module stays in its package, and so does what finds it there.
  {
    of: 'better-sqlite3',
    module: './binding',
    contents: `import { createRequire } from 'node:module';
      import { dirname, join } from 'node:path';
      const require = createRequire(import.meta.url);
      const { getBinding } = require(join(dirname(require.resolve('better-sqlite3')), 'binding.js'));
      export { getBinding };`,
  },
  // HTTP/2 is not used (src/fetch/agent.ts), and loads all of Node.js's.
  { of: 'undici', module: './client-h2.js', contents: 'module.exports = undefined;' },
  // Node.js's own client is only asked for a limit, its default here, and a class.
  {
    of: 'undici',
    module: 'node:http',
    contents: 'module.exports = { maxHeaderSize: 16384, IncomingMessage: class {} };',
  },
];

// Not written by esbuild: source maps name the sources as seen from dist/, whatever FOLDER is.
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: [
    'src/main.ts',
    'src/index.ts',
    'src/app/archives/reader-thread-main.ts',
    'src/server/workers/job-thread-main.ts',
    'src/server/registry/writer-thread-main.ts',
  ],
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
  plugins: [replaced(REPLACED), builtins, together({ files: WARM, apart: APART })],
  logLevel: 'warning',
});
const folder = process.argv[2] ?? join(root, 'dist');
mkdirSync(folder, { recursive: true });
for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
for (const path of SENT) copyFileSync(path, join(folder, basename(path)));

// Parts of earlier builds have other names and would be packed with the rest.
const written = new Set([...outputFiles.map(({ path }) => path), ...SENT].map((path) => basename(path)));
for (const name of readdirSync(folder)) {
  if (/\.js(\.map)?$/.test(name) && !written.has(name)) rmSync(join(folder, name));
}
