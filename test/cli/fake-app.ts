import { Readable } from 'node:stream';
import type { ContextOptions } from '../../src/app/context.ts';
import type { CommandTable } from '../../src/cli/command.ts';
import { run } from '../../src/cli/run.ts';
import { digestOf, parseDiffId } from '../../src/model/digest.ts';
import type { FilesReport, OwnsReport, SearchReport, ShowReport } from '../../src/model/package-report.ts';
import type { ComposeReport, PlanReport } from '../../src/model/request.ts';
import type { App } from '../../src/use-cases.ts';
import { ARTIFACT_FETCHED, ARTIFACT_PULLED, ARTIFACT_PUSHED } from './artifact-samples.ts';
import { CATALOG_PULLED, CATALOG_PUSHED } from './catalog-samples.ts';
import { DIFF, VERIFY } from './image-samples.ts';
import { MIRRORED, MIRRORS } from './mirror-samples.ts';
import { COPIED, INSPECTED, LOGIN, PULLED } from './registry-samples.ts';
import { DEPENDENTS, DEPENDS, GRAPH, PROVIDERS, WHY } from './relation-samples.ts';

export const PLAN: PlanReport = {
  distro: 'alpine',
  release: 'v3.19',
  architecture: 'x86_64',
  packages: [
    {
      name: 'musl',
      version: '1.2.4-r2',
      repository: 'main',
      reason: 'dependency',
      sizeBytes: 397_000,
      installedSizeBytes: 634_880,
      digest: digestOf('a'),
      cached: true,
    },
    {
      name: 'gcc',
      version: '13.2.1-r0',
      repository: 'main',
      reason: 'explicit',
      sizeBytes: 52_000_000,
      installedSizeBytes: 160_000_000,
      digest: digestOf('b'),
      cached: false,
    },
  ],
  base: { mode: 'minimal', targets: [], missing: [] },
  downloadBytes: 52_000_000,
  installedBytes: 160_634_880,
  warnings: [],
};

const layer = {
  diffId: digestOf('d'),
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  derived: '',
};

export const REPORT: ComposeReport = {
  plan: PLAN,
  tags: ['pkgcompose/gcc:latest'],
  digest: digestOf('manifest'),
  imageId: digestOf('config'),
  layers: [
    { ...layer, digest: digestOf('a'), sizeBytes: 397_000, packages: ['musl-1.2.4-r2'], kind: 'package' },
    {
      ...layer,
      digest: digestOf('b'),
      sizeBytes: 52_000_000,
      packages: ['gcc-13.2.1-r0'],
      kind: 'package',
      derived: 'gcc: repacked',
    },
    { ...layer, digest: digestOf('c'), sizeBytes: 9_000, packages: [], kind: 'install' },
  ],
  sizeBytes: 52_406_000,
  output: 'out.tar',
  loadedInto: undefined,
  pushed: [],
  left: [],
  runs: true,
  notes: ['gcc-13.2.1-r0 was repacked: end-of-archive blocks before the last gzip member'],
};

export const SEARCH: SearchReport = {
  total: 2,
  packages: [
    {
      name: 'git',
      version: '2.43.0-r0',
      repository: 'main',
      description: 'Distributed version control',
      provides: [],
      cached: true,
    },
    {
      name: 'busybox',
      version: '1.36.1-r15',
      repository: 'main',
      description: 'Many utilities',
      provides: ['cmd:a', 'cmd:b', 'cmd:c', 'cmd:d'],
      cached: false,
    },
  ],
  nearest: [],
};

export const SHOW: ShowReport = {
  target: 'git',
  by: 'name',
  packages: [
    {
      name: 'git',
      version: '2.43.0-r0',
      tag: '',
      repository: 'main',
      release: 'v3.19',
      url: 'https://mirror.example/main/git-2.43.0-r0.apk',
      description: 'Distributed version control',
      homepage: 'https://git.example',
      license: 'GPL-2.0-only',
      origin: 'git',
      maintainer: 'Some One <one@example.test>',
      architecture: 'x86_64',
      buildDate: '2023-11-20T12:00:00.000Z',
      commit: 'abc',
      sizeBytes: 2_500_000,
      installedSizeBytes: 6_000_000,
      depends: ['so:libc.musl-x86_64.so.1', 'so:libz.so.1'],
      optionalDepends: [],
      provides: ['cmd:git=2.43.0-r0'],
      replaces: [],
      conflicts: [],
      installIf: [],
      groups: [],
      providerPriority: 0,
      replacesPriority: 0,
      checksum: 'Q1abc=',
      signature: false,
      indexSignedBy: 'key-1',
      extra: {},
      cached: {
        digest: digestOf('git'),
        diffId: parseDiffId(digestOf('git tar')),
        compression: 'gzip',
        derived: '',
        scripts: ['post-install'],
        triggers: ['/usr/bin/*'],
        hooks: [],
        files: 3,
        signedBy: 'key-1',
        stored: true,
      },
    },
  ],
};

export const FILES: FilesReport = {
  name: 'git',
  version: '2.43.0-r0',
  repository: 'main',
  source: 'archive',
  paths: ['usr/', 'usr/bin/', 'usr/bin/git', 'usr/bin/git-shell', 'usr/a\nb'],
  entries: [
    { path: 'usr', type: 'directory', mode: 0o755, sizeBytes: 0, linkTarget: '' },
    { path: 'usr/bin', type: 'directory', mode: 0o1777, sizeBytes: 0, linkTarget: '' },
    { path: 'usr/bin/git', type: 'file', mode: 0o4755, sizeBytes: 12345, linkTarget: '' },
    { path: 'usr/bin/git-shell', type: 'symlink', mode: 0o777, sizeBytes: 0, linkTarget: 'git' },
    { path: 'usr/a\nb', type: 'hardlink', mode: 0o640, sizeBytes: 0, linkTarget: 'usr/bin/git' },
  ],
};

export const OWNS: OwnsReport = {
  owners: [
    { name: 'git', version: '2.43.0-r0', repository: 'main', path: 'usr/bin/git', source: 'archive' },
    { name: 'git', version: '2.40.0-r0', repository: '', path: 'usr/bin/git', source: 'archive' },
  ],
  missing: ['/usr/bin/svn'],
  likely: ['subversion-1.14-r0 provides cmd:svn'],
  searched: 1,
  packages: 2,
  notes: ['searched 1 of 2 packages'],
};

export interface Call {
  readonly name: keyof App;
  readonly argument: unknown;
}

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly calls: readonly Call[];
  /** Questions to the person at the terminal */
  readonly asked: readonly string[];
}

export interface Fakes {
  /** In place of the product's commands */
  readonly commands?: CommandTable;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly answers?: Partial<App>;
  readonly stdin?: string;
  /** What a person at the terminal answers, in order; without it there is no terminal */
  readonly typed?: readonly string[];
  /** Sees what the app is made with */
  readonly onOptions?: (options: ContextOptions) => void;
}

/** Runs a command line against use cases that only note what they are asked. */
export async function runFake(argv: readonly string[], fakes: Fakes = {}): Promise<Outcome> {
  const calls: Call[] = [];
  const asked: string[] = [];
  const typed = fakes.typed === undefined ? undefined : [...fakes.typed];
  const answer = <T>(name: keyof App, value: T) => {
    return async (argument?: unknown): Promise<T> => {
      calls.push({ name, argument });
      const given = fakes.answers?.[name] as ((argument: unknown) => Promise<T>) | undefined;
      return given === undefined ? value : given(argument);
    };
  };
  const digest = digestOf('blob');
  const app: App = {
    index: answer('index', [
      {
        repository: 'main',
        url: 'https://mirror.example/main',
        status: 'indexed' as const,
        packages: 5443,
        signedBy: 'key-1',
      },
    ]),
    ingest: answer('ingest', [
      {
        source: 'a.apk',
        name: 'a',
        version: '1-r0',
        digest,
        sizeBytes: 1234,
        diffId: 'sha256:0',
        files: 3,
        unstackable: 'one stray zero block',
        signedBy: '',
        added: true,
      },
    ]),
    plan: answer('plan', PLAN),
    planner: answer('planner', {
      plan: (add: readonly string[]) => ({ add, install: add.map((name) => `${name}-1`) }),
      close: () => {},
    }),
    compose: answer('compose', REPORT),
    search: answer('search', SEARCH),
    show: answer('show', [SHOW]),
    files: answer('files', [FILES]),
    owns: answer('owns', OWNS),
    depends: answer('depends', DEPENDS),
    dependents: answer('dependents', DEPENDENTS),
    why: answer('why', WHY),
    providers: answer('providers', PROVIDERS),
    graph: answer('graph', GRAPH),
    verify: answer('verify', VERIFY),
    diff: answer('diff', DIFF),
    push: answer('push', COPIED),
    pull: answer('pull', PULLED),
    tags: answer('tags', { repository: 'registry.example/team/gcc', tags: ['1', 'latest'] }),
    inspect: answer('inspect', INSPECTED),
    inspectRaw: answer('inspectRaw', '{"schemaVersion":2}'),
    remove: answer('remove', { reference: 'registry.example/team/gcc:1', digest: null }),
    login: answer('login', LOGIN),
    logout: answer('logout', { registry: 'registry.example', removed: true }),
    artifactPush: answer('artifactPush', ARTIFACT_PUSHED),
    artifactPull: answer('artifactPull', ARTIFACT_PULLED),
    artifactFetch: answer('artifactFetch', ARTIFACT_FETCHED),
    catalogPush: answer('catalogPush', CATALOG_PUSHED),
    catalogPull: answer('catalogPull', CATALOG_PULLED),
    mirrorAdd: answer('mirrorAdd', MIRRORED),
    mirrorList: answer('mirrorList', MIRRORS),
    cacheList: answer('cacheList', [
      { digest, sizeBytes: 1_500_000, holds: 'git-2.43.0-r0 (alpine)', usedAt: '2026-01-02T03:04:05.000Z' },
    ]),
    cacheVerify: answer('cacheVerify', {
      checked: 2,
      damaged: [{ digest, got: 'sha256:beef' }],
      missing: [],
      repaired: 0,
    }),
    cacheGc: answer('cacheGc', { removed: 1, freedBytes: 1_500_000, keptBytes: 0 }),
    readRecipe: answer('readRecipe', {}),
    packageNames: answer('packageNames', ['gcc', 'gcc-doc']),
  };
  let stdout = '';
  let stderr = '';
  const exitCode = await run(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: fakes.env ?? {},
    ...(fakes.signal === undefined ? {} : { signal: fakes.signal }),
    ...(fakes.commands === undefined ? {} : { commands: fakes.commands }),
    ...(fakes.stdin === undefined ? {} : { stdin: () => Readable.from([Buffer.from(fakes.stdin ?? '')]) }),
    ...(typed === undefined
      ? {}
      : {
          ask: async (question: string, hidden: boolean) => {
            asked.push(`${question}${hidden ? ' (hidden)' : ''}`);
            return typed.shift() ?? '';
          },
        }),
    app: (options) => {
      fakes.onOptions?.(options);
      return app;
    },
  });
  return { exitCode, stdout, stderr, calls, asked };
}
