import { AppError } from '../model/app-error.ts';
import { redactUrl } from './url.ts';

/** Proxy that the environment names. */
export interface HttpProxy {
  readonly url: URL;
  /** `HTTPS_PROXY` */
  readonly variable: string;
}

/** Error on the way to a proxy, or reported by it. */
export class ProxyError extends Error {
  /** `the proxy http://proxy.example:3128 (HTTPS_PROXY)` */
  readonly proxy: string;

  constructor({ url, variable }: HttpProxy, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.proxy = `the proxy ${redactUrl(url.href).replace(/\/$/, '')} (${variable})`;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** Tells whether the environment names any proxy. */
export function namesProxy(env: Environment): boolean {
  return variableOf('https:', env) !== undefined || variableOf('http:', env) !== undefined;
}

/**
 * Returns the environment's proxy for a URL: `https_proxy` or `http_proxy` by its scheme, lower case first; `http_proxy` also
 * serves https if there is no other. Undefined if there is none or NO_PROXY lists the host.
 * @throws AppError USAGE for a value that is not the URL of an HTTP proxy
 */
export function proxyOf(target: URL, env: Environment): HttpProxy | undefined {
  const variable = variableOf(target.protocol, env);
  if (variable === undefined || isExempt(target, env.no_proxy || env.NO_PROXY || '')) return undefined;
  const text = env[variable] as string;
  // curl's and Go's form without a scheme: proxy.example:3128
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AppError(
      'USAGE',
      `${variable}: expected the URL of an HTTP proxy, got ${JSON.stringify(redactUrl(text))}`,
      { hint: `Write ${variable}=http://host:port, or unset it.` },
    );
  }
  return { url, variable };
}

function variableOf(protocol: string, env: Environment): string | undefined {
  const http = ['http_proxy', 'HTTP_PROXY'];
  const names = protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY', ...http] : http;
  return names.find((name) => env[name]);
}

/**
 * Matches NO_PROXY: `*`; hosts, with or without a leading dot, which include their subdomains; addresses and networks
 * (`10.0.0.0/8`); each with `:port` if it is for that port only.
 */
function isExempt(target: URL, list: string): boolean {
  const host = target.hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
  const port = target.port || DEFAULT_PORTS[target.protocol];
  return list.split(/[,\s]+/).some((entry) => {
    const [, name = '', only] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
    const word = name
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/\.$/, '')
      .toLowerCase();
    if (word === '' || (only !== undefined && only !== port)) return false;
    if (word === '*') return true;
    if (word.includes('/')) return isIn(host, word);
    const below = word.replace(/^\*?\./, '');
    return (host === below && !word.startsWith('*')) || host.endsWith(`.${below}`);
  });
}

/** Loads node:net when it is needed: few proxies have exceptions that are networks. */
function isIn(address: string, network: string): boolean {
  const { BlockList, isIP } = process.getBuiltinModule('node:net');
  const family = isIP(address);
  const [base = '', bits = ''] = network.split('/');
  if (family === 0 || isIP(base) !== family || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const nets = new BlockList();
  nets.addSubnet(base, Number(bits), type);
  return nets.check(address, type);
}
