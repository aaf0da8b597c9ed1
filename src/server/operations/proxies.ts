import type { IncomingMessage } from 'node:http';
import net, { isIP } from 'node:net';

/** Proxies whose word about their clients counts. */
export interface Proxies {
  /** Returns the address of the client: the last one in X-Forwarded-For that is not a proxy's. */
  clientOf(request: IncomingMessage): string;
  /** Tells whether a proxy says that the client speaks TLS with it (X-Forwarded-Proto). */
  isSecure(request: IncomingMessage): boolean;
}

/** Reads an address or a network, `10.0.0.0/8`; undefined: neither. */
export function parseNetwork(text: string): readonly [address: string, bits: number] | undefined {
  const [address = '', bits, ...more] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (most < 0 || more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined;
  const length = bits === undefined ? most : Number(bits);
  return length <= most ? [address, length] : undefined;
}

/** Makes the list of trusted proxies. @param networks as parseNetwork reads them */
export function trustedProxies(networks: readonly (readonly [address: string, bits: number])[]): Proxies {
  const list = new net.BlockList();
  for (const [address, bits] of networks)
    list.addSubnet(address, bits, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  const isProxy = (address: string) => {
    const kind = isIP(address);
    return kind !== 0 && list.check(address, kind === 6 ? 'ipv6' : 'ipv4');
  };
  const addressOf = ({ socket }: IncomingMessage) => plainAddress(socket.remoteAddress ?? '');
  return {
    clientOf(request) {
      const peer = addressOf(request);
      if (!isProxy(peer)) return peer;
      let client = peer;
      // Each proxy appends the address that it was asked by: from the right, all are true until one is not a proxy's.
      for (const hop of forwarded(request).reverse()) {
        if (isIP(hop) === 0) break;
        client = hop;
        if (!isProxy(hop)) break;
      }
      return client;
    },
    isSecure(request) {
      const proto = request.headers['x-forwarded-proto'];
      return proto === 'https' && isProxy(addressOf(request));
    },
  };
}

function forwarded({ headers }: IncomingMessage): string[] {
  const header = headers['x-forwarded-for'];
  return [header ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((hop) => plainAddress(hop.trim()));
}

/** IPv4 addresses of a socket that listens for IPv6 too: `::ffff:10.0.0.1`. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
