import { FetchFailure } from '../fetch/failure.ts';

export interface LocationContext {
  /** What answered */
  readonly from: URL;
  /** The registry's own origin */
  readonly registry: URL;
  /** An unprotected connection is what the user asked for */
  readonly insecure: boolean;
}

/**
 * Where a Location or Link leads: absolute, or relative to what answered. A registry behind a proxy that ends TLS often
 * takes itself for `http`: its own host stays at the origin that is known to work.
 * @throws FetchFailure for other schemes and for a way from https to http
 */
export function resolveLocation(location: string, { from, registry, insecure }: LocationContext): URL {
  const url = URL.parse(location, from.href);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const reason = `leads to ${JSON.stringify(location.slice(0, 200))}, which is not an http or https URL`;
    throw new FetchFailure('NETWORK', reason, { retry: 'no' });
  }
  url.username = '';
  url.password = '';
  url.hash = '';
  if (url.protocol === 'http:' && from.protocol === 'https:') {
    if (url.hostname === registry.hostname && registry.protocol === 'https:') {
      url.protocol = registry.protocol;
      url.port = registry.port;
    } else if (!insecure) {
      throw new FetchFailure('NETWORK', `leads from https to ${url.origin}, which is refused`, {
        retry: 'no',
        hint: 'Pass --insecure to allow that.',
      });
    }
  }
  return url;
}

/** Names of this machine: they need no proxy and no TLS. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
