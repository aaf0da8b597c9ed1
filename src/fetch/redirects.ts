import type { BlockList } from 'node:net';
import { FetchFailure } from './failure.ts';

let isLimited = false;

/**
 * Refuses, from now on and for this thread, to be led from servers that are named to addresses inside the network: a server of others
 * could otherwise have this one ask whatever it can reach. Servers that are inside themselves may lead to others there, but nowhere
 * to link-local addresses, at which clouds hand out their credentials.
 */
export function limitRedirects(): void {
  isLimited = true;
}

/** Checks a URL that `from` leads to: a redirect, a place for tokens. @throws FetchFailure NETWORK (limitRedirects) */
export async function checkRedirect(from: URL, to: URL): Promise<void> {
  if (!isLimited || from.hostname === to.hostname) return;
  known ??= knownNets();
  const { linkLocal, inside } = known;
  const targets = await addressesOf(to);
  const isIn = (list: BlockList) => (address: string) => list.check(address, familyOf(address));
  const leadsIn = async () => targets.some(isIn(inside)) && !(await addressesOf(from)).some(isIn(inside));
  if (!targets.some(isIn(linkLocal)) && !(await leadsIn())) return;
  throw new FetchFailure(
    'NETWORK',
    `leads to ${to.origin}, an address inside the network, which is refused`,
    {
      retry: 'no',
    },
  );
}

/** None: the name is not known here; a proxy may know it, else the connection will fail. */
async function addressesOf({ hostname }: URL): Promise<readonly string[]> {
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  if (process.getBuiltinModule('node:net').isIP(name) !== 0) return [name];
  try {
    const all = await process.getBuiltinModule('node:dns/promises').lookup(name, { all: true });
    return all.map(({ address }) => address);
  } catch {
    return [];
  }
}

const familyOf = (address: string) => (address.includes(':') ? 'ipv6' : 'ipv4');

let known: ReturnType<typeof knownNets> | undefined;

/** RFC 6890 and its registries; node:net is loaded when it is needed, which is only on servers. */
function knownNets() {
  const inside = netsOf(
    '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16 224.0.0.0/3 ::/127 fc00::/7 ff00::/8',
  );
  return { inside, linkLocal: netsOf('169.254.0.0/16 fe80::/10') };
}

function netsOf(text: string): BlockList {
  const list = new (process.getBuiltinModule('node:net').BlockList)();
  for (const net of text.split(' ')) {
    const [network = '', bits] = net.split('/');
    list.addSubnet(network, Number(bits), familyOf(network));
  }
  return list;
}
