import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentProgress } from '../../../src/model/progress.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import { type Composed, openComposed } from '../../../src/server/composed/open-composed.ts';
import type { Identity } from '../../../src/server/http/exchange.ts';
import { openPool, type Pool } from '../../../src/server/workers/pool.ts';
import { environment, KEY, small, source } from '../../app/harness.ts';
import { type Mirror, startMirror } from '../../fake/mirror.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { startServer, type TestServer } from '../registry/harness.ts';

export interface ComposingServer extends TestServer {
  readonly mirror: Mirror;
  readonly pool: Pool;
  readonly composed: Composed;
  /** Replaces the repositories of an architecture. */
  write(arch: string, packages: readonly ApkSpec[]): void;
  /** GET, or HEAD, with the body as text */
  get(path: string, init?: RequestInit): Promise<Answer>;
  /** A manifest by tag or digest */
  manifest(name: string, reference?: string): Promise<ManifestAnswer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface ManifestAnswer extends Answer {
  readonly digest: string;
  readonly json: {
    readonly mediaType: string;
    readonly manifests: readonly { digest: string; size: number; platform: { architecture: string } }[];
    readonly config: { digest: string; size: number };
    readonly layers: readonly { digest: string; size: number; annotations?: Record<string, string> }[];
    readonly annotations?: Record<string, string>;
    readonly errors?: readonly { code: string; message: string }[];
  };
}

export const PACKAGES: Readonly<Record<string, readonly ApkSpec[]>> = {
  x86_64: [
    small('tool', { depends: ['lib'] }),
    small('lib'),
    small('libc++'),
    small('other', { version: '2.0-r1' }),
    small('intel'),
    small('rival', { depends: ['!tool'] }),
  ],
  aarch64: [
    small('tool', { depends: ['lib'] }),
    small('lib'),
    small('libc++'),
    small('other', { version: '2.0-r1' }),
  ],
};

export interface ComposingOptions {
  readonly sources?: readonly Partial<SourceOptions>[];
  readonly recipes?: string;
  /** A cache folder of an earlier server, with the folder of its mirror */
  readonly folder?: string;
  readonly mirror?: Mirror;
  /** As of startServer */
  readonly may?: Identity['may'];
}

/** A registry that composes from a made mirror of two architectures, for both, without a base. */
export async function startComposing(
  t: TestContext,
  options: ComposingOptions = {},
): Promise<ComposingServer> {
  // Hooks run in order: the folder is removed after all that writes into it has ended.
  const closing: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const close of closing) await close();
  });
  const { folder = tempDir(t) } = options;
  const write = (arch: string, packages: readonly ApkSpec[]): void => {
    rmSync(join(folder, 'mirror', 'v3.19', 'main', arch), { recursive: true, force: true });
    writeAlpineMirror(join(folder, 'mirror'), { arch, packages, key: KEY });
    writeAlpineMirror(join(folder, 'mirror'), { arch, repo: 'community', packages: [], key: KEY });
  };
  if (options.folder === undefined)
    for (const [arch, packages] of Object.entries(PACKAGES)) write(arch, packages);
  const mirror = options.mirror ?? (await startMirror(join(folder, 'mirror')));
  if (options.mirror === undefined) t.after(() => mirror.close());
  const keyring = writeApkKeyring(join(folder, 'keys'), [KEY]);
  const directory = join(folder, 'cache');
  const made = { release: 'v3.19', mirrors: [mirror.url], keyring };
  const asked = options.sources ?? [{ architecture: 'x86_64' }, { architecture: 'aarch64' }];
  const pool = openPool({ env: environment(), cacheDirectory: directory, progress: silentProgress });
  const composed = { current: undefined as Composed | undefined };
  const server = await startServer(t, {
    composed: ['alpine'],
    directory,
    may: options.may ?? (() => true),
    compose: () => composed.current?.recipes as Composed['recipes'],
    before: (stored) => {
      composed.current = openComposed(
        {
          env: environment(),
          progress: silentProgress,
          signal: new AbortController().signal,
          cacheDirectory: directory,
        },
        {
          sources: asked.map((more) => source({ ...made, ...more })),
          image: { base: 'none' },
          pool,
          stored,
          recipes: options.recipes,
        },
      );
      return [composed.current.origin, composed.current.recipes];
    },
  });
  closing.push(
    () => pool.close(),
    async () => composed.current?.close(),
  );
  const get = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(`${server.url}${path}`, init);
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  return {
    ...server,
    mirror,
    pool,
    composed: composed.current as Composed,
    write,
    get,
    async manifest(name, reference = 'latest') {
      const answer = await get(`/v2/${name}/manifests/${reference}`);
      return {
        ...answer,
        digest: answer.headers.get('docker-content-digest') ?? '',
        json: JSON.parse(answer.body),
      };
    },
  };
}

export function folderOf(server: ComposingServer): string {
  return join(server.directory, '..');
}
