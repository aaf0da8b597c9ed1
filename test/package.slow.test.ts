import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { KEY, small } from './app/harness.ts';
import { writeAlpineMirror, writeApkKeyring } from './fixtures/mirror-dir.ts';
import { tempDir } from './fixtures/temp.ts';
import { codeBlocks, documentedFunctions } from './library/documented.ts';

/** The npm package as its users get it: packed, installed into an empty folder by the machine's own npm, and used. */

const root = resolve(import.meta.dirname, '..');
const PACKED = [
  ...['bin', 'src', 'docs', 'recipes', 'package.json', 'tsconfig.json', 'tsconfig.types.json'],
  ...['README.md', 'LICENSE', 'CHANGELOG.md'],
];
const TOO_OLD = 24;

function run(program: string, words: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }) {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', ...options });
  return { status, stdout, stderr, all: `${error?.message ?? ''}${stdout}${stderr}` };
}

let folder: string;
let installed: string;
/** Why the package could not be installed; empty: it was */
let missing = '';
const cleanUp: (() => void)[] = [];

before(() => {
  folder = tempDir({ after: (remove) => void cleanUp.push(remove) });
  const checkout = join(folder, 'checkout');
  mkdirSync(checkout);
  for (const name of PACKED) cpSync(join(root, name), join(checkout, name), { recursive: true });
  for (const name of ['node_modules', '.node']) symlinkSync(join(root, name), join(checkout, name));
  const user = join(folder, 'user');
  installed = join(user, 'node_modules/pkgcompose');
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), '{ "type": "module" }');
  const packed = run('npm', ['pack', '--pack-destination', folder], { cwd: checkout });
  if (/ENOENT/.test(packed.all)) {
    missing = 'no npm on PATH';
    return;
  }
  assert.equal(packed.status, 0, packed.all);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const words = ['install', '--no-audit', '--no-fund', '--prefer-offline', `../pkgcompose-${version}.tgz`];
  const { status, all } = run('npm', words, { cwd: user });
  if (/E(?:AI_AGAIN|NOTFOUND|CONNREFUSED|TIMEDOUT|NETUNREACH)/.test(all)) missing = 'no npm registry';
  else assert.equal(status, 0, all);
});

after(() => {
  for (const remove of cleanUp) remove();
});

interface Hooks {
  skip(reason: string): void;
}

/** Folder that the package is installed in; undefined, and the test is skipped, where it could not be. */
function user(t: Hooks): string | undefined {
  if (missing === '') return join(folder, 'user');
  t.skip(`skipped: ${missing}`);
  return undefined;
}

/** Version of the Node.js that the machine has on PATH. */
function machineNode(): number {
  return Number.parseInt(run('node', ['-p', 'process.versions.node'], { cwd: '/' }).stdout, 10);
}

test('the package has what it names, and nothing that is bound to a C library', (t) => {
  if (user(t) === undefined) return;
  const { exports, types, bin, man } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    exports: { '.': Record<string, string> };
    types: string;
    bin: Record<string, string>;
    man: readonly string[];
  };
  for (const path of [...Object.values(exports['.']), types, ...Object.values(bin), ...man])
    assert.ok(existsSync(join(installed, path)), path);
  for (const path of globSync('**/*', { cwd: installed, exclude: ['node_modules'] })) {
    const file = join(installed, path);
    if (statSync(file).isFile()) assert.ok(!readFileSync(file).includes(0), `${path} is not text`);
  }
});

test('native dependencies have builds for musl and glibc on both architectures', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { libc?: readonly string[] }>>;
  };
  for (const architecture of ['x64', 'arm64']) {
    for (const libc of ['musl', 'gnu']) {
      const build = packages[`node_modules/@napi-rs/lzma-linux-${architecture}-${libc}`];
      assert.deepEqual(build?.libc, [libc === 'gnu' ? 'glibc' : 'musl']);
    }
    for (const system of ['linux', 'linuxmusl']) {
      const path = `node_modules/better-sqlite3/prebuilds/${system}-${architecture}.node`;
      assert.ok(existsSync(join(root, path)), path);
    }
  }
});

test("the command runs with the machine's Node.js", (t) => {
  const cwd = user(t);
  if (cwd === undefined) return;
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.equal(run('npx', ['compose', '--version'], { cwd, env }).stdout, `${version}\n`);
  const { stdout, all } = run('npx', ['compose', 'version', '--json'], { cwd, env });
  const reported = JSON.parse(stdout || JSON.stringify({ node: all })) as { node: string };
  assert.ok(Number.parseInt(reported.node, 10) >= TOO_OLD, all);
});

test('an older Node.js refuses the library in words', (t) => {
  const cwd = user(t);
  if (cwd === undefined) return;
  if (machineNode() >= TOO_OLD) return t.skip("skipped: the machine's Node.js is new enough");
  const { status, stderr } = run('node', ['-e', "import('pkgcompose')"], { cwd });
  assert.equal(status, 1);
  assert.match(stderr, /the library pkgcompose needs Node\.js 24 or newer, got \d+/);
});

/** What the compiler reads: every example, each in a scope of its own. */
function program(): string {
  const names = documentedFunctions().map(({ name }) => name);
  const page = readFileSync(join(root, 'docs/library.md'), 'utf8');
  const codes = [...documentedFunctions().map(({ example }) => example), ...codeBlocks(page)];
  const scopes = codes.map((code) => `export async function _(): Promise<void> {\n${code}\n}`);
  const bodies = scopes.map((scope, index) =>
    scope.replace('_()', `example${index}()`).replace(/^import .*\n/gm, ''),
  );
  return [
    `import { AppError, type ComposeReport, ${names.join(', ')} } from 'pkgcompose';`,
    'declare const console: { log(...words: unknown[]): void; error(...words: unknown[]): void };',
    ...bodies,
    "const report: Promise<ComposeReport> = compose({ packages: 'git', env: { A: 'b' }, expose: 80 });",
    '// @ts-expect-error',
    "void compose({ packages: 'git', layers: 'none' });",
    '// @ts-expect-error',
    'void verify({});',
    'void report;',
  ].join('\n');
}

test('the declarations check every example, without other packages and without skipLibCheck', (t) => {
  const cwd = user(t);
  if (cwd === undefined) return;
  writeFileSync(join(cwd, 'examples.ts'), program());
  const compilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedSideEffectImports: true },
    ...{ module: 'nodenext', target: 'es2024', lib: ['es2024', 'dom'], types: [], noEmit: true },
    skipLibCheck: false,
  };
  writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['examples.ts'] }));
  const { status, all } = run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], { cwd });
  assert.equal(status, 0, all);
});

test('a TypeScript program composes with the installed library', (t) => {
  const cwd = user(t);
  if (cwd === undefined) return;
  writeAlpineMirror(join(folder, 'mirror'), { packages: [small('a')], key: KEY });
  const request = {
    packages: 'a',
    arch: 'x86_64',
    repositories: join(folder, 'mirror/v3.19/main/x86_64'),
    keyring: writeApkKeyring(join(folder, 'keys'), [KEY]),
    base: 'none',
  };
  const code = [
    "import { AppError, compose, verify, type ImageSettings } from 'pkgcompose';",
    `const request: ImageSettings = ${JSON.stringify(request)};`,
    `const options = { cacheDirectory: ${JSON.stringify(join(folder, 'library-cache'))} };`,
    "const { layers } = await compose({ ...request, output: 'a.tar' }, options);",
    "const { problems } = await verify({ image: 'a.tar', keyring: request.keyring! }, options);",
    "const error: unknown = await compose({ ...request, packages: 'b' }, options).catch((error) => error);",
    'const code = error instanceof AppError ? error.code : String(error);',
    'console.log(JSON.stringify({ layers: layers.length, problems, code }));',
  ];
  writeFileSync(join(cwd, 'use.ts'), code.join('\n'));
  const { stdout, all } = run(process.execPath, ['use.ts'], { cwd });
  assert.deepEqual(JSON.parse(stdout || JSON.stringify(all)), {
    layers: 2,
    problems: [],
    code: 'UNKNOWN_PACKAGE',
  });
});

test('CommonJS can require the library', (t) => {
  const cwd = user(t);
  if (cwd === undefined) return;
  writeFileSync(join(cwd, 'use.cjs'), "console.log(typeof require('pkgcompose').compose);");
  assert.equal(run(process.execPath, ['use.cjs'], { cwd }).all, 'function\n');
});
