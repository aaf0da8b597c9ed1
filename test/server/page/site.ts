import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentProgress } from '../../../src/model/progress.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import type { Service } from '../../../src/server/http/exchange.ts';
import { listen } from '../../../src/server/http/listen.ts';
import { choicesOf } from '../../../src/server/page/choices.ts';
import type { Work } from '../../../src/server/page/facts.ts';
import { type PageOptions, pageService } from '../../../src/server/page/page.ts';
import { createApp } from '../../../src/use-cases.ts';
import { environment, KEY, small, source } from '../../app/harness.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';

/** What a package may say that wants to be markup. */
export const HOSTILE = `</p><script>alert(1)</script>"><img src=x onerror=alert(2)> 'a' & \u202eb`;

const LIBRARY = small('libgreet', {
  description: 'Library that greets',
  provides: ['so:libgreet.so.1=1.0'],
  version: '1.2-r0',
});

/** Packages of the made repositories: one needs another, one is hostile, one cannot be installed. */
export const PACKAGES: readonly ApkSpec[] = [
  LIBRARY,
  small('greet', {
    description: 'Says hello',
    depends: ['so:libgreet.so.1'],
    provides: ['cmd:greet=1.0-r0'],
    url: 'https://greet.example/',
    license: 'MIT',
  }),
  small('greet-extra', { description: 'More greetings', depends: ['greet', 'libgreet>1'] }),
  small('evil', { description: HOSTILE, license: HOSTILE, maintainer: HOSTILE, url: 'javascript:alert(3)' }),
  small('broken', { description: 'Needs what is not there', depends: ['so:libnowhere.so.9'] }),
  small('busybox', { description: 'A shell' }),
];

/** Two releases of repositories with those packages, the older without `greet-extra`. */
export function madeSources(t: TestContext): readonly SourceOptions[] {
  const dir = tempDir(t);
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  return ['v3.19', 'v3.18'].map((release) => {
    const packages = release === 'v3.19' ? PACKAGES : PACKAGES.filter(({ name }) => name !== 'greet-extra');
    writeAlpineMirror(dir, { release, packages, key: KEY });
    return source({ release, repositories: [join(dir, release, 'main')], keyring });
  });
}

export interface Site {
  readonly url: string;
  get(path: string, accept?: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Markup of the page */
  html(path: string): Promise<string>;
}

/** Serves the page over made repositories, with use cases in this process. @param around what stands before the pages */
export async function startSite(
  t: TestContext,
  options: Partial<PageOptions> = {},
  around = (pages: Service): Service => pages,
): Promise<Site> {
  const cacheDirectory = join(tempDir(t), 'cache');
  const { signal } = new AbortController();
  const app = createApp({ env: environment(), progress: silentProgress, signal, cacheDirectory });
  const work: Work = { run: (name, request) => app[name as keyof typeof app](request as never) as never };
  const service = pageService({
    choices: await choicesOf(madeSources(t)),
    work,
    images: { manifest: () => undefined, blob: () => undefined, tags: () => undefined },
    version: '1.2.3',
    ...options,
  });
  const { url, close } = await listen(service.withErrorPages(around(service)), {
    host: '127.0.0.1',
    port: 0,
  });
  t.after(() => close(0));
  const get: Site['get'] = (path, accept = 'text/html', headers = {}) =>
    fetch(`${url}${path}`, { headers: { accept, ...headers }, redirect: 'manual' });
  return { url, get, html: async (path) => (await get(path)).text() };
}
