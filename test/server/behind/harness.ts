import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compose } from '../../../src/app/compose/compose.ts';
import { pushCatalog } from '../../../src/app/published-catalog/push.ts';
import { indexRepositories } from '../../../src/app/repositories/index-repositories.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import type { BehindOptions } from '../../../src/server/behind/open-behind.ts';
import { serve } from '../../../src/server/serve.ts';
import { environment, KEY, noise, request, small, source, use } from '../../app/harness.ts';
import { ACCESS } from '../../app/images/registry-images.ts';
import { type Mirror, startMirror } from '../../fake/mirror.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';

export interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

/** A mirror whose packages a publisher puts into a registry, with a catalog of them. */
export interface Publisher {
  readonly mirror: Mirror;
  readonly host: string;
  readonly from: { readonly release: string; readonly mirrors: readonly string[]; readonly keyring: string };
  /** Replaces the mirror's packages, all of that version, and publishes the catalog. */
  publish(version: string, options?: { readonly facts?: readonly string[] }): Promise<void>;
}

export const NAMES = ['tool', 'lib', 'app', 'more'];

export async function startPublisher(t: TestHooks, host: string): Promise<Publisher> {
  const folder = tempDir(t);
  const cache = tempDir(t);
  const write = (version: string): void => {
    const packages = NAMES.map((name) =>
      small(name, {
        version,
        depends: name === 'tool' ? ['lib'] : [],
        files: [{ path: 'usr/' }, { path: `usr/${name}`, content: noise(name + version, 40_000) }],
      }),
    );
    writeAlpineMirror(folder, { packages, key: KEY });
    writeAlpineMirror(folder, { repo: 'community', packages: [], key: KEY });
  };
  write('1.0-r0');
  const mirror = await startMirror(folder);
  t.after(() => mirror.close().catch(() => {}));
  const from = {
    release: 'v3.19',
    mirrors: [mirror.url],
    keyring: writeApkKeyring(join(tempDir(t), 'keys'), [KEY]),
  };
  return {
    mirror,
    host,
    from,
    async publish(version, { facts = NAMES } = {}) {
      write(version);
      await use({ cache, env: environment({ HOME: cache }) }, async (context) => {
        await indexRepositories(context, source({ ...from, architecture: 'x86_64' }));
        const push = { references: [`${host}/published:1`], access: ACCESS, store: `${host}/packages` };
        const output = { path: undefined, format: 'tar', load: undefined, push } as const;
        if (facts.length > 0) await compose(context, request(facts, from, { output }));
        await pushCatalog(context, { reference: `${host}/catalog:1`, access: ACCESS });
      });
    },
  };
}

export interface StatelessServer {
  readonly url: string;
  readonly notes: readonly string[];
  get(path: string, init?: RequestInit): Promise<Response>;
  /** Digest of a manifest by tag or digest, of which all was read */
  digest(name: string, reference?: string): Promise<string>;
  /** Resolves when the server is ready to be sent requests */
  isReady(): Promise<boolean>;
  end(): Promise<void>;
}

/** A server in front of the publisher's registry, with an empty cache of its own. */
export async function startStateless(
  t: TestHooks,
  { host, from }: Pick<Publisher, 'host' | 'from'>,
  behind: Partial<BehindOptions> = {},
): Promise<StatelessServer> {
  const cache = tempDir(t);
  const ending = new AbortController();
  const notes: string[] = [];
  let running = Promise.resolve();
  const url = await new Promise<string>((resolve, reject) => {
    running = serve(
      {
        env: environment({ HOME: cache }),
        progress: { ...silentProgress, note: (text: string) => void notes.push(text) },
        signal: ending.signal,
        cacheDirectory: cache,
      },
      {
        listen: { host: '127.0.0.1', port: 0 },
        sources: [source({ ...from, architecture: 'x86_64' })],
        image: { base: 'none' },
        behind: {
          store: `${host}/packages`,
          catalog: `${host}/catalog:1`,
          trustCatalog: true,
          refreshMs: 100,
          access: ACCESS,
          ...behind,
        },
      },
      resolve,
    );
    running.catch(reject);
  });
  const end = async (): Promise<void> => {
    ending.abort();
    await running;
  };
  t.after(end);
  const get = (path: string, init?: RequestInit) => fetch(`${url}${path}`, { redirect: 'manual', ...init });
  return {
    url,
    notes,
    get,
    async digest(name, reference = 'latest') {
      const response = await get(`/v2/${name}/manifests/${reference}`);
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${response.status} ${text}`);
      return response.headers.get('docker-content-digest') ?? '';
    },
    isReady: async () => (await get('/readyz')).status === 200,
    end,
  };
}

export async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let turn = 0; turn < 600; turn++) {
    if (await isSo()) return;
    await sleep(25);
  }
  throw new Error(`never: ${what}`);
}
