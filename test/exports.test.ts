import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '..');

/** Exported for tests alone, since only the module itself can do it. */
const SEAMS: readonly string[] = [
  // A family of the tests' own takes part in everything.
  'src/distros/families.ts addFamily',
  // The process's connections are opened again after its proxies have changed.
  'src/fetch/connections.ts closeConnections',
];

interface Source {
  /** Below the checkout */
  readonly path: string;
  readonly text: string;
}

/** `PATH NAME` of every function, class and constant that a source exports. */
function exportedValues({ path, text }: Source): readonly string[] {
  const declared = text.matchAll(/^export (?:async )?(?:abstract )?(?:function\*?|const|class) (\w+)/gm);
  return [...declared].map(([, name]) => `${path} ${name}`);
}

/** Paths of the files that a source imports, in whatever way. */
function importedPaths({ path, text }: Source): ReadonlySet<string> {
  const specifiers = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)'(\.[^'\n]+)'/g);
  return new Set([...specifiers].map(([, file = '']) => normalize(join(dirname(path), file))));
}

/** What is exported, and used by nobody else, or by tests alone and not even by its own file. */
function needlessExports(sources: readonly Source[]): readonly string[] {
  const users = sources.map((source) => ({ ...source, imported: importedPaths(source) }));
  return users
    .filter(({ path }) => path.startsWith('src/') && path !== 'src/index.ts')
    .flatMap((source) =>
      exportedValues(source).filter((value) => {
        const word = new RegExp(`\\b${value.split(' ')[1]}\\b`, 'g');
        const found = users.filter(
          ({ imported, text }) => imported.has(source.path) && text.search(word) >= 0,
        );
        if (found.some(({ path }) => path.startsWith('src/'))) return false;
        const isUsedHere = (source.text.match(word) ?? []).length > 1;
        return found.length === 0 || !(isUsedHere || SEAMS.includes(value));
      }),
    );
}

test('what src/ exports is used elsewhere, and nothing in it is there for tests alone', () => {
  const paths = globSync('{src,test,bench,bin}/**/*.{ts,js}', { cwd: root });
  const sources = paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  assert.deepEqual(needlessExports(sources), []);
  const exported = new Set(sources.flatMap(exportedValues));
  assert.deepEqual(
    SEAMS.filter((seam) => !exported.has(seam)),
    [],
  );
});

test('the rule sees what breaks it', () => {
  const sources: readonly Source[] = [
    {
      path: 'src/a.ts',
      text: 'export function unused() {}\nexport const tested = 1;\nexport const both = tested2;\nexport class Used {}\nexport async function lazy() {}\nexport const tested2 = 2;',
    },
    {
      path: 'src/b/c.ts',
      text: "import { type Used } from '../a.ts';\nconst { lazy } = await import('../a.ts');",
    },
    { path: 'test/a.test.ts', text: "import { tested, tested2, both as other } from '../src/a.ts';" },
  ];
  assert.deepEqual(needlessExports(sources), ['src/a.ts unused', 'src/a.ts tested', 'src/a.ts both']);
});
