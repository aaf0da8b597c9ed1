import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renderDot } from '../../src/cli/render/dot.ts';
import { renderTree } from '../../src/cli/render/tree.ts';
import type { GraphReport, SetEdge } from '../../src/model/relation-report.ts';
import { parseDot } from './dot.ts';
import { runFake } from './fake-app.ts';
import { DEPENDENTS, GRAPH, PROVIDERS, WHY } from './relation-samples.ts';

const UTF8 = { env: { LANG: 'C.UTF-8' } };

const trimmed = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.replace(/^ {4}/, ''))
    .join('\n')
    .replace(/^\n/, '')
    .trimEnd();

async function prints(
  line: readonly string[],
  expected: string,
  fakes: Parameters<typeof runFake>[1] = UTF8,
) {
  const { stdout, stderr } = await runFake(line, fakes);
  assert.equal(stderr, '');
  assert.equal(stdout.trimEnd(), trimmed(expected));
}

test('depends prints every relation and what it resolves to', () =>
  prints(
    ['depends', 'git'],
    `
    git-2.43-r0 (main)

    RELATION              KIND       RESOLVES TO                                                         REPOSITORY
    so:libz.so.1          depends    zlib-1.3-r0                                                         main
    so:lost               depends    not in these repositories
    virtual               depends    none automatically; provided by a-1, b-1, c-1, d-1, e-1 and 2 more
    !gut                  conflicts  must not be installed together with it
    perl: for send-email  optional   not in these repositories

    musl-1.2-r0 (main)
    depends on nothing`,
  ));

const TREE = `
    git-2.43-r0
    ├── libcurl-8.5-r0 (so:libcurl.so.4, libcurl>8)
    │   ├── busybox-1.36-r0
    │   │   └── busybox-binsh-1.36-r0 (/bin/sh)
    │   │       └── busybox-1.36-r0 (busybox=1.36-r0) (*)
    │   └── musl-1.2-r0 (so:libc.so.1)
    ├── musl-1.2-r0 (so:libc.so.1)
    └── git-doc-2.43-r0 (install_if docs git=2.43-r0)
    docs-1-r0
    └── git-doc-2.43-r0 (install_if docs git=2.43-r0)

    7 packages, 14.0 kB installed
    (*) its dependencies are shown above
    warning: mind the gap`;

test('depends --tree draws the set, marks what comes again and ends cycles', () =>
  prints(['depends', 'git', 'docs', '--tree'], TREE));

test('the tree is ASCII where the locale has no box-drawing characters', async () => {
  const ascii = TREE.replaceAll('├──', '|--').replaceAll('└──', '`--').replaceAll('│', '|');
  for (const env of [{}, { LANG: 'C' }, { LC_ALL: 'POSIX', LANG: 'en_US.UTF-8' }]) {
    await prints(['depends', 'git', '--tree'], ascii, { env });
  }
  await prints(['depends', 'git', '--tree'], TREE, { env: { LC_ALL: '', LC_CTYPE: 'de_DE.utf8' } });
});

test('--depth ends the tree, and a package that was cut is drawn where it comes nearer', () => {
  const depth = (levels: number) => renderTree(GRAPH, { depth: levels, ...UTF8 }).split('\n\n')[0];
  assert.match(renderTree(GRAPH, { depth: 1, ...UTF8 }), /\n7 packages within 1 level, /);
  assert.equal(
    depth(1),
    trimmed(`
    git-2.43-r0
    ├── libcurl-8.5-r0 (so:libcurl.so.4, libcurl>8)
    ├── musl-1.2-r0 (so:libc.so.1)
    └── git-doc-2.43-r0 (install_if docs git=2.43-r0)
    docs-1-r0
    └── git-doc-2.43-r0 (install_if docs git=2.43-r0)`),
  );
  const edges = ['root a', 'a b', 'b c', 'c d', 'root c'].map((pair): SetEdge => {
    const [from = '', to = ''] = pair.split(' ');
    return { from, to, kind: 'depends', relation: to };
  });
  const packages = ['d', 'c', 'b', 'a', 'root'].map((name) => ({
    ...GRAPH.packages[0]!,
    name,
    version: '1',
  }));
  const again = renderTree({ ...GRAPH, roots: ['root'], packages, edges }, { depth: 3, ...UTF8 });
  assert.equal(
    again.split('\n\n')[0],
    trimmed(`
    root-1
    ├── a-1
    │   └── b-1
    │       └── c-1
    └── c-1
        └── d-1`),
  );
});

test('a hostile chain of packages is drawn to a limit, and says so', () => {
  const length = 20_000;
  const name = (at: number): string => `p${at}`;
  const chain: GraphReport = {
    ...GRAPH,
    roots: [name(0)],
    packages: Array.from({ length }, (_, at) => ({ ...GRAPH.packages[0]!, name: name(at), version: '1' })),
    edges: Array.from({ length: length - 1 }, (_, at) => ({
      from: name(at),
      to: name(at + 1),
      kind: 'depends' as const,
      relation: name(at + 1),
    })),
  };
  const text = renderTree(chain, { depth: Number.POSITIVE_INFINITY, ...UTF8 });
  assert.ok(text.length < 2_000_000);
  assert.match(text, /└── p500-1\n\n/);
  assert.match(text, /levels below 500 are omitted; use --json to see them/);
});

test('rdepends prints through which relation', () =>
  prints(
    ['rdepends', 'libcurl'],
    `
    PACKAGE      VERSION  REPOSITORY  KIND        RELATION
    curl         8.5-r0   main        depends     libcurl=8.5-r0, so:libcurl.so.4
    libcurl-doc  8.5-r0   main        install_if  docs libcurl=8.5-r0

    2 packages depend on libcurl-8.5-r0`,
  ));

test('rdepends of several levels prints the level and what each depends on', async () => {
  const [first, second] = DEPENDENTS.dependents;
  const dependents = async () => ({
    ...DEPENDENTS,
    dependents: [first!, { ...second!, depth: 2, on: 'curl', relations: ['a', 'b', 'c', 'd', 'e', 'f'] }],
  });
  await prints(
    ['rdepends', 'libcurl', '--recursive'],
    `
    DEPTH  PACKAGE      VERSION  REPOSITORY  ON       KIND        RELATION
        1  curl         8.5-r0   main        libcurl  depends     libcurl=8.5-r0, so:libcurl.so.4
        2  libcurl-doc  8.5-r0   main        curl     install_if  a, b, c, d, e and 1 more

    2 packages depend on libcurl-8.5-r0`,
    { answers: { dependents } },
  );
});

test('rdepends says when there is none, and of which packages a name is', async () => {
  const none = { ...DEPENDENTS, dependents: [] };
  await prints(['rdepends', 'libcurl'], 'nothing depends on libcurl-8.5-r0', {
    answers: { dependents: async () => none },
  });
  await prints(['rdepends', 'so:x'], 'nothing depends on so:x (libcurl-8.5-r0, libcurl-8.5-r0)', {
    answers: {
      dependents: async () => ({ ...none, name: 'so:x', packages: [none.packages[0]!, none.packages[0]!] }),
    },
  });
});

test('why prints each chain with its relations', () =>
  prints(
    ['why', 'musl', '--in', 'git', '--all'],
    `
    git
    └── libcurl (so:libcurl.so.4)
        └── musl

    git
    └── musl (install_if docs git)`,
  ));

test('why: a target, and a package that is not in the set', async () => {
  const target = async () => ({ ...WHY, chains: [{ root: 'musl', steps: [] }] });
  await prints(['why', 'musl', '--in', 'musl'], 'musl was requested itself', { answers: { why: target } });
  const absence = {
    packages: [{ name: 'gcc', version: '13-r0', repository: 'main' }],
    dependents: DEPENDENTS.dependents,
    installIf: [{ rule: 'docs gcc=13-r0', missing: ['docs'] }],
  };
  const why = async () => ({ ...WHY, name: 'gcc', package: undefined, chains: [], absence });
  const { exitCode, stdout } = await runFake(['why', 'gcc', '--in', 'git,curl'], { answers: { why } });
  assert.equal(exitCode, 1);
  assert.equal(
    stdout,
    `${trimmed(`
    gcc-13-r0 is not among the 7 packages of git
    2 packages would install it: curl-8.5-r0, libcurl-doc-8.5-r0 (compose rdepends gcc)
    install_if docs gcc=13-r0: does not hold, docs fails`)}\n`,
  );
  const alone = async () => ({ ...(await why()), absence: { ...absence, dependents: [], installIf: [] } });
  assert.match(
    (await runFake(['why', 'gcc', '--in', 'git'], { answers: { why: alone } })).stdout,
    /nothing in the repositories depends on gcc: only a request for it installs it/,
  );
});

test('providers prints the order of preference and why some are not taken', async () => {
  await prints(
    ['providers', 'java-jre'],
    `
    PACKAGE    VERSION  REPOSITORY  PROVIDES     PRIORITY  STATE
    openjdk17  17-r0    main        java-jre           17  chosen
    openjdk21  21-r0    edge        java-jre=21         0  only when requested with @edge
    openjdk8   8-r0     main        java-jre            0  only when requested by name: no version, no priority`,
  );
  const [first] = PROVIDERS;
  const none = async () => [{ ...first!, providers: [], chosen: undefined, refusal: 'no \u001b[2J' }, first!];
  const { stdout } = await runFake(['providers', 'java*'], { answers: { providers: none } });
  assert.match(stdout, /^java-jre\n\nPACKAGE/);
  assert.match(stdout, /\nno provider is chosen: no \\u001b\[2J\n\njava-jre\n/);
});

test('graph prints DOT: targets filled, install_if dashed, relations at the edges when asked', async () => {
  await prints(
    ['graph', 'git', '--labels'],
    `
    digraph packages {
      rankdir=LR;
      node [shape=box];
      "musl" [label="musl\\n1.2-r0\\n2.0 kB"];
      "busybox" [label="busybox\\n1.36-r0\\n2.0 kB"];
      "busybox-binsh" [label="busybox-binsh\\n1.36-r0\\n2.0 kB"];
      "libcurl" [label="libcurl\\n8.5-r0\\n2.0 kB"];
      "git" [label="git\\n2.43-r0\\n2.0 kB", style=filled];
      "docs" [label="docs\\n1-r0\\n2.0 kB", style=filled];
      "git-doc" [label="git-doc\\n2.43-r0\\n2.0 kB"];
      "busybox" -> "busybox-binsh" [label="/bin/sh"];
      "busybox-binsh" -> "busybox" [label="busybox=1.36-r0"];
      "libcurl" -> "busybox" [label="busybox"];
      "libcurl" -> "musl" [label="so:libc.so.1"];
      "git" -> "libcurl" [label="so:libcurl.so.4\\nlibcurl>8"];
      "git" -> "musl" [label="so:libc.so.1"];
      "git" -> "git-doc" [label="docs git=2.43-r0", style=dashed];
      "docs" -> "git-doc" [label="docs git=2.43-r0", style=dashed];
    }`,
  );
  const { edges } = parseDot((await runFake(['graph', 'git'])).stdout);
  assert.deepEqual(
    edges.map(({ attributes }) => attributes),
    [...Array.from({ length: 6 }, () => ({})), { style: 'dashed' }, { style: 'dashed' }],
  );
});

test('law: whatever the names are, the graph is DOT and says them', () => {
  const piece = fc.constantFrom(
    '"',
    '\\',
    '\\n',
    '\\N',
    '&',
    '&lt;',
    '<',
    '}',
    ']',
    '->',
    ';',
    'ü',
    '𝄞',
    'a',
    '#',
    '//',
  );
  const names = fc.uniqueArray(
    fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join('')),
    {
      minLength: 2,
      maxLength: 5,
    },
  );
  fc.assert(
    fc.property(names, (list) => {
      const graph: GraphReport = {
        ...GRAPH,
        roots: [list[0]!],
        packages: list.map((name) => ({ ...GRAPH.packages[0]!, name, version: name })),
        edges: list.slice(1).map((to) => ({ from: list[0]!, to, kind: 'depends', relation: to })),
      };
      const { nodes, edges } = parseDot(renderDot(graph, { labels: true }));
      assert.deepEqual(
        [...nodes.values()].map(({ label }) => label),
        list.map((name) => `${name}\n${name}\n2.0 kB`),
      );
      assert.deepEqual(
        edges.map(({ from, to, attributes }) => [nodes.has(from), nodes.get(to)?.label, attributes.label]),
        list.slice(1).map((name) => [true, `${name}\n${name}\n2.0 kB`, name]),
      );
    }),
  );
});

test('what the options ask of the use cases', async () => {
  const asked = async (...line: string[]) => {
    const { calls, stderr } = await runFake(line);
    assert.equal(stderr, '');
    const { source: _, ...rest } = calls[0]?.argument as Record<string, unknown>;
    return [calls[0]?.name, rest];
  };
  const all = Number.POSITIVE_INFINITY;
  assert.deepEqual(await asked('depends', 'a', 'b'), ['depends', { packages: ['a', 'b'], optional: false }]);
  assert.deepEqual(await asked('depends', 'a', '--optional'), [
    'depends',
    { packages: ['a'], optional: true },
  ]);
  assert.deepEqual(await asked('depends', 'a', '--tree'), ['graph', { packages: ['a'], depth: all }]);
  assert.deepEqual(await asked('depends', 'a', '--tree', '--depth', '2'), [
    'graph',
    { packages: ['a'], depth: 2 },
  ]);
  assert.deepEqual(await asked('rdepends', 'a'), ['dependents', { name: 'a', depth: 1, optional: false }]);
  assert.deepEqual(await asked('rdepends', 'a', '--recursive', '--optional'), [
    'dependents',
    { name: 'a', depth: all, optional: true },
  ]);
  assert.deepEqual(await asked('rdepends', 'a', '--depth=3'), [
    'dependents',
    { name: 'a', depth: 3, optional: false },
  ]);
  assert.deepEqual(await asked('why', 'a', '--in', 'b,c', '--in', 'd', '--all'), [
    'why',
    { name: 'a', targets: ['b', 'c', 'd'], all: true },
  ]);
  assert.deepEqual(await asked('providers', 'so:lib*'), ['providers', { name: 'so:lib*' }]);
  assert.deepEqual(await asked('graph', 'a', '--depth', '1'), ['graph', { packages: ['a'], depth: 1 }]);
});

test('refused before anything is asked', async () => {
  const cases: readonly (readonly [line: string, message: RegExp])[] = [
    ['depends', /compose depends: expected at least one PKG, got none/],
    ['depends a --depth 2', /--depth needs --tree/],
    ['depends a --tree --optional', /--optional cannot be combined with --tree/],
    ['depends a --tree --depth 0', /--depth: expected a whole number from 1 to 500/],
    ['rdepends a --depth 501', /--depth: expected a whole number from 1 to 500/],
    ['rdepends a b', /compose rdepends: expected one NAME, got "a b"/],
    ['why a', /compose why: expected --in/],
    ['why a --in ,', /--in: expected a package name/],
    ['providers', /compose providers: expected one NAME, got none/],
    ['graph', /compose graph: expected at least one PKG, got none/],
    ['graph a --tree', /not an option of compose graph: --tree/],
  ];
  for (const [line, message] of cases) {
    const { exitCode, stderr, calls } = await runFake(line.split(' '));
    assert.equal(exitCode, 2, line);
    assert.match(stderr, message);
    assert.deepEqual(calls, []);
  }
});

test('--json prints the reports themselves', async () => {
  const json = async (...line: string[]) =>
    JSON.parse((await runFake([...line, '--json'])).stdout) as unknown;
  assert.deepEqual(await json('depends', 'git', '--tree'), GRAPH);
  assert.deepEqual(await json('graph', 'git'), GRAPH);
  assert.deepEqual(await json('providers', 'java-jre'), PROVIDERS);
  assert.deepEqual(await json('rdepends', 'libcurl'), DEPENDENTS);
  assert.deepEqual(await json('why', 'musl', '--in', 'git'), { ...WHY, absence: null });
});
