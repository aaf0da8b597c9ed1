import { type ContextOptions, cacheFolder } from '../../app/context.ts';
import { sharedSession } from '../../app/registries/sessions.ts';
import { limited } from '../../fetch/pool.ts';
import { limitRedirects } from '../../fetch/redirects.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { FileBlobStore } from '../../store/blob-store.ts';
import { SharedDownloads } from '../../store/shared-downloads.ts';
import type { Origin } from '../content.ts';
import type { Service } from '../http/exchange.ts';
import type { Pool } from '../workers/pool.ts';
import { parseFilePattern } from './file-repositories.ts';
import { filesService } from './files.ts';
import { mirrorService } from './mirror.ts';

/** Downloads at a time: polite to one mirror, enough to hide its latency. */
const DOWNLOADS = 16;

/** What the gateway serves. */
export interface GatewayOptions {
  /** Distributions whose repositories are served below `/mirror/` */
  readonly sources: readonly SourceOptions[];
  readonly pool: Pick<Pool, 'run'>;
  /** Repositories of registries whose files are served below `/files/`: values of `--files-from` */
  readonly files?: readonly string[] | undefined;
  /** Connections to these; default: without options */
  readonly access?: RegistryAccess | undefined;
  /** Content of this server, whose files are served below `/files/-/` */
  readonly own?: Origin | undefined;
  /** The clock, for tests */
  readonly nowMs?: () => number;
}

/** Services for package managers. */
export interface Gateway {
  /** Below `/mirror/` */
  readonly mirror: Service;
  /** Below `/files/` */
  readonly files: Service;
  /** Ends downloads and connections. */
  close(): Promise<void>;
}

/** Opens the gateway; it fetches nothing before it is asked. @throws AppError STORAGE, USAGE (parseFilePattern) */
export function openGateway(context: ContextOptions, options: GatewayOptions): Gateway {
  limitRedirects();
  const { sources, pool, access } = options;
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
  const files = filesService({
    patterns: (options.files ?? []).map(parseFilePattern),
    own: options.own,
    store,
    downloads,
    session: () => sharedSession(registries, access),
    ...(options.nowMs === undefined ? {} : { nowMs: options.nowMs }),
  });
  return {
    mirror,
    files,
    async close() {
      ending.abort();
      for (const session of sessions.values()) await session.close();
    },
  };
}
