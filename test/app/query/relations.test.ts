import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { dependents } from '../../../src/app/query/dependents.ts';
import { depends } from '../../../src/app/query/depends.ts';
import { providers } from '../../../src/app/query/providers.ts';
import type { PackageRef } from '../../../src/model/relation-report.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { refused, use } from '../harness.ts';
import { alpineShelf, archShelf, type Shelf } from '../repositories/index-folders.ts';

const label = ({ name, version }: PackageRef): string => `${name}-${version}`;

/** `kind relation → package | providers` a line. */
async function dependsOf(shelf: Shelf, ...packages: string[]): Promise<string[]> {
  const reports = await use(shelf, (context) => depends(context, { ...shelf, packages, optional: true }));
  return reports.flatMap((report) => [
    `${report.repository}/${label(report)}`,
    ...report.relations.map(({ kind, relation, purpose, package: entry, providers: all }) =>
      [`${kind} ${relation}`, purpose, entry && `→ ${label(entry)}`, `of ${all.map(label).join(' ')}`]
        .filter(Boolean)
        .join(' '),
    ),
  ]);
}

/** `depth name kind relations on` a line. */
async function dependentsOf(shelf: Shelf, name: string, depth = 1, optional = false): Promise<string[]> {
  const report = await use(shelf, (context) => dependents(context, { ...shelf, name, depth, optional }));
  return report.dependents.map(
    (one) => `${one.depth} ${label(one)} ${one.kind} ${one.relations.join(', ')} on ${one.on}`,
  );
}

async function providersOf(shelf: Shelf, name: string): Promise<string[]> {
  const reports = await use(shelf, (context) => providers(context, { ...shelf, name }));
  return reports.flatMap((report) => [
    `${report.name}: ${report.chosen === undefined ? 'none' : label(report.chosen)}`,
    ...report.providers.map((one) =>
      `  ${label(one)} ${one.by} [${one.providedVersion}] ${one.unasked ? '' : 'asked'}`.trimEnd(),
    ),
  ]);
}

const ALPINE = {
  main: [
    'musl-1.2-r0 p:so:libc.so.1=1 cmd:ldd=1.2-r0',
    'curl-8.0-r0 D:libcurl=8.0-r0 so:libc.so.1 p:cmd:curl=8.0-r0',
    'libcurl-8.0-r0 D:so:libc.so.1 p:so:libcurl.so.4=4.8.0',
    'git-2.0-r0 D:so:libcurl.so.4 so:libc.so.1 p:git-any',
    'git-doc-2.0-r0 i:docs git=2.0-r0',
    'git-daemon-2.0-r0 D:git=2.0-r0',
    'git-old-1.0-r0 D:git<2',
    'docs-1-r0 D:!nodocs',
    'lost-1-r0 D:so:missing.so.1 libcurl>9 git-any',
    'jre8-8-r0 p:java-jre',
    'jre17-17-r0 p:java-jre k:17',
    'jre11-11-r0 p:java-jre k:11',
    'plugin-1-r0 p:virtual',
    'addon-1-r0 p:virtual',
    'sh-a-1-r0 p:sh=1',
    'sh-b-1-r0 p:sh=2',
  ],
  community: ['git-1.9-r0 D:so:libcurl.so.4', 'musl-1.1-r0 p:so:libc.so.1=1', 'sh-2-r0'],
};

const ARCH = {
  core: [
    { name: 'glibc', version: '2.36-1', provides: ['libm.so=6-64'] },
    { name: 'bash', version: '5.1-1', depends: ['glibc', 'libreadline.so=8-64'], provides: ['sh'] },
    { name: 'readline', version: '8.1-1', depends: ['glibc>=2'], provides: ['libreadline.so=8-64'] },
    { name: 'zsh', version: '5.9-1', depends: ['libm.so', 'glibc<2'], groups: ['shells'] },
    {
      name: 'fish',
      version: '3.5-1',
      depends: ['sh'],
      optdepends: ['zsh: for the zsh', 'lost: gone', 'bash>=4:no blank'],
      groups: ['shells'],
    },
  ],
  extra: [
    { name: 'bash', version: '5.2-1', depends: ['glibc'] },
    { name: 'dash', version: '0.5-1', provides: ['sh'] },
    { name: 'needy', version: '1-1', depends: ['sh>1', 'bash>5.1-1', 'libreadline.so=7-64'] },
  ],
};

const alpine = (t: TestContext) => alpineShelf(tempDir(t), ALPINE);
const arch = (t: TestContext) => archShelf(tempDir(t), ARCH);

test('depends: relations as written, with what each resolves to', async (t) => {
  assert.deepEqual(await dependsOf(alpine(t), 'curl'), [
    'main/curl-8.0-r0',
    'depends libcurl=8.0-r0 → libcurl-8.0-r0 of libcurl-8.0-r0',
    'depends so:libc.so.1 → musl-1.2-r0 of musl-1.2-r0 musl-1.1-r0',
  ]);
});

test('depends: what nothing meets, what is never taken unasked and conflicts are no failure', async (t) => {
  const shelf = alpine(t);
  assert.deepEqual(await dependsOf(shelf, 'lost', 'docs'), [
    'main/lost-1-r0',
    'depends so:missing.so.1 of ',
    'depends libcurl>9 of ',
    'depends git-any of git-2.0-r0',
    'main/docs-1-r0',
    'conflicts !nodocs of ',
  ]);
});

test('depends: a provided name, a version, a repository and a group are targets', async (t) => {
  const first = async (shelf: Shelf, ...targets: string[]) =>
    (await dependsOf(shelf, ...targets)).filter((line) => line.includes('/'));
  assert.deepEqual(await first(alpine(t), 'cmd:curl', 'git<2', 'community/musl'), [
    'main/curl-8.0-r0',
    'community/git-1.9-r0',
    'community/musl-1.1-r0',
  ]);
  assert.deepEqual(await first(arch(t), 'shells', 'extra/bash', 'fish'), [
    'core/zsh-5.9-1',
    'core/fish-3.5-1',
    'extra/bash-5.2-1',
  ]);
});

test('depends: pacman’s relations and optdepends', async (t) => {
  assert.deepEqual(await dependsOf(arch(t), 'fish', 'needy', 'core/bash'), [
    'core/fish-3.5-1',
    'depends sh → bash-5.1-1 of bash-5.1-1 dash-0.5-1',
    'optional zsh for the zsh → zsh-5.9-1 of zsh-5.9-1',
    'optional lost gone of ',
    'optional bash>=4 no blank → bash-5.1-1 of bash-5.1-1 bash-5.2-1',
    'extra/needy-1-1',
    'depends sh>1 of ',
    'depends bash>5.1-1 → bash-5.2-1 of bash-5.2-1',
    'depends libreadline.so=7-64 of ',
    'core/bash-5.1-1',
    'depends glibc → glibc-2.36-1 of glibc-2.36-1',
    'depends libreadline.so=8-64 → readline-8.1-1 of readline-8.1-1',
  ]);
});

test('an unknown name is an error with the nearest ones', async (t) => {
  const shelf = alpine(t);
  const ask = (name: string) =>
    use(shelf, (context) => depends(context, { ...shelf, packages: [name], optional: false }));
  await refused(ask('libcurll'), 'UNKNOWN_PACKAGE', 'libcurll', 'libcurl');
  await refused(ask('git>3'), 'UNKNOWN_PACKAGE', 'available: git-2.0-r0');
  await refused(dependentsOf(shelf, 'gti'), 'UNKNOWN_PACKAGE', 'git');
  await refused(providersOf(shelf, 'so:zz*'), 'UNKNOWN_PACKAGE', 'so:zz*');
});

test('rdepends: by name and by what it provides, only where the version is met', async (t) => {
  const shelf = alpine(t);
  assert.deepEqual(await dependentsOf(shelf, 'git'), [
    '1 git-daemon-2.0-r0 depends git=2.0-r0 on git',
    '1 git-doc-2.0-r0 install_if docs git=2.0-r0 on git',
    '1 lost-1-r0 depends git-any on git',
  ]);
  assert.deepEqual(await dependentsOf(shelf, 'git<2'), ['1 git-old-1.0-r0 depends git<2 on git']);
  assert.deepEqual(await dependentsOf(shelf, 'libcurl'), [
    '1 curl-8.0-r0 depends libcurl=8.0-r0 on libcurl',
    '1 git-2.0-r0 depends so:libcurl.so.4 on libcurl',
    '1 git-1.9-r0 depends so:libcurl.so.4 on libcurl',
  ]);
  assert.deepEqual(await dependentsOf(shelf, 'git-doc'), []);
});

test('rdepends of a name that is no package’s: that name alone, whoever provides it', async (t) => {
  assert.deepEqual(await dependentsOf(alpine(t), 'so:libcurl.so.4'), [
    '1 git-2.0-r0 depends so:libcurl.so.4 on libcurl',
    '1 git-1.9-r0 depends so:libcurl.so.4 on libcurl',
  ]);
  assert.deepEqual(await dependentsOf(arch(t), 'sh'), ['1 fish-3.5-1 depends sh on bash']);
});

test('rdepends: a conflict is not a dependency, a package is not its own dependent', async (t) => {
  const shelf = alpineShelf(tempDir(t), {
    main: ['a-1-r0 D:b a', 'b-1-r0 D:!a p:a-helper', 'c-1-r0 D:a a-helper b', 'nodocs-1-r0'],
  });
  assert.deepEqual(await dependentsOf(shelf, 'a'), ['1 c-1-r0 depends a on a']);
  assert.deepEqual(await dependentsOf(shelf, 'b'), [
    '1 a-1-r0 depends b on b',
    '1 c-1-r0 depends b, a-helper on b',
  ]);
});

test('rdepends: levels, each package once and nearest first; cycles end', async (t) => {
  const shelf = alpineShelf(tempDir(t), {
    main: ['a-1-r0 D:e', 'b-1-r0 D:a', 'c-1-r0 D:b a', 'd-1-r0 D:c', 'e-1-r0 D:d'],
  });
  assert.deepEqual(await dependentsOf(shelf, 'a', Number.POSITIVE_INFINITY), [
    '1 b-1-r0 depends a on a',
    '1 c-1-r0 depends a on a',
    '2 d-1-r0 depends c on c',
    '3 e-1-r0 depends d on d',
  ]);
  assert.equal((await dependentsOf(shelf, 'a', 2)).length, 3);
});

test('rdepends: optdepends when asked, versions counted', async (t) => {
  const shelf = arch(t);
  assert.deepEqual(await dependentsOf(shelf, 'zsh'), []);
  assert.deepEqual(await dependentsOf(shelf, 'zsh', 1, true), ['1 fish-3.5-1 optional zsh on zsh']);
  assert.deepEqual(await dependentsOf(shelf, 'bash', 1, true), [
    '1 fish-3.5-1 depends sh on bash',
    '1 fish-3.5-1 optional bash>=4 on bash',
  ]);
  assert.deepEqual(await dependentsOf(shelf, 'extra/bash'), ['1 needy-1-1 depends bash>5.1-1 on bash']);
  assert.deepEqual(await dependentsOf(shelf, 'glibc'), [
    '1 bash-5.1-1 depends glibc on glibc',
    '1 bash-5.2-1 depends glibc on glibc',
    '1 readline-8.1-1 depends glibc>=2 on glibc',
    '1 zsh-5.9-1 depends libm.so on glibc',
  ]);
});

test('rdepends: twenty thousand dependents of one package', async (t) => {
  const many = Array.from({ length: 20_000 }, (_, at) => `p${at}-1-r0 D:hub so:hub.so`);
  const shelf = alpineShelf(tempDir(t), { main: ['hub-1-r0 p:so:hub.so=1', ...many] });
  const found = await dependentsOf(shelf, 'hub', Number.POSITIVE_INFINITY);
  assert.equal(found.length, 20_000);
  assert.equal(found[0], '1 p0-1-r0 depends hub, so:hub.so on hub');
});

test('providers: in the order of preference, with what would be chosen', async (t) => {
  const shelf = alpine(t);
  assert.deepEqual(await providersOf(shelf, 'java-jre'), [
    'java-jre: jre17-17-r0',
    '  jre17-17-r0 java-jre []',
    '  jre11-11-r0 java-jre []',
    '  jre8-8-r0 java-jre [] asked',
  ]);
  assert.deepEqual(await providersOf(shelf, 'sh'), [
    'sh: sh-2-r0',
    '  sh-2-r0 sh [2-r0]',
    '  sh-b-1-r0 sh=2 [2]',
    '  sh-a-1-r0 sh=1 [1]',
  ]);
});

test('providers: none is chosen where all are unversioned and without priority', async (t) => {
  const shelf = alpine(t);
  assert.deepEqual(await providersOf(shelf, 'virtual'), [
    'virtual: none',
    '  plugin-1-r0 virtual [] asked',
    '  addon-1-r0 virtual [] asked',
  ]);
  const [report] = await use(shelf, (context) => providers(context, { ...shelf, name: 'virtual' }));
  assert.match(report?.refusal ?? '', /virtual/);
});

test('providers: a tagged repository comes last, and first when its tag is asked for', async (t) => {
  const shelf = alpineShelf(tempDir(t), { main: ['a-1-r0 p:v=1'], '@edge edge': ['a-2-r0 p:v=2'] });
  assert.deepEqual(await providersOf(shelf, 'a'), [
    'a: a-1-r0',
    '  a-1-r0 a [1-r0]',
    '  a-2-r0 a [2-r0] asked',
  ]);
  assert.deepEqual(await providersOf(shelf, 'a@edge'), [
    'a@edge: a-2-r0',
    '  a-2-r0 a [2-r0]',
    '  a-1-r0 a [1-r0]',
  ]);
});

test('providers: a version, and globs of names', async (t) => {
  const shelf = alpine(t);
  assert.deepEqual(await providersOf(shelf, 'so:libcurl.so.4>4.7'), [
    'so:libcurl.so.4>4.7: libcurl-8.0-r0',
    '  libcurl-8.0-r0 so:libcurl.so.4=4.8.0 [4.8.0]',
  ]);
  const names = async (glob: string) =>
    (await providersOf(shelf, glob)).filter((line) => !line.startsWith(' '));
  assert.deepEqual(await names('so:*'), ['so:libc.so.1: musl-1.2-r0', 'so:libcurl.so.4: libcurl-8.0-r0']);
  assert.deepEqual(await names('cmd:[cl]?*'), ['cmd:curl: curl-8.0-r0', 'cmd:ldd: musl-1.2-r0']);
});

test('providers: a glob of more names than can be solved for is refused', async (t) => {
  const shelf = alpineShelf(tempDir(t), {
    main: [`a-1-r0 p:${Array.from({ length: 201 }, (_, at) => `so:${at}`).join(' ')}`],
  });
  await refused(providersOf(shelf, 'so:*'), 'LIMIT', '201', 'compose search');
});

test('providers of pacman: by name before by provision, then databases in order', async (t) => {
  const shelf = arch(t);
  assert.deepEqual(await providersOf(shelf, 'sh'), [
    'sh: bash-5.1-1',
    '  bash-5.1-1 sh []',
    '  dash-0.5-1 sh []',
  ]);
  assert.deepEqual(await providersOf(shelf, 'libreadline.so=8-64'), [
    'libreadline.so=8-64: readline-8.1-1',
    '  readline-8.1-1 libreadline.so=8-64 [8-64]',
  ]);
});

const VERSION = fc.constantFrom('1', '2', '10');
const PROVIDER = fc.record({
  own: fc.boolean(),
  version: VERSION,
  provided: fc.option(VERSION),
  priority: fc.integer({ min: 0, max: 3 }),
  second: fc.boolean(),
});

test('law: the first that is taken unasked is what the solver takes', async (t) => {
  const dir = tempDir(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(PROVIDER, { minLength: 1, maxLength: 6 }), async (list) => {
      run += 1;
      const line = ({ own, version, provided, priority }: (typeof list)[number], at: number): string =>
        own
          ? `x-${version}.${at}-r0 k:${priority}`
          : `p${at}-${version}-r0 p:x${provided === null ? '' : `=${provided}`} k:${priority}`;
      const lines = list.map((one, at) => ({ second: one.second, line: line(one, at) }));
      const shelf = alpineShelf(join(dir, String(run)), {
        main: lines.filter(({ second }) => !second).map((one) => one.line),
        community: lines.filter(({ second }) => second).map((one) => one.line),
      });
      const [report] = await use(shelf, (context) => providers(context, { ...shelf, name: 'x' }));
      const first = report?.providers.find(({ unasked }) => unasked);
      assert.deepEqual(report?.chosen && label(report.chosen), first && label(first));
    }),
    { numRuns: 60 },
  );
});
