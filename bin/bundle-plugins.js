// Plugins of esbuild for bin/build.js.
import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';

const root = dirname(import.meta.dirname);

/**
 * Puts everything that `files` need into few chunks: esbuild makes a chunk for every set of dynamic imports that share a module,
 * which would be a hundred files for a command to open. Here every dynamic import, except of the files in `apart`, needs all of
 * `files` as well, so that their modules are shared alike; and a dynamic import of one of `files` is a static one.
 */
export function together({ files, apart }) {
  return {
    name: 'together',
    setup(build) {
      build.onLoad({ filter: /\/src\/.*\.ts$/, namespace: 'file' }, ({ path }) => {
        if (apart.includes(path)) return undefined;
        const imported = [];
        const text = readFileSync(path, 'utf8').replace(DYNAMIC_IMPORT, (dynamic, name) => {
          if (!files.includes(join(dirname(path), name))) return dynamic;
          return `Promise.resolve(together${imported.push(name)})`;
        });
        if (imported.length === 0) return undefined;
        const imports = imported.map((name, index) => `import * as together${index + 1} from '${name}';\n`);
        // Below the source, whose lines keep their numbers.
        return { contents: `${text}${imports.join('')}`, loader: 'ts' };
      });
      build.onResolve({ filter: /^\.{1,2}\// }, ({ kind, path, resolveDir, namespace }) => {
        if (kind !== 'dynamic-import' || namespace !== 'file') return undefined;
        const file = join(resolveDir, path);
        return apart.includes(file) ? undefined : { path: file, namespace: 'part' };
      });
      build.onLoad({ filter: /./, namespace: 'part' }, ({ path }) => ({
        contents: `${files.map((file) => `import ${JSON.stringify(file)};`).join('\n')}\nexport * from ${JSON.stringify(path)};`,
        resolveDir: dirname(path),
      }));
    },
  };
}

const DYNAMIC_IMPORT = /\bimport\('(\.{1,2}\/[^']+)'\)/g;

const require = createRequire(import.meta.url);
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** Modules with functions only, which take a millisecond to load and are often not needed: loaded with the first call. */
const LAZY = ['node:fs/promises', 'node:v8'];

/**
 * Reads Node.js's own modules with process.getBuiltinModule, and of them only what is used. An import would read every one of their
 * properties, and some of these load more modules: node:fs streams and readline, node:crypto WebCrypto. Each file reads them by
 * itself, so that none is a chunk for being shared.
 */
export const builtins = {
  name: 'builtins',
  setup(build) {
    build.onResolve({ filter: /^[a-z:_/0-9]+$/ }, ({ kind, path, importer }) => {
      if (!isBuiltin(path) || kind === 'dynamic-import') return undefined;
      const name = path.replace(/^(node:)?/, 'node:');
      return kind === 'require-call'
        ? { path: name, namespace: 'required' }
        : { path: name, namespace: 'imported', suffix: `?${relative(root, importer)}` };
    });
    const module = (path) => `process.getBuiltinModule(${JSON.stringify(path)})`;
    build.onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = ${module(path)};`,
    }));
    build.onLoad({ filter: /./, namespace: 'imported' }, ({ path }) => {
      const names = Object.entries(Object.getOwnPropertyDescriptors(require(path)))
        .filter(([name, { get }]) => get === undefined && name !== 'default' && IDENTIFIER.test(name))
        .map(([name]) => name);
      if (LAZY.includes(path)) {
        const calls = names.map(
          (name) => `export const ${name} = (...args) => ${module(path)}.${name}(...args);`,
        );
        return { contents: calls.join('\n') };
      }
      // esbuild leaves out a pure call whose result is not used, but keeps every property of a pattern.
      const reads = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => module.${name})();`);
      return { contents: [`const module = ${module(path)};`, 'export default module;', ...reads].join('\n') };
    });
  },
};

/** Replaces modules of packages: `module` as it is required by a file of `package`. */
export function replaced(modules) {
  return {
    name: 'replaced',
    setup(build) {
      for (const { module, of, contents } of modules) {
        const filter = new RegExp(`(^|/)${module.replaceAll('.', '\\.')}$`);
        build.onResolve({ filter }, ({ importer }) =>
          importer.includes(`/node_modules/${of}/`)
            ? { path: `${of}/${module}`, namespace: 'replaced', pluginData: contents }
            : undefined,
        );
      }
      build.onLoad({ filter: /./, namespace: 'replaced' }, ({ pluginData }) => ({ contents: pluginData }));
    },
  };
}
