import type { RegistryContent } from '../../catalog/registry-content.ts';
import type { Exchange, Service } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { routeOf } from '../registry/route.ts';

/** What may be stored. */
export interface Quotas {
  /** Bytes of blobs that are pushed to a repository */
  readonly repository?: number | undefined;
  /** Bytes of a pushed blob */
  readonly blob?: number | undefined;
}

/**
 * Refuses pushes to repositories that are full. A push is measured by what it says about its size when it begins, so that a
 * repository may end above its quota by a blob whose client does not say.
 */
export function withQuotas(
  service: Service,
  content: Pick<RegistryContent, 'sizeOf'>,
  { repository: most }: Quotas,
): Service {
  if (most === undefined) return service;
  return {
    handle(exchange) {
      if (['POST', 'PUT', 'PATCH'].includes(exchange.method)) check(exchange, content, most);
      return service.handle(exchange);
    },
  };
}

function check(exchange: Exchange, content: Pick<RegistryContent, 'sizeOf'>, most: number): void {
  const route = routeOf(exchange.path);
  if (route?.kind !== 'upload' && route?.kind !== 'uploads') return;
  const { repository } = route;
  const size = content.sizeOf(repository);
  const more = Number(exchange.request.headers['content-length'] ?? 0);
  if (size + more < most || (size + more === most && more > 0)) return;
  throw new HttpError(
    403,
    'DENIED',
    `${repository} is full: it has ${size} bytes of the ${most} that it may have, and this would be ${more} more`,
  );
}
