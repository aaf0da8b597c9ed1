import { isIP } from 'node:net';
import type { ContextOptions } from '../../app/context.ts';
import { AppError } from '../../model/app-error.ts';
import { type Access, openAccess } from '../access/access.ts';
import { type ClientLimits, clientKey, Limiter, type Rate } from '../access/limiter.ts';
import type { AccessOptions } from '../access/options.ts';
import { openTls, type Tls, type TlsOptions } from '../access/tls.ts';
import type { Report } from '../access/watched.ts';
import type { Asker } from '../content.ts';
import type { Exchange, Service } from '../http/exchange.ts';
import { respond } from '../http/respond.ts';
import { type Check, Health } from './health.ts';
import { LogFile } from './log-file.ts';
import { type Measure, Metrics } from './metrics.ts';
import { observed } from './observe.ts';
import { type Proxies, trustedProxies } from './proxies.ts';

/** Options of what stands before the services. */
export interface FrontOptions {
  /** Address by which clients reach the server; default: the one that they say */
  readonly url?: string | undefined;
  /** Who may do what; default: everybody everything */
  readonly access?: AccessOptions | undefined;
  /** Default: plain HTTP */
  readonly tls?: TlsOptions | undefined;
  /** Passwords may come over plain HTTP from other machines: something before this server speaks TLS */
  readonly plainHttp?: boolean | undefined;
  /** Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto count */
  readonly proxies?: readonly (readonly [address: string, bits: number])[] | undefined;
  /** Of each client */
  readonly limits?: (ClientLimits & { readonly composing?: Rate | undefined }) | undefined;
  /** `stderr` or a file; default: none */
  readonly accessLog?: string | undefined;
}

/** What the server can say about itself. */
export interface Vitals {
  readonly measures: readonly Measure[];
  readonly checks: ReadonlyMap<string, Check>;
}

/** What every request passes before a service answers it. */
export interface Front {
  readonly tls: Tls | undefined;
  /** Serves probes and metrics itself, refuses what is not allowed, and counts and logs everything. */
  around(service: Service): Service;
  /** Counts an image of a client that has to be composed. @throws HttpError 429 */
  readonly admitComposing: (asker: Asker) => void;
  /** Reads files again, and puts new options of access and limits in the place of the old ones. */
  reload(options: FrontOptions): Promise<void>;
  /** Counts an image that had not to be composed. */
  readonly countKnown: () => void;
  /** From now on, the server says that it is not ready. */
  end(): void;
  /** Goes on in a new log of the same name. */
  reopenLog(): void;
  close(): Promise<void>;
}

/**
 * Opens what the options name.
 * @throws AppError USAGE if a file that they name cannot be read, or passwords would be sent in plain text
 */
export async function openFront(
  { progress }: Pick<ContextOptions, 'progress'>,
  options: FrontOptions & { readonly listen: { readonly host: string } },
  { measures, checks }: Vitals,
): Promise<Front> {
  const report: Report = (message) => progress.note(message);
  refusePlainPasswords(options);
  const isOpen = options.access === undefined && options.tls?.clientCa === undefined;
  if (isOpen && !isLoopback(options.listen.host))
    report('everybody who reaches this server may do everything; --auth says who may (docs/deploy.md)');
  const proxies = trustedProxies(options.proxies ?? []);
  const tls = options.tls === undefined ? undefined : await openTls(options.tls, report);
  const { accessLog } = options;
  const log =
    accessLog === undefined ? undefined : new LogFile(accessLog === 'stderr' ? undefined : accessLog, report);
  let composed = 0;
  let known = 0;
  const metrics = new Metrics([
    ...measures,
    {
      name: 'compose_image_hits_total',
      help: 'Tags of composed images that were answered with an image that had been composed before',
      kind: 'counter',
      read: () => known,
    },
    {
      name: 'compose_image_misses_total',
      help: 'Images that had to be composed, since they had not been or their packages have changed',
      kind: 'counter',
      read: () => composed,
    },
  ]);
  const health = new Health(checks);
  let gate = await openGate(options, proxies, report);
  return {
    tls,
    around(service) {
      const inner = withVitals(service, metrics, health);
      const guarded: Service = {
        handle(exchange) {
          if (options.proxies !== undefined) exchange.address = proxies.clientOf(exchange.request);
          return gate.through(inner, exchange);
        },
      };
      return observed(guarded, { metrics, log, report });
    },
    admitComposing(asker) {
      gate.admitComposing(asker);
      composed += 1;
    },
    countKnown() {
      known += 1;
    },
    async reload(next) {
      const before = gate;
      gate = await openGate({ ...next, url: options.url }, proxies, report);
      before.close();
      await tls?.reload();
    },
    end: () => health.end(),
    reopenLog: () => log?.reopen(),
    async close() {
      gate.close();
      tls?.close();
      metrics.close();
      await log?.close();
    },
  };
}

interface Gate {
  admitComposing(asker: Asker): void;
  through(service: Service, exchange: Exchange): Promise<void> | void;
  close(): void;
}

async function openGate(
  { access: options, limits, url }: FrontOptions,
  proxies: Proxies,
  report: Report,
): Promise<Gate> {
  const limiter = limits === undefined ? undefined : new Limiter(limits);
  const composing = limits?.composing === undefined ? undefined : new Limiter({ requests: limits.composing });
  const admit = (exchange: Exchange) => limiter?.admit(exchange);
  const admitComposing = (asker: Asker) => void composing?.take(clientKey(asker));
  if (options === undefined) {
    return {
      admitComposing,
      through(service, exchange) {
        admit(exchange);
        return service.handle(exchange);
      },
      close() {},
    };
  }
  const site = { url, isSecure: (exchange: Exchange) => proxies.isSecure(exchange.request) };
  const access: Access = await openAccess(options, { site, admit, report });
  return {
    admitComposing,
    through: (service, exchange) => access.through(service, exchange),
    close: () => access.close(),
  };
}

function withVitals(service: Service, metrics: Metrics, health: Health): Service {
  const own: Readonly<Record<string, Service>> = {
    '/healthz': health.alive,
    '/readyz': health.ready,
    '/metrics': {
      async handle(exchange) {
        const { contentType, body } = await metrics.text();
        respond(exchange, 200, { 'content-type': contentType, 'cache-control': 'no-store' }, body);
      },
    },
  };
  return {
    handle(exchange) {
      const found = Object.hasOwn(own, exchange.path) ? own[exchange.path] : undefined;
      return (found ?? service).handle(exchange);
    },
  };
}

/** @throws AppError USAGE */
function refusePlainPasswords(options: FrontOptions & { readonly listen: { readonly host: string } }): void {
  const { access, tls, plainHttp = false, listen } = options;
  const hasSecrets = access?.htpasswd !== undefined || access?.tokens !== undefined;
  if (!hasSecrets || tls !== undefined || plainHttp || isLoopback(listen.host)) return;
  throw new AppError('USAGE', `passwords and tokens would come to ${listen.host} over plain HTTP`, {
    hint: 'Give --tls-cert and --tls-key; or --plain-http, if a proxy before this server speaks TLS.',
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
