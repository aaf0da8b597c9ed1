import type { Exchange, Service } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { respondJson } from '../http/respond.ts';
import { listReferrers, listRepositories, listTags } from './lists.ts';
import { checkName } from './names.ts';
import { pullBlob, pullManifest } from './pull.ts';
import { deleteBlob, deleteManifest, putManifest } from './push.ts';
import type { Handler, Registry, RegistryOptions } from './registry.ts';
import { type Route, routeOf } from './route.ts';
import { uploadHandlers } from './upload-handlers.ts';

type RepositoryRoute = Extract<Route, { repository: string }> & { readonly target?: string };

type Handlers = Readonly<Record<string, Handler>>;

/** Larger than any layer that an engine would take. */
const MAX_BLOB_BYTES = 64 * 1024 ** 3;
/** Old engines ask for it. */
const VERSION = { 'docker-distribution-api-version': 'registry/2.0' };

/** Makes the service that answers below `/v2`: the OCI distribution API, version 1.1 and what was added since. */
export function registryService(options: RegistryOptions): Service {
  const registry = { maxBlobBytes: MAX_BLOB_BYTES, ...options };
  const byKind = handlersOf(registry);
  return {
    handle(exchange) {
      const route = routeOf(exchange.path);
      if (route === undefined) throw new HttpError(404, 'NOT_FOUND', `no such endpoint: ${exchange.path}`);
      if (!('repository' in route)) {
        return choose({ GET: () => answerWhole(exchange, route.kind, registry) }, exchange)(exchange, '', '');
      }
      const { kind, repository, target = '' }: RepositoryRoute = route;
      checkName(repository);
      return choose(byKind[kind], exchange, options.refusal)(exchange, repository, target);
    },
  };
}

/** HEAD is GET without the body. @throws HttpError 405 */
function choose(handlers: Handlers, { method }: Exchange, refusal?: string): Handler {
  const word = method === 'HEAD' ? 'GET' : method;
  const handler = Object.hasOwn(handlers, word) ? handlers[word] : undefined;
  if (handler !== undefined) return handler;
  const allow = Object.keys(handlers).flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]));
  const why = refusal === undefined ? '' : `: ${refusal}`;
  throw new HttpError(405, 'UNSUPPORTED', `${method} is not possible here${why}`, {
    headers: { allow: allow.join(', ') },
  });
}

function answerWhole(exchange: Exchange, kind: 'ping' | 'catalog', registry: Registry): Promise<void> | void {
  if (kind === 'catalog') return listRepositories(exchange, registry);
  respondJson(exchange, 200, {}, VERSION);
}

function handlersOf(registry: Registry): Readonly<Record<RepositoryRoute['kind'], Handlers>> {
  const { stored } = registry;
  const pulls = {
    manifest: { GET: (exchange, repository, text) => pullManifest(registry, exchange, { repository, text }) },
    blob: { GET: (exchange, repository, text) => pullBlob(registry, exchange, { repository, text }) },
    tags: { GET: (exchange, repository) => listTags(registry, exchange, repository) },
    referrers: {
      GET: (exchange, repository, text) => listReferrers(registry, exchange, { repository, text }),
    },
  } satisfies Readonly<Record<string, Handlers>>;
  if (stored === undefined) return { ...pulls, uploads: {}, upload: {} };
  return {
    ...pulls,
    manifest: {
      ...pulls.manifest,
      PUT: (exchange, repository, text) => putManifest(stored, exchange, { repository, text }),
      DELETE: (exchange, repository, text) => deleteManifest(stored, exchange, { repository, text }),
    },
    blob: {
      ...pulls.blob,
      DELETE: (exchange, repository, text) => deleteBlob(stored, exchange, { repository, text }),
    },
    ...uploadHandlers(registry, stored.uploads),
  };
}
