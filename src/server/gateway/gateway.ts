import { type ContextOptions, cacheFolder } from '../../app/context.ts';
import { sharedSession } from '../../app/registries/sessions.ts';
import { limited } from '../../fetch/pool.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { FileBlobStore } from '../../store/blob-store.ts';
import { SharedDownloads } from '../../store/shared-downloads.ts';
import type { Service } from '../http/exchange.ts';
import type { Pool } from '../workers/pool.ts';
import { mirrorService } from './mirror.ts';

/** Downloads at a time: polite to one mirror, enough to hide its latency. */
const DOWNLOADS = 16;

/** What the gateway serves. */
export interface GatewayOptions {
  /** Distributions whose repositories are served below `/mirror/` */
  readonly sources: readonly SourceOptions[];
  readonly pool: Pick<Pool, 'run'>;
}

/** Services for package managers. */
export interface Gateway {
  /** Below `/mirror/` */
  readonly mirror: Service;
  /** Ends downloads and connections. */
  close(): Promise<void>;
}

/** Opens the gateway; it fetches nothing before it is asked. @throws AppError STORAGE */
export function openGateway(context: ContextOptions, { sources, pool }: GatewayOptions): Gateway {
  const { env, progress } = context;
  // Not the context's, with which the server begins to end: what is under way is finished.
  const ending = new AbortController();
  const { signal } = ending;
  const store = new FileBlobStore(cacheFolder(context));
  const downloads = new SharedDownloads({
    directory: store.ingestDirectory,
    signal,
    limit: limited(DOWNLOADS),
  });
  const sessions = new Map<string, RegistrySession>();
  const registries = { env, progress, signal, sessions, fetching: undefined };
  const mirror = mirrorService({
    sources,
    pool,
    store,
    downloads,
    progress,
    signal,
    async remoteFiles({ access }) {
      const { ociFiles } = await import('../../app/sources/oci-files.ts');
      return ociFiles({ session: async () => sharedSession(registries, access), isKnown: () => false });
    },
  });
  return {
    mirror,
    async close() {
      ending.abort();
      for (const session of sessions.values()) await session.close();
    },
  };
}
