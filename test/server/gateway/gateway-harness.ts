import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { TestContext } from 'node:test';
import type { ContextOptions } from '../../../src/app/context.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import type { SourceOptions } from '../../../src/model/request.ts';
import { type GatewayOptions, openGateway } from '../../../src/server/gateway/gateway.ts';
import type { Service } from '../../../src/server/http/exchange.ts';
import { listen } from '../../../src/server/http/listen.ts';
import { SERVER_USE_CASES, USE_CASES, type UseCase } from '../../../src/use-cases.ts';
import { environment, source } from '../../app/harness.ts';
import { tempDir } from '../../fixtures/temp.ts';

const ALL = { ...USE_CASES, ...SERVER_USE_CASES } as unknown as Record<string, UseCase<unknown, unknown>>;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The connection ended before the body did */
  readonly cut: boolean;
}

export interface TestServer {
  readonly url: string;
  readonly cache: string;
  /** Names of the use cases that ran */
  readonly jobs: string[];
  get(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Answer>;
  text(path: string): Promise<string>;
  json(path: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Serves the gateway of these sources; use cases run in this thread. */
export async function startGateway(
  t: TestContext,
  sources: readonly Partial<SourceOptions>[],
  more: Partial<GatewayOptions> & { readonly cache?: string } = {},
): Promise<TestServer> {
  const { cache = tempDir(t), ...options } = more;
  const jobs: string[] = [];
  const context: ContextOptions = {
    env: environment(),
    progress: silentProgress,
    signal: new AbortController().signal,
    cacheDirectory: cache,
  };
  const run = (name: string, request: unknown, { signal }: { signal: AbortSignal }) => {
    jobs.push(name);
    return ALL[name]?.({ ...context, signal }, request);
  };
  const pool = { run } as unknown as GatewayOptions['pool'];
  const gateway = openGateway(context, { sources: sources.map(source), pool, ...options });
  const service: Service = {
    async handle(exchange) {
      const [, first] = exchange.path.split('/', 2);
      await (first === 'files' ? gateway.files : gateway.mirror).handle(exchange);
    },
  };
  const { url, close } = await listen(service, { host: '127.0.0.1', port: 0 });
  const end = async (): Promise<void> => {
    await gateway.close();
    await close(1);
  };
  t.after(end);
  const get: TestServer['get'] = (path, headers = {}, method = 'GET') => ask(url + path, headers, method);
  return {
    url,
    cache,
    jobs,
    get,
    text: async (path) => (await get(path)).body.toString(),
    json: async (path) => JSON.parse((await get(path, { accept: 'application/json' })).body.toString()),
    close: end,
  };
}

/** Sends the path as it is: `fetch` would tidy it up. */
function ask(url: string, headers: Readonly<Record<string, string>>, method: string): Promise<Answer> {
  const [, host = '', port = '', path = '/'] = /^http:\/\/([^:]+):(\d+)(.*)$/.exec(url) ?? [];
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host, port, path, method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', () => {});
      response.on('close', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces),
          cut: !response.complete,
        }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}
