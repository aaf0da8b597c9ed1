import { FetchFailure } from '../fetch/failure.ts';

/** Source of a Location header. */
export interface LocationContext {
  /** URL that answered */
  readonly from: URL;
  /** The registry's own origin */
  readonly registry: URL;
  /** The user asked for an unprotected connection */
  readonly insecure: boolean;
}

/**
 * Resolves a Location or Link, absolute or relative to the URL that answered. A registry behind a proxy that terminates TLS often
 * gives `http` URLs for itself: for its own host, the origin that is known to work is kept.
 * @throws FetchFailure NETWORK for other schemes and for a downgrade from https to http
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

/** Tells whether a host name is this machine, which needs neither proxy nor TLS. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
