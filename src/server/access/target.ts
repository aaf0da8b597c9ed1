import type { Action } from '../../model/action.ts';
import { segments } from '../http/request-path.ts';
import { type Route, routeOf } from '../registry/route.ts';

/** What somebody wants to do. */
export interface Demand {
  readonly action: Action;
  /** Name of a repository; of what is not in one, its path, which begins with a slash */
  readonly resource: string;
}

/** What a request demands: nothing (`open`), that the client has signed in if anybody has to (`login`), or a right. */
export type Target = 'open' | 'login' | Demand;

const READS = ['GET', 'HEAD', 'OPTIONS'];
/** They say nothing about anybody's content, and are asked by those who have no login: probes, and clients before they log in. */
const OPEN = ['/healthz', '/readyz', '/token'];

/**
 * Finds what a request demands. Names are read by the registry's own function, however they are encoded, so that both mean the
 * same repository. A mount demands no right to pull: without it, the registry finds nothing to mount, and the client uploads.
 */
export function targetOf(method: string, path: string): Target {
  if (OPEN.includes(path)) return 'open';
  const route = segments(path)[0] === 'v2' ? routeOf(path) : undefined;
  if (route === undefined) return pathDemand(method, path);
  if ('repository' in route) return { action: actionOf(method, route), resource: route.repository };
  return 'login';
}

function actionOf(method: string, { kind }: Route): Action {
  if (kind === 'uploads' || kind === 'upload') return 'push';
  if (READS.includes(method)) return 'pull';
  return method === 'DELETE' ? 'delete' : 'push';
}

function pathDemand(method: string, path: string): Demand {
  const resource = `/${segments(path).join('/')}`;
  if (resource === '/metrics') return { action: 'admin', resource };
  return { action: READS.includes(method) ? 'pull' : 'compose', resource };
}
