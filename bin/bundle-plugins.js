// Plugins of esbuild for bin/build.js.
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Puts everything that `files` need into few chunks: esbuild makes a chunk for every set of dynamic imports that share a module,
 * which would be a hundred files for a command to open. Here every dynamic import, except of the files in `apart`, needs all of
 * `files` as well, so that their modules are shared alike.
 */
export function together({ files, apart }) {
  return {
    name: 'together',
    setup(build) {
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

const require = createRequire(import.meta.url);
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * Reads Node.js's own modules with process.getBuiltinModule. An import would read every one of their properties, and some of
 * these load more modules: node:fs streams and readline, node:crypto WebCrypto.
 */
export const builtins = {
  name: 'builtins',
  setup(build) {
    build.onResolve({ filter: /^[a-z:_/0-9]+$/ }, ({ kind, path }) => {
      if (!isBuiltin(path) || kind === 'dynamic-import') return undefined;
      return {
        path: path.replace(/^(node:)?/, 'node:'),
        namespace: kind === 'require-call' ? 'required' : 'imported',
      };
    });
    const module = (path) => `process.getBuiltinModule(${JSON.stringify(path)})`;
    build.onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = ${module(path)};`,
    }));
    build.onLoad({ filter: /./, namespace: 'imported' }, ({ path }) => {
      const names = Object.entries(Object.getOwnPropertyDescriptors(require(path)))
        .filter(([name, { get }]) => get === undefined && name !== 'default' && IDENTIFIER.test(name))
        .map(([name]) => name);
      return {
        contents: `const module = ${module(path)};\nexport default module;\nexport const { ${names.join(', ')} } = module;`,
      };
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
