import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { test } from 'node:test';

/** Top to bottom: a room imports itself and rooms below it, never one above. Files of a folder itself lie below its rooms. */
const ROOMS = [
  'main.ts',
  'cli',
  'server',
  'index.ts',
  'library',
  'use-cases.ts',
  'app/compose',
  'app/query',
  'app/verify',
  'app/mirror',
  'app/artifact',
  'app/published-catalog',
  'app/images',
  'app/package-store',
  'app/repositories',
  'app/archives',
  'app/sources',
  'app/settings',
  'app/registries',
  'app/cache',
  'app',
  'compose',
  'sandbox',
  'output',
  'registry',
  'distros',
  'catalog',
  'store',
  'fetch',
  'trust',
  'archive',
  'lock',
  'files',
  'model',
] as const;

const src = resolve(import.meta.dirname, '../src');

interface Source {
  /** Below src/ */
  readonly path: string;
  readonly text: string;
}

function sources(): readonly Source[] {
  return globSync('**/*.ts', { cwd: src }).map((path) => ({
    path,
    text: readFileSync(join(src, path), 'utf8'),
  }));
}

/** Specifiers of static and dynamic imports and of re-exports. */
function imports(text: string): readonly string[] {
  return [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\1/g)].map((match) => match[2]!);
}

function relativeImports({ path, text }: Source): readonly string[] {
  return imports(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(path), specifier)));
}

/** Index in ROOMS of the innermost room that holds the file; -1: none does, which a folder that is new has to mend. */
function room(path: string): number {
  const [top = '', second = ''] = path.split('/');
  const inner = path.split('/').length > 2 && ROOMS.some((name) => name.startsWith(`${top}/`));
  return ROOMS.indexOf((inner ? `${top}/${second}` : top) as (typeof ROOMS)[number]);
}

/** What is wrong with one source's imports; empty when nothing is. */
function importProblems(source: Source): readonly string[] {
  const own = room(source.path);
  if (own < 0) return [`${source.path}: not in a room of the design`];
  const problems: string[] = [];
  for (const target of relativeImports(source)) {
    if (!target.endsWith('.ts')) problems.push(`${source.path}: imports ${target} without .ts`);
    if (target.startsWith('..')) problems.push(`${source.path}: imports ${target} outside src/`);
    else if (room(target) < own) problems.push(`${source.path}: imports upward, ${target}`);
    const [from, to] = [familyOf(source.path), familyOf(target)];
    if (from !== undefined && to !== undefined && from !== to) {
      problems.push(`${source.path}: a family imports another, ${target}`);
    }
    if (source.path.startsWith('distros/shared/') && to !== undefined) {
      problems.push(`${source.path}: what families share imports one, ${target}`);
    }
  }
  return problems;
}

/** `alpine`, `arch`… for files of a package family; undefined for the rest. */
function familyOf(path: string): string | undefined {
  const [first, second, third] = path.split('/');
  return first === 'distros' && third !== undefined && second !== 'shared' ? second : undefined;
}

const SQL =
  /\b(SELECT\s[^'"`;]+\sFROM\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(TABLE|INDEX|VIEW)\s|PRAGMA\s+\w)/;

function sqlProblems({ path, text }: Source): readonly string[] {
  if (path.startsWith('catalog/')) return [];
  const found: string[] = [];
  if (SQL.test(text)) found.push(`${path}: SQL outside catalog/`);
  // Its locks are the operating system's.
  if (!path.startsWith('lock/') && imports(text).includes('better-sqlite3'))
    found.push(`${path}: better-sqlite3 outside catalog/`);
  return found;
}

/** Rooms of values and rules, which reach no disk, no network and no other program. */
const PURE = ['model', 'compose'];
const EFFECTS = /^node:(?:fs|net|http|https|child_process|os|timers|worker_threads)\b/;

function effectProblems({ path, text }: Source): readonly string[] {
  if (!PURE.includes(path.split('/')[0] ?? '')) return [];
  return imports(text)
    .filter((specifier) => EFFECTS.test(specifier))
    .map((specifier) => `${path}: imports ${specifier} in a pure room`);
}

/** `alpine`, `apkKeys`, `PacmanKeyring`, `lib/apk/db`; not `apk3`, a container format, nor words that go on in lower case. */
const FAMILY_WORD =
  /(?<![A-Za-z])(?:alpine|apk|archlinux|pacman|alpm)(?![a-z0-9])|(?<![A-Z])(?:Alpine|Apk|ArchLinux|Pacman|Alpm)(?![a-z0-9])|(?<![A-Z])(?:ALPINE|APK|PACMAN|ALPM|ARCH(?=_))(?![A-Z0-9])/;
/** `arch` is an option and a qualifier of package URLs too: it is the family where something is decided by it, or typed. */
const ARCH_DECIDES = /(?:[!=]==?|\bcase|\?\?|[?:|])\s*'arch'|'arch'\s*(?:[!=]==?|\|)/;
/** Migrations are history, and say what catalogs of their time held; the other prefers one of a key's user ids in messages. */
const MAY_NAME_FAMILIES = ['distros/', 'catalog/migrations.ts', 'trust/web-of-trust.ts'];

/** Lines of code, from 1, that name a package family. Comments may, and text for people: strings with blanks in them. */
function familyNames(text: string): readonly number[] {
  const blank = (found: string) => found.replace(/[^\n]/g, ' ');
  const code = text.replace(
    /\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g,
    (found) => (found.startsWith('/') || /\s/.test(found) ? blank(found) : found),
  );
  return code
    .split('\n')
    .flatMap((line, index) => (FAMILY_WORD.test(line) || ARCH_DECIDES.test(line) ? [index + 1] : []));
}

function familyProblems({ path, text }: Source): readonly string[] {
  if (MAY_NAME_FAMILIES.some((place) => path.startsWith(place))) return [];
  return familyNames(text).map(
    (line) => `${path}:${line}: names a package family, see src/distros/families.ts`,
  );
}

function barrelProblems({ path, text }: Source): readonly string[] {
  const found: string[] = [];
  if (/^export\s+\*/m.test(text)) found.push(`${path}: re-exports a whole module`);
  if (/^export\s+default\b/m.test(text)) found.push(`${path}: a default export`);
  return found;
}

/** `f(...list)`: an engine takes some 120,000 arguments, and then throws a RangeError. Lines, from 1. */
function spreadArguments(text: string): readonly number[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));
  const found: number[] = [];
  for (const { index } of code.matchAll(/\.\.\.(?=[\w$([{'"`])/g)) {
    const bracket = openBracket(code, index);
    const isCall = code[bracket] === '(' && /[\w$)\]>]\s*$/.test(code.slice(0, bracket));
    const isParameter = /^\.\.\.\w+\s*:/.test(code.slice(index));
    if (isCall && !isParameter) found.push(code.slice(0, index).split('\n').length);
  }
  return found;
}

/** Of the innermost bracket that is open at `index`; -1: none. */
function openBracket(code: string, index: number): number {
  let depth = 0;
  for (let at = index - 1; at >= 0; at--) {
    const character = code[at] as string;
    if (')]}'.includes(character)) depth += 1;
    else if ('([{'.includes(character)) {
      if (depth === 0) return at;
      depth -= 1;
    }
  }
  return -1;
}

function spreadProblems({ path, text }: Source): readonly string[] {
  return spreadArguments(text).map((line) => `${path}:${line}: a spread argument, see model/lists.ts`);
}

test('imports go only downward, and families never import each other', () => {
  const all = sources();
  assert.ok(all.length > 10);
  assert.deepEqual(all.flatMap(importProblems), []);
});

test('no module imports itself through others', () => {
  const graph = new Map(sources().map((source) => [source.path, relativeImportsAtLoad(source)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    else if (!done.has(path)) for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  assert.deepEqual(cycles, []);
});

/** Without types and dynamic imports, which no module waits for while it loads. */
function relativeImportsAtLoad({ path, text }: Source): readonly string[] {
  const values = text.replace(/^(import|export)\s+type\s[^;]*;/gm, '').replace(/\bimport\s*\([^)]*\)/g, '');
  return relativeImports({ path, text: values });
}

test('files that import each other are pairs, one of them for types alone', () => {
  assert.deepEqual(circleProblems(sources()), []);
});

/** Files that reach each other, type imports included: only two, of which one needs the other's types. */
function circleProblems(all: readonly Source[]): readonly string[] {
  const graph = new Map(all.map((source) => [source.path, relativeImports(source)]));
  const atLoad = new Map(all.map((source) => [source.path, relativeImportsAtLoad(source)]));
  const reached = new Map([...graph.keys()].map((path) => [path, reachable(graph, path)]));
  const problems = new Set<string>();
  for (const path of graph.keys()) {
    const circle = [...(reached.get(path) ?? [])].filter((other) => reached.get(other)?.has(path)).sort();
    if (circle.length === 0) continue;
    const [a = '', b = ''] = circle;
    const isTypePair = circle.length === 2 && !(atLoad.get(a)?.includes(b) && atLoad.get(b)?.includes(a));
    if (!isTypePair) problems.add(circle.join(', '));
  }
  return [...problems];
}

/** What `from` imports, and what that imports, and so on; `from` itself only where a way leads back. */
function reachable(graph: ReadonlyMap<string, readonly string[]>, from: string): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...(graph.get(from) ?? [])];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    for (const next of graph.get(path) ?? []) open.push(next);
  }
  return found;
}

test('SQL is in catalog/ only', () => {
  assert.deepEqual(sources().flatMap(sqlProblems), []);
});

test('model/ and compose/ touch neither disk nor network', () => {
  assert.deepEqual(sources().flatMap(effectProblems), []);
});

test('no code outside distros/ names a package family', () => {
  assert.deepEqual(sources().flatMap(familyProblems), []);
});

test('no barrels and no default exports', () => {
  assert.deepEqual(sources().flatMap(barrelProblems), []);
});

test('no list is handed over as arguments', () => {
  assert.deepEqual(sources().flatMap(spreadProblems), []);
});

test('the rules see what breaks them', () => {
  const spreads = (text: string) => spreadArguments(text).length;
  assert.equal(spreads('all.push(...more);'), 1);
  assert.equal(spreads('const width = Math.max(\n  0,\n  ...rows.map((row) => row.length),\n);'), 1);
  assert.equal(spreads('String.fromCharCode(...codes); new Set(...a); f<T>(...b);'), 3);
  assert.equal(spreads('f([...a], { ...b }); // f(...c)\nfunction g(...d: T[]) {}'), 0);
  const broken = (path: string, text: string) => importProblems({ path, text }).length;
  assert.equal(broken('model/a.ts', "import { x } from '../store/b.ts';"), 1);
  assert.equal(broken('model/a.ts', "import type {\n  x,\n} from '../store/b.ts';"), 1);
  assert.equal(broken('store/a.ts', "const x = await import('../app/b.ts');"), 1);
  assert.equal(broken('distros/alpine/a.ts', "export { x } from '../arch/b.ts';"), 1);
  assert.equal(broken('distros/shared/a.ts', "import { x } from '../arch/b.ts';"), 1);
  assert.equal(broken('distros/alpine/a.ts', "import { x } from '../shared/b.ts';"), 0);
  assert.equal(broken('util/a.ts', ''), 1);
  assert.equal(broken('app/util/a.ts', ''), 1);
  assert.equal(broken('app/images/a.ts', "import { x } from '../compose/b.ts';"), 1);
  assert.equal(broken('app/images/a.ts', "import { x } from '../context.ts';"), 0);
  assert.equal(broken('app/context.ts', "import { x } from './images/b.ts';"), 1);
  assert.equal(broken('store/a.ts', "import { x } from '../model/b';"), 1);
  assert.equal(
    effectProblems({ path: 'model/a.ts', text: "import { open } from 'node:fs/promises';" }).length,
    1,
  );
  assert.equal(
    effectProblems({ path: 'files/a.ts', text: "import { open } from 'node:fs/promises';" }).length,
    0,
  );
  const circle = (...texts: string[]) =>
    circleProblems(texts.map((text, index) => ({ path: `model/${'abc'[index]}.ts`, text })));
  assert.deepEqual(circle("import type { x } from './b.ts';", "import { y } from './a.ts';"), []);
  assert.equal(circle("import { x } from './b.ts';", "import { y } from './a.ts';").length, 1);
  assert.deepEqual(
    circle(
      "import type { x } from './b.ts';",
      "import type { x } from './c.ts';",
      "import type { x } from './a.ts';",
    ),
    ['model/a.ts, model/b.ts, model/c.ts'],
  );
  assert.equal(sqlProblems({ path: 'app/a.ts', text: "'SELECT id FROM blobs'" }).length, 1);
  const naming = (text: string) => familyNames(text).length;
  assert.equal(naming("if (distro.id === 'alpine') return;\nif (distro.id !== 'arch') return;"), 2);
  assert.equal(naming("const ids = ['alpine', 'arch'];"), 1);
  assert.equal(naming("export type DistroId = 'x' | 'arch';\nconst id = wanted ?? 'arch';"), 2);
  assert.equal(naming("const NAMES: Record<string, string> = { alpine: 'x' };"), 1);
  assert.equal(naming('const DATABASE = /^lib\\/apk\\/db\\/installed$/;'), 1);
  assert.equal(naming("import { PacmanKeyring } from '../x.ts';\nconst apkRules = 1;"), 2);
  assert.equal(naming("const url = 'https://dl-cdn.alpinelinux.org/alpine';"), 1);
  assert.equal(
    naming("/** As apk and pacman do. */\nconst hint = 'Compose gcc of Alpine: --distro alpine'; // apk"),
    0,
  );
  assert.equal(naming("setting(['arch', 'arch'], 'word');\nnew URLSearchParams(text).get('arch');"), 0);
  assert.equal(naming("const options = { arch: { placeholder: 'NAME' } };\nprocess.arch === 'x64'"), 0);
  assert.equal(familyProblems({ path: 'distros/alpine/a.ts', text: "const id = 'alpine';" }).length, 0);
  assert.equal(familyProblems({ path: 'app/a.ts', text: "const id = 'alpine';" }).length, 1);
  assert.equal(barrelProblems({ path: 'app/a.ts', text: "export * from './b.ts';" }).length, 1);
});
