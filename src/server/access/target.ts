import type { Action } from '../http/exchange.ts';

/** What somebody wants to do. */
export interface Demand {
  readonly action: Action;
  /** Name of a repository; of what is not in one, its path, which begins with a slash */
  readonly resource: string;
}

/** What a request demands: nothing (`open`), that the client has signed in if anybody has to (`login`), or all of some rights. */
export type Target = 'open' | 'login' | readonly Demand[];

/** The grammar of names (OCI distribution-spec, "Pulling manifests"): whatever else is sent is no repository, here or there. */
const REPOSITORY =
  /^\/v2\/([a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)\/(manifests|blobs|tags|referrers)(?:\/([^/]*))?(?:\/([^/]*))?$/;
const READS = ['GET', 'HEAD', 'OPTIONS'];
/** They say nothing about anybody's content, and are asked by those who have no login: probes, and clients before they log in. */
const OPEN = ['/healthz', '/readyz', '/token'];

/** Finds what a request demands. @param path checked by requestTarget: no dots, no encoded slashes */
export function targetOf(method: string, path: string, query: () => URLSearchParams): Target {
  if (path === '/v2/' || path === '/v2' || path === '/v2/_catalog') return 'login';
  if (path.startsWith('/v2/')) return repositoryTarget(method, path, query);
  if (OPEN.includes(path)) return 'open';
  return pathTarget(method, path);
}

function pathTarget(method: string, path: string): Target {
  const resource = path.includes('%') ? decodeURIComponent(path) : path;
  if (resource === '/metrics') return [{ action: 'admin', resource }];
  return [{ action: READS.includes(method) ? 'pull' : 'compose', resource }];
}

function repositoryTarget(method: string, path: string, query: () => URLSearchParams): Target {
  const [, resource, kind, first] = REPOSITORY.exec(path) ?? [];
  // The registry will say what is wrong with the name, to those who may read whatever there is.
  if (resource === undefined) return pathTarget(method, path);
  if (kind === 'blobs' && first === 'uploads') {
    // A mount shows whoever may push here the content of the repository that it is mounted from.
    const from = method === 'POST' ? query().getAll('from') : [];
    const pulls = from.map((name) => ({ action: 'pull', resource: name }) as const);
    return [{ action: 'push', resource }, ...pulls];
  }
  if (READS.includes(method)) return [{ action: 'pull', resource }];
  return [{ action: method === 'DELETE' ? 'delete' : 'push', resource }];
}
