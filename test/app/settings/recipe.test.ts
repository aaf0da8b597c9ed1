import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRecipe, readRecipe } from '../../../src/app/settings/recipe.ts';
import { composeRequest, overlay, SETTINGS } from '../../../src/app/settings/settings.ts';
import { parseArgs, readOptions } from '../../../src/cli/args/parse-args.ts';
import { command } from '../../../src/cli/commands/compose.ts';
import { AppError } from '../../../src/model/app-error.ts';

const settingsFromFlags = (line: readonly string[]) =>
  readOptions(command.options, parseArgs(command.options, line).options).settings;

const RECIPES = join(import.meta.dirname, '../../../recipes');

const fromFlags = (packages: readonly string[], line: readonly string[]) =>
  composeRequest(overlay({ packages }, settingsFromFlags(line)), undefined);

const fromRecipe = async (text: string, path = 'recipe.yaml') =>
  composeRequest(await parseRecipe(text, path), undefined);

test('every key says what its flag says', async () => {
  const recipe = `
distro: arch
release: rolling
arch: amd64
mirrors: https://a.example
repositories:
  - https://b.example/core
  - "@edge https://c.example"
keyring: [/keys, /more]
keyring-append: /own
allow-untrusted: true
solver: apk2
sig-level: Required TrustAll
packages: [bash, "git>2"]
base: none
tags: [one, two:v1]
layers: bundle
max-layers: 7
layer-encoding: gzip
install: run
no-scripts: true
no-database: true
prefix: /opt/x
add: [/dist:/opt/app, '/run.sh:/run.sh:755']
env:
  A: 1
  B: x=y
entrypoint: [/bin/x, -v]
cmd: echo hi
user: 1000:100
workdir: /w
labels: { l: 1 }
expose: [80, 53/udp]
annotations: [n=v]
format: oci-dir
output: /x
`;
  const line = [
    ...['--base', 'none'],
    '--distro=arch',
    '--release=rolling',
    '--arch=amd64',
    '--mirror=https://a.example',
    '--repo=https://b.example/core',
    '--repo=@edge https://c.example',
    '--keyring=/keys',
    '--keyring=/more',
    '--keyring-append=/own',
    '--allow-untrusted',
    '--solver=apk2',
    '--sig-level=Required TrustAll',
    '-t',
    'one',
    '-t',
    'two:v1',
    '--layers=bundle',
    '--max-layers=7',
    '--layer-encoding=gzip',
    '--install=run',
    '--no-scripts',
    '--no-database',
    '--prefix=/opt/x',
    '--add=/dist:/opt/app',
    '--add=/run.sh:/run.sh:755',
    '-e',
    'A=1',
    '-e',
    'B=x=y',
    '--entrypoint=["/bin/x","-v"]',
    '--cmd=echo hi',
    '--user=1000:100',
    '--workdir=/w',
    '--label=l=1',
    '--expose=80',
    '--expose=53/udp',
    '--annotation=n=v',
    '--format=oci-dir',
    '-o',
    '/x',
  ];
  for (const { key } of SETTINGS) assert.match(recipe, new RegExp(`^${key}:`, 'm'), `the test has no ${key}`);
  assert.deepEqual(await fromRecipe(recipe), fromFlags(['bash', 'git>2'], line));
});

test('law: env, labels and commands of any text are the same in a recipe and as flags', async () => {
  const { stringify } = await import('yaml');
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.]{0,9}$/).filter((text) => text !== '__proto__');
  const value = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !text.includes('\u0000'));
  const given = fc.record({
    env: fc.dictionary(name, value),
    labels: fc.dictionary(name, value),
    cmd: fc.array(value),
  });
  await fc.assert(
    fc.asyncProperty(given, async ({ env, labels, cmd }) => {
      const line = [
        ...Object.entries(env).map(([key, text]) => `--env=${key}=${text}`),
        ...Object.entries(labels).map(([key, text]) => `--label=${key}=${text}`),
        `--cmd=${JSON.stringify(cmd)}`,
      ];
      const recipe = stringify({ packages: ['a'], env: { ...env }, labels: { ...labels }, cmd });
      const written = { ...(await fromRecipe(recipe)) };
      const flags = fromFlags(['a'], line);
      assert.deepEqual(written.config.cmd, flags.config.cmd);
      assert.deepEqual([...written.config.env].sort(), [...flags.config.env].sort());
      assert.deepEqual(written.config.labels, flags.config.labels);
    }),
    { numRuns: 200 },
  );
});

test('values are text as it is written', async () => {
  const { source, config } = await fromRecipe(
    'packages: [a]\nrelease: 3.20\nuser: 0100\nenv: {A: 0x10, B: yes, C: 1e3, D: ""}\n',
  );
  assert.equal(source.release, '3.20');
  assert.equal(config.user, '0100');
  assert.deepEqual(config.env, ['A=0x10', 'B=yes', 'C=1e3', 'D=']);
});

test('relative paths are relative to the recipe; URLs and absolute paths stay', async () => {
  const recipe = `
packages: [a]
mirrors: [./m, https://a.example, "file:///m"]
repositories: [../r, "@own ./o", "@edge https://e.example", /abs]
keyring: keys
output: out/x.tar
add: [dist:/opt, ../run:/run, /abs:/abs]
`;
  const { source, output, add = [] } = await fromRecipe(recipe, 'some/where/r.yaml');
  assert.deepEqual(source.mirrors, ['some/where/m', 'https://a.example', 'file:///m']);
  assert.deepEqual(source.repositories, ['some/r', '@own some/where/o', '@edge https://e.example', '/abs']);
  assert.deepEqual(source.keyring, ['some/where/keys']);
  assert.equal(output.path, 'some/where/out/x.tar');
  assert.deepEqual(
    add.map((added) => added.source),
    ['some/where/dist', 'some/run', '/abs'],
  );
});

test('flags override: named values are merged, all else is replaced', async () => {
  const lower = await parseRecipe(
    'packages: [a]\ntags: [x]\nenv: {A: 1, B: 2}\nlabels: {k: 1}\nlayers: single\n',
    'r.yaml',
  );
  const upper = settingsFromFlags(['-t', 'y', '-e', 'A=9', '--label', 'l=2', '--layers=bundle']);
  const request = composeRequest(overlay(lower, upper), undefined);
  assert.deepEqual(request.tags, ['y:latest']);
  assert.deepEqual(request.config.env, ['A=9', 'B=2']);
  assert.deepEqual(request.config.labels, { k: '1', l: '2' });
  assert.equal(request.layers, 'bundle');
});

const REFUSED: readonly (readonly [recipe: string, message: RegExp, hint?: RegExp])[] = [
  ['', /^r\.yaml:1:1: expected a map of recipe keys, got none/],
  ['packages: []', /^r\.yaml:1:11: packages: expected at least one package, got none$/],
  ['- a\n', /^r\.yaml:1:1: expected a map of recipe keys, got "a list"/],
  ['packages: [a\n', /^r\.yaml:\d+:\d+: not YAML: /],
  ['packages: [a]\npackages: [b]\n', /^r\.yaml:2:1: not YAML: .*unique/],
  ['packages: [a]\n--- {}\n', /^r\.yaml:2:1: expected one document, got several$/],
  ['packages: [a]\npackges: [b]\n', /^r\.yaml:2:1: unknown key "packges"/, /Did you mean packages\?/],
  ['packages: [a]\ntag: x\n', /^r\.yaml:2:1: unknown key "tag"/, /Did you mean tags\?/],
  ['packages: [a]\nmirror: x\n', /^r\.yaml:2:1: unknown key "mirror"/, /Did you mean mirrors\?/],
  ['packages: [a]\nzzzzzzzzzz: x\n', /^r\.yaml:2:1: unknown key/, /The keys are distro, release/],
  [
    'packages: [a]\nlayers: bundel\n',
    /^r\.yaml:2:9: layers: expected package, auto, bundle or single, got "bundel"/,
    /Did you mean bundle\?/,
  ],
  ['packages: [a]\nmax-layers: 0b11\n', /^r\.yaml:2:13: max-layers: expected a whole number/],
  [
    'packages: [a]\nallow-untrusted: yes\n',
    /^r\.yaml:2:18: allow-untrusted: expected true or false, got "yes"/,
  ],
  ['packages: [a]\nrelease: [x]\n', /^r\.yaml:2:10: release: expected a single value, got "a list"/],
  ['packages: [a]\nrelease:\n', /^r\.yaml:2:\d+: release: expected a value/],
  ['packages: [a, [b]]\n', /^r\.yaml:1:\d+: packages: expected a single value, got "a list"/],
  ['packages: [a]\nenv: {A: {B: c}}\n', /^r\.yaml:2:10: env\.A: expected a single value, got "a map"/],
  ['packages: [a]\nenv: {A=B: c}\n', /^r\.yaml:2:7: env: expected a name without =/],
  ['packages: [a]\nenv: {A: }\n', /^r\.yaml:2:\d+: env\.A: expected a value/],
  ['packages: [a]\nenv: [A]\n', /^r\.yaml:2:6: env: expected NAME=value, got "A"/],
  ['? [x]\n: 1\n', /^r\.yaml:1:\d+: key: expected a single value/],
  ['packages: [a]\nenv: &x {A: *x}\n', /^r\.yaml:/],
];

for (const [recipe, message, hint] of REFUSED) {
  test(`refused: ${JSON.stringify(recipe)}`, async () => {
    await assert.rejects(parseRecipe(recipe, 'r.yaml'), (error) => {
      assert.ok(error instanceof AppError, String(error));
      assert.equal(error.code, 'USAGE');
      assert.match(error.message, message);
      if (hint !== undefined) assert.match(error.hint ?? '', hint);
      return true;
    });
  });
}

test('aliases are followed, and multiplying ones refused', async () => {
  assert.deepEqual((await fromRecipe('packages: &p [a]\ntags: *p\n')).tags, ['a:latest']);
  const many = `packages: [a]\nuser: &u root\nenv:\n${Array.from({ length: 101 }, (_, at) => `  A${at}: *u\n`).join('')}`;
  await assert.rejects(parseRecipe(many, 'r.yaml'), /expected at most 100 aliases/);
});

test('a recipe without packages is refused', async () => {
  await assert.rejects(fromRecipe('distro: arch\n'), { code: 'USAGE', message: /^no packages/ });
});

test('hostile names of env and labels are only names', async () => {
  const { config } = await fromRecipe('packages: [a]\nlabels: {__proto__: x, constructor: y}\n');
  assert.deepEqual(Object.entries(config.labels), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

test('any text is a recipe or refused, never a bug', async () => {
  const piece = fc.constantFrom(
    'packages:',
    ' [a]',
    '\n',
    '- ',
    'env:',
    '{',
    '}',
    '"',
    '&x',
    '*x',
    ': ',
    '!!binary ',
    'a',
    '?',
    '|',
    '>',
    '\t',
    '<<: ',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async (pieces) => {
      await parseRecipe(pieces.join(''), 'r.yaml').catch((error) =>
        assert.ok(error instanceof AppError, String(error.stack)),
      );
    }),
    { numRuns: 500 },
  );
});

test('a file that is missing, a folder or too large is refused by name', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'recipe-'));
  t.after(() => rmSync(directory, { recursive: true }));
  await assert.rejects(readRecipe(join(directory, 'no.yaml')), {
    code: 'USAGE',
    message: /no\.yaml: no such file$/,
  });
  await assert.rejects(readRecipe(directory), { code: 'USAGE', message: / is a folder$/ });
  const large = join(directory, 'large.yaml');
  writeFileSync(large, '#'.repeat((1 << 20) + 1));
  await assert.rejects(readRecipe(large), { code: 'USAGE', message: /at most 1048576 bytes/ });
});

test('an endless file is read up to the limit; nesting that ends the parser is LIMIT', async () => {
  const before = process.memoryUsage.rss();
  await assert.rejects(readRecipe('/dev/zero'), {
    code: 'USAGE',
    message: /at most 1048576 bytes, got more/,
  });
  assert.ok(process.memoryUsage.rss() - before < 100e6);
  for (const text of [`packages: ${'['.repeat(500_000)}`, `packages: ${'{a: '.repeat(100_000)}`]) {
    await assert.rejects(parseRecipe(text, 'r.yaml'), {
      code: 'LIMIT',
      message: /^r\.yaml: nested too deep/,
    });
  }
});

for (const name of readdirSync(RECIPES)) {
  test(`recipes/${name} is a recipe`, async () => {
    const request = composeRequest(await readRecipe(join(RECIPES, name)), undefined);
    assert.ok(request.packages.length > 0 && request.tags.length > 0);
  });
}
