import type { ContextOptions } from '../../app/context.ts';
import { sourceDateEpoch } from '../../app/settings/setting-values.ts';
import type { ComposeSettings } from '../../app/settings/settings.ts';
import { limited } from '../../fetch/pool.ts';
import type { SourceOptions } from '../../model/request.ts';
import { SharedDownloads } from '../../store/shared-downloads.ts';
import type { Asker, Origin } from '../content.ts';
import type { Service } from '../http/exchange.ts';
import type { StoredContent } from '../registry/stored-content.ts';
import type { Pool } from '../workers/pool.ts';
import { MissingBlobs } from './blobs.ts';
import { imageSettings } from './composer.ts';
import { cachedImages, type ImagePlace } from './image-place.ts';
import { ComposedOrigin } from './origin.ts';
import { RecipeImages } from './recipes.ts';
import { ServedSources } from './sources.ts';

/** What is composed, and from what. */
export interface ComposedServiceOptions {
  /** At least one; the first of a distribution is its default */
  readonly sources: readonly SourceOptions[];
  /** Settings of images, where a name or a recipe says nothing else */
  readonly image?: ComposeSettings | undefined;
  /** Folder or Git checkout of recipes that are served; default: none */
  readonly recipes?: string | undefined;
  /** Time between two looks for newer indexes, in milliseconds; default: 15 minutes; 0: never */
  readonly refreshMs?: number | undefined;
  readonly pool: Pool;
  readonly stored: StoredContent;
  /** Place of images; default: `stored`. If given, indexes are those of a published catalog, and no mirror is asked for newer ones */
  readonly place?: ImagePlace | undefined;
  /** Counts an image of a client that has to be composed. @throws HttpError 429 */
  readonly admit?: ((asker: Asker) => void) | undefined;
  /** As in ComposedOptions */
  readonly known?: (() => void) | undefined;
}

/** Images that are composed when they are asked for. */
export interface Composed {
  readonly origin: Origin;
  /** Images of recipes; as a service, it answers `POST /compose` */
  readonly recipes: Origin & Service;
  readonly place: ImagePlace;
  /** Asks the mirrors for newer indexes now. */
  refresh(): Promise<void>;
  /** Ends downloads, and waits until what was composed has been written down. */
  close(): Promise<void>;
}

const REFRESH_MS = 15 * 60_000;
/** Downloads at a time: polite to one mirror, enough to hide its latency. */
const DOWNLOADS = 8;

/** Opens the part of the server that composes; nothing is read or fetched before it is asked. @throws AppError USAGE */
export function openComposed(context: ContextOptions, options: ComposedServiceOptions): Composed {
  const { image = {}, refreshMs = REFRESH_MS, pool, stored, admit, known } = options;
  const { env, progress } = context;
  // Not the context's, with which the server begins to end: what is under way is finished.
  const ending = new AbortController();
  const { signal } = ending;
  const { store } = stored;
  const directory = store.ingestDirectory;
  const downloads = new SharedDownloads({ directory, signal, limit: limited(DOWNLOADS) });
  const isGiven = options.place !== undefined;
  const sources = new ServedSources(pool, options.sources, signal, isGiven);
  const blobs = new MissingBlobs({ pool, store, downloads, progress, signal });
  const place = options.place ?? cachedImages({ stored, blobs, progress });
  const epoch = sourceDateEpoch(env.SOURCE_DATE_EPOCH);
  const origin = new ComposedOrigin({
    pool,
    place,
    sources,
    settings: imageSettings(image, epoch),
    admit,
    known,
  });
  const recipes = new RecipeImages({
    ...{ pool, place, sources, image, epoch },
    composed: origin,
    folder: options.recipes,
  });
  const refresh = (): Promise<void> => sources.refresh((error) => progress.note(error.message));
  const timer = refreshMs === 0 || isGiven ? undefined : setInterval(() => void refresh(), refreshMs).unref();
  return {
    origin,
    recipes,
    place,
    refresh,
    async close() {
      clearInterval(timer);
      ending.abort();
      await origin.close();
    },
  };
}
