import { statSync } from 'node:fs';
import { type ContextOptions, openCacheFolder } from '../app/context.ts';
import type { ComposeSettings } from '../app/settings/settings.ts';
import { productVersion } from '../files/product-version.ts';
import { AppError } from '../model/app-error.ts';
import type { RegistryAccess } from '../model/registry.ts';
import type { SourceOptions } from '../model/request.ts';
import { type BehindOptions, openBehind } from './behind/open-behind.ts';
import { openComposed } from './composed/open-composed.ts';
import type { Origin } from './content.ts';
import { openGateway } from './gateway/gateway.ts';
import { foundAgain } from './http/content-gone.ts';
import type { Exchange, Service } from './http/exchange.ts';
import { type ListenOptions, listen } from './http/listen.ts';
import { type FrontOptions, openFront } from './operations/front.ts';
import { collectRegularly, type GcOptions } from './operations/janitor.ts';
import { type Quotas, withQuotas } from './operations/quotas.ts';
import { onSignals } from './operations/signals.ts';
import { Upstream } from './operations/upstream.ts';
import { vitalsOf } from './operations/vitals.ts';
import { choicesOf } from './page/choices.ts';
import { pageService } from './page/page.ts';
import { registryService } from './registry/registry-service.ts';
import { StoredContent } from './registry/stored-content.ts';
import { openPool } from './workers/pool.ts';

/** What a server serves, and where. */
export interface ServeOptions extends FrontOptions {
  readonly listen: ListenOptions;
  /** Distributions whose packages are composed */
  readonly sources: readonly SourceOptions[];
  /** Repositories of registries whose files are served, as in GatewayOptions */
  readonly files?: readonly string[] | undefined;
  /** Connections to these */
  readonly filesAccess?: RegistryAccess | undefined;
  /** Settings of composed images, where a name says nothing else */
  readonly image?: ComposeSettings | undefined;
  /** Registry behind the server; default: none */
  readonly behind?: BehindOptions | undefined;
  /** As in ComposedServiceOptions */
  readonly recipes?: string | undefined;
  readonly refreshMs?: number | undefined;
  /** When garbage is collected; default: never */
  readonly gc?: GcOptions | undefined;
  readonly quotas?: Quotas | undefined;
  /** Reads the configuration again, on SIGHUP. @throws AppError USAGE */
  readonly reread?: (() => Promise<FrontOptions>) | undefined;
}

/** Time that requests have to end after SIGTERM, in milliseconds. */
const GRACE_MS = 30_000;

/**
 * Serves until `context.signal` is aborted, and then until the requests under way have been answered.
 * @param ready called once, when connections are taken
 * @throws AppError NETWORK if the address cannot be listened on, CATALOG, STORAGE
 */
export async function serve(
  context: ContextOptions,
  options: ServeOptions,
  ready: (url: string) => void,
): Promise<void> {
  expectFolder(options.recipes);
  const { signal } = context;
  const stored = new StoredContent(openCacheFolder(context));
  const isStateless = options.behind?.catalog !== undefined;
  const upstream = new Upstream();
  const pool = openPool(isStateless ? { ...context, mayFetch: 'archives' } : context);
  const behind = options.behind && openBehind(context, pool, options.behind);
  const { sources, files, filesAccess: access } = options;
  const gateway = openGateway(context, { sources, pool, files, access, own: stored });
  try {
    const front = await openFront(context, options, vitalsOf({ pool, stored, upstream }, behind?.checks));
    const composed = openComposed(context, {
      ...options,
      pool,
      stored,
      place: behind?.place,
      admit: front.admitComposing,
      known: front.countKnown,
    });
    const around = (origin: Origin) => behind?.around(origin, composed.place) ?? origin;
    const origins = [around(composed.origin), around(composed.recipes)];
    const { gc, quotas = {} } = options;
    const maxBlobBytes = quotas.blob === undefined ? {} : { maxBlobBytes: quotas.blob };
    const distros = [...new Set(sources.map(({ distro }) => distro))];
    const registry = withQuotas(
      registryService(
        isStateless
          ? {
              origins: [...origins, ...(behind?.origins ?? [])],
              composed: distros,
              refusal: behind?.pushElsewhere,
            }
          : { origins: [...origins, stored], stored, composed: distros, ...maxBlobBytes },
      ),
      stored.content,
      quotas,
    );
    const page = pageService({
      choices: await choicesOf(options.sources),
      work: pool,
      defaultBase: options.image?.base,
      images: composed.origin,
      known: stored.content,
      url: options.url,
      version: productVersion(),
    });
    const byPrefix = {
      compose: {
        handle(exchange: Exchange) {
          behind?.expectReady();
          return composed.recipes.handle(exchange);
        },
      },
      files: gateway.files,
      mirror: gateway.mirror,
      v2: registry,
    };
    const service = page.withErrorPages(front.around(foundAgain(services(page, byPrefix))));
    const listening = await listen(service, {
      ...options.listen,
      tls: front.tls,
    });
    const stopListeningToSignals = onSignals(front, options, context.progress);
    const stopCollecting = gc && collectRegularly(gc, pool, (text) => context.progress.note(text));
    ready(listening.url);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    stopListeningToSignals();
    stopCollecting?.();
    front.end();
    await listening.close(GRACE_MS);
    await front.close();
    await composed.close();
  } finally {
    await gateway.close();
    await behind?.close();
    await pool.close();
    await stored.close();
    upstream.close();
  }
}

/** @throws AppError USAGE */
function expectFolder(recipes: string | undefined): void {
  if (recipes === undefined || statSync(recipes, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new AppError('USAGE', `--recipes ${recipes}: expected a folder of recipes`);
}

/** Chooses the service by the first segment of the path; the page answers where nothing else does. */
function services(page: Service, byPrefix: Readonly<Record<string, Service>>): Service {
  return {
    async handle(exchange) {
      const [, first = ''] = exchange.path.split('/', 2);
      const service = Object.hasOwn(byPrefix, first) ? byPrefix[first] : undefined;
      await (service ?? page).handle(exchange);
    },
  };
}
