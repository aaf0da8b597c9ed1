import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compose } from '../../../src/app/compose/compose.ts';
import { plan } from '../../../src/app/query/plan.ts';
import { openPlanner } from '../../../src/app/query/planner.ts';
import { solvedGraph } from '../../../src/app/query/solved-graph.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import type { BaseMode, ComposeRequest, PlanReport } from '../../../src/model/request.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeArchMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { verifyImage } from '../../output/verify-image.ts';
import { cli, environment, refused, request, small, source, use } from '../harness.ts';

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\n';

/** What `--base minimal` names, made small; busybox is what a shell needs. */
const BASE: readonly ApkSpec[] = [
  small('alpine-baselayout', {
    depends: ['/bin/sh'],
    files: [
      { path: 'etc/' },
      { path: 'etc/passwd', content: PASSWD },
      { path: 'etc/group', content: 'root:x:0:\n' },
    ],
  }),
  small('alpine-release', { version: '3.19.1-r0' }),
  small('alpine-keys'),
  small('busybox', {
    files: [
      { path: 'bin/' },
      { path: 'bin/busybox', content: 'program', mode: 0o755 },
      { path: 'bin/sh', linkTarget: '/bin/busybox' },
    ],
    provides: ['/bin/sh'],
    providerPriority: 100,
  }),
  small('apk-tools', { depends: ['libssl'] }),
  small('libssl'),
  small('musl-utils'),
  small('libc-utils'),
];
const NAMES = ['alpine-baselayout', 'alpine-release', 'alpine-keys', 'busybox', 'apk-tools'];

function shelf(t: TestContext, packages: readonly ApkSpec[], release = 'v3.19') {
  const dir = tempDir(t);
  const repositories = [writeAlpineMirror(dir, { release, packages })];
  const from = { repositories, release, allowUntrusted: true };
  const cache = join(dir, 'cache');
  return {
    dir,
    cache,
    from,
    plan: (names: readonly string[], base: BaseMode | undefined): Promise<PlanReport> =>
      use({ cache }, (context) => plan(context, { source: source(from), packages: names, base })),
    compose: async (names: readonly string[], more: Partial<ComposeRequest>) => {
      const output = { path: join(dir, 'out.tar'), format: 'tar', load: undefined } as const;
      const report = await use({ cache }, (context) =>
        compose(context, request(names, from, { output, ...more })),
      );
      return { report, image: await verifyImage(output.path) };
    },
  };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const reasons = ({ packages }: PlanReport) => packages.map(({ name, reason }) => `${name} ${reason}`).sort();

test('regression: an image of one package has a shell, users and a package manager, and says what the base added', async (t) => {
  const { compose, plan } = shelf(t, [...BASE, small('tool', { depends: ['libssl'] })]);
  const { report, image } = await compose(['tool'], { base: undefined });
  assert.deepEqual(reasons(report.plan), [
    'alpine-baselayout base',
    'alpine-keys base',
    'alpine-release base',
    'apk-tools base',
    'busybox base',
    'libssl dependency',
    'tool explicit',
  ]);
  assert.deepEqual(report.plan.base, { mode: 'minimal', targets: NAMES, missing: [] });
  assert.equal(report.runs, true);
  assert.deepEqual(report.notes, []);
  for (const path of ['etc/passwd', 'bin/sh', 'usr/share/tool']) assert.ok(image.rootfs.has(path), path);
  const { packages, base } = await plan(['tool'], 'none');
  assert.deepEqual(packages.map(({ name }) => name).sort(), ['libssl', 'tool']);
  assert.deepEqual(base, { mode: 'none', targets: [], missing: [] });
});

test('the world of the image is the base and the request; what the request says of a name goes before the base', async (t) => {
  const { compose } = shelf(t, [...BASE, small('tool')]);
  for (const [names, world] of [
    [['tool'], [...NAMES, 'tool'].sort()],
    [['busybox>0', 'tool'], [...NAMES.filter((name) => name !== 'busybox'), 'busybox>0', 'tool'].sort()],
  ] as const) {
    const { image } = await compose(names, { base: 'minimal' });
    assert.equal(image.rootfs.get('etc/apk/world')?.sha256, sha256(`${world.join('\n')}\n`));
  }
  const { report } = await compose(['busybox>0'], { base: 'minimal' });
  assert.equal(report.plan.packages.find(({ name }) => name === 'busybox')?.reason, 'explicit');
});

test('what of the default base the repositories do not have is said, and no error; of one that was asked for it is', async (t) => {
  const { compose, plan } = shelf(t, [small('tool'), small('busybox', { depends: ['lacking'] })]);
  const { report } = await compose(['tool'], { base: undefined });
  assert.deepEqual(
    report.plan.packages.map(({ name }) => name),
    ['tool'],
  );
  assert.deepEqual(report.plan.base.missing, ['alpine-baselayout', 'alpine-keys', 'busybox', 'apk-tools']);
  assert.equal(report.runs, false);
  assert.match(report.notes.join('\n'), /^no shell in the image/);
  await refused(plan(['tool'], 'minimal'), 'UNKNOWN_PACKAGE', 'alpine-baselayout', '--base none');
});

test('a request that cannot be had is refused as without a base; one that clashes with the base names --base none', async (t) => {
  const { plan, compose } = shelf(t, [
    ...BASE,
    small('other-layout', { depends: ['!alpine-baselayout'] }),
    small('own-users', { files: [{ path: 'etc/' }, { path: 'etc/passwd', content: 'me' }] }),
  ]);
  const error = await refused(plan(['nosuch'], undefined), 'UNKNOWN_PACKAGE', 'nosuch');
  assert.doesNotMatch(`${error.message} ${error.hint}`, /--base/);
  await refused(plan(['other-layout'], undefined), 'UNSATISFIABLE', 'other-layout', '--base none');
  assert.equal((await plan(['other-layout'], 'none')).packages.length, 1);
  await refused(compose(['own-users'], { base: undefined }), 'CONFLICT', '/etc/passwd', '--base none');
  await compose(['own-users'], { base: 'none' });
});

test('an archive of the base that cannot be had is told as the base’s', async (t) => {
  const { compose, from } = shelf(t, [...BASE, small('tool')]);
  rmSync(join(from.repositories[0] as string, 'apk-tools-1.0-r0.apk'));
  await refused(
    compose(['tool'], { base: undefined }),
    'NOT_FOUND',
    'leave apk-tools out: it is part of the base',
  );
  await compose(['tool'], { base: 'none' });
});

test('a request that only the base can meet is met', async (t) => {
  const { plan } = shelf(t, [
    ...BASE.filter(({ name }) => name !== 'busybox'),
    small('busybox', { provides: ['/bin/sh'] }),
    small('dash', { provides: ['/bin/sh'] }),
    small('tool', { depends: ['/bin/sh'] }),
  ]);
  await refused(plan(['tool'], 'none'), 'UNSATISFIABLE', '/bin/sh');
  const report = await plan(['tool'], undefined);
  assert.equal(report.packages.find(({ name }) => name === 'tool')?.reason, 'explicit');
  assert.equal(report.packages.find(({ name }) => name === 'busybox')?.reason, 'base');
});

test('system is what the release has: musl-utils from 3.21 on, libc-utils before', async (t) => {
  for (const [release, utils] of [
    ['v3.20', 'libc-utils'],
    ['v3.21', 'musl-utils'],
    ['edge', 'musl-utils'],
  ] as const) {
    const { plan } = shelf(t, [...BASE, small('tool')], release);
    assert.deepEqual((await plan(['tool'], 'system')).base.targets, [...NAMES, utils], release);
  }
});

test('a repository with wolfi-base and without alpine-baselayout has that for a base', async (t) => {
  const { plan } = shelf(t, [small('wolfi-base', { depends: ['busybox'] }), small('busybox'), small('tool')]);
  for (const mode of [undefined, 'minimal', 'system'] as const)
    assert.deepEqual(reasons(await plan(['tool'], mode)), [
      'busybox base',
      'tool explicit',
      'wolfi-base base',
    ]);
});

test('Arch: minimal is filesystem, bash and coreutils, system the package base', async (t) => {
  const dir = tempDir(t);
  const arch = (name: string, depends: readonly string[] = []) => ({ name, version: '1-1', depends });
  const folder = await writeArchMirror(dir, {
    packages: [
      arch('filesystem'),
      arch('bash', ['readline']),
      arch('readline'),
      arch('coreutils'),
      arch('pacman'),
      arch('base', ['filesystem', 'bash', 'pacman']),
      arch('tool'),
    ],
  });
  const from = source({ distro: 'arch', repositories: [folder], allowUntrusted: true });
  const planned = (base: BaseMode | undefined) =>
    use({ cache: join(dir, 'cache') }, (context) =>
      plan(context, { source: from, packages: ['tool'], base }),
    );
  assert.deepEqual(reasons(await planned(undefined)), [
    'bash base',
    'coreutils base',
    'filesystem base',
    'readline base',
    'tool explicit',
  ]);
  assert.deepEqual((await planned('system')).base.targets, ['base']);
  assert.equal((await planned('system')).packages.length, 6);
});

test('answers to questions have no base', async (t) => {
  const { cache, from } = shelf(t, [...BASE, small('tool')]);
  const options = {
    env: environment(),
    progress: silentProgress,
    signal: new AbortController().signal,
    cacheDirectory: cache,
  };
  const planner = await openPlanner(options, source(from));
  assert.deepEqual(planner.plan(['tool']), { add: ['tool'], install: ['tool-1.0-r0'] });
  planner.close();
  const graph = await use({ cache }, (context) =>
    solvedGraph(context, { source: source(from), packages: ['tool'], depth: 9 }),
  );
  assert.deepEqual(
    graph.packages.map(({ name }) => name),
    ['tool'],
  );
});

test('the summary and the plan name the base; --batch and --prefix take none', async (t) => {
  const { dir, cache, from } = shelf(t, [...BASE, small('tool')]);
  const options = ['--repo', from.repositories[0] as string, '--allow-untrusted', '--arch', 'x86_64'];
  const run = (...words: string[]) => cli([...words, ...options, '--cache', cache], { cwd: dir });
  const line = `6 packages (minimal): ${NAMES.join(', ')}`;
  assert.ok((await run('plan', 'tool')).stdout.includes(`\nbase: ${line}\n`));
  assert.match((await run('plan', 'tool')).stdout, /^busybox +1\.0-r0 +main +base /m);
  const { stdout } = await run('tool');
  assert.ok(stdout.includes(`\nbase         ${line}\n`), stdout);
  assert.match(stdout, /^run it: {2}docker run --rm -it pkgcompose\/tool:latest$/m);
  const alone = await run('tool', '--base', 'none');
  assert.doesNotMatch(alone.stdout, /^base|^run it/m);
  assert.match(alone.stdout, /^note: no shell in the image/m);
  assert.equal((await run('plan', '--batch', '--base', 'system')).code, 2);
  const below = await run('tool', '--prefix', '/opt/x', '--json');
  assert.equal(JSON.parse(below.stdout).plan.base.mode, 'none');
  const refusal = await run('tool', '--prefix', '/opt/x', '--base', 'minimal');
  assert.equal(refusal.code, 2);
  assert.match(refusal.stderr, /--base: expected none with --prefix \/opt\/x/);
});
