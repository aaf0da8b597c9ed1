import type { ContextOptions } from '../../app/context.ts';
import { type Digest, isDigest } from '../../model/digest.ts';
import { fullName, parseRepository, type Repository } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import { systemCredentials } from '../../registry/credentials.ts';
import { openSession } from '../../registry/session.ts';
import { type ImagePlace, orElse } from '../composed/image-place.ts';
import type { Origin, ServedBlob } from '../content.ts';
import type { Check } from '../operations/health.ts';
import { ownAsker } from '../workers/own-asker.ts';
import type { Pool } from '../workers/pool.ts';
import { BlobPlaces, type Redirect } from './blob-places.ts';
import { CatalogFollower, followedReference } from './catalog-follower.ts';
import { notReady, RegistryHealth } from './health.ts';
import { KeptImages } from './kept-images.ts';
import { keptPlace } from './kept-place.ts';
import { Recent } from './recent.ts';

/** A registry behind the server. */
export interface BehindOptions {
  /** Repository of packages, `registry.example/packages` (package-store) */
  readonly store: string;
  /** Published catalog to follow: the server is stateless. Undefined: it keeps its own catalog and images */
  readonly catalog?: string | undefined;
  /** As in FollowedCatalog */
  readonly trustCatalog?: boolean | undefined;
  /** Time between looks for a new catalog, in milliseconds; default: 30 s */
  readonly refreshMs?: number | undefined;
  /** Namespace of composed images; default: `composed` beside the packages */
  readonly composed?: string | undefined;
  /** Default: true */
  readonly redirect?: Redirect | undefined;
  readonly access: RegistryAccess;
}

/** The part of the server that works with a registry behind it. */
export interface Behind {
  /** Place of composed images; undefined: the server's own */
  readonly place: ImagePlace | undefined;
  /** What is pushed here is refused with these words; undefined: it is stored */
  readonly pushElsewhere: string | undefined;
  /** Asked after those of composed images: what refers to images in the registry */
  readonly origins: readonly Origin[];
  /** Returns an origin of composed images that sends clients to the registry, and is not ready before the catalog is. */
  around(origin: Origin, place: Pick<ImagePlace, 'blobSize'>): Origin;
  /** Refuses what has to wait for the catalog. @throws HttpError 503 with Retry-After */
  expectReady(): void;
  /** What the server cannot work without */
  readonly checks: ReadonlyMap<string, Check>;
  close(): Promise<void>;
}

const REFRESH_MS = 30_000;
/** Requests of clients wait for a registry that restarts no longer than clients do. */
const RETRIES = 4;
/** Blobs that a store does not have, since they are of one image only, are not asked for with every pull. */
const ABSENT = { maxWeight: 100_000, maxAgeMs: 60_000 };

/** Returns the default namespace of composed images: `registry.example/team/composed` for `registry.example/team/packages`. */
function composedNamespace(store: string): Repository {
  const { domain, path } = parseRepository(store);
  return parseRepository(`${domain}/${[...path.split('/').slice(0, -1), 'composed'].join('/')}`);
}

/** Opens the registry behind; nothing is asked of it before this returns. @throws AppError USAGE */
export function openBehind(context: ContextOptions, pool: Pool, options: BehindOptions): Behind {
  const { access, redirect = true } = options;
  const store = parseRepository(options.store);
  const ending = new AbortController();
  const session = openSession({
    signal: ending.signal,
    credentials: systemCredentials(context.env),
    retries: RETRIES,
    insecure: access.insecure,
    ...(access.ca === '' ? {} : { ca: access.ca }),
    ...(access.cert === '' ? {} : { cert: access.cert }),
    ...(access.key === '' ? {} : { key: access.key }),
  });
  const health = new RegistryHealth();
  const places = new BlobPlaces(session, redirect);
  const close = async (): Promise<void> => {
    ending.abort();
    await session.close();
  };
  if (options.catalog === undefined) {
    const absent = new Recent<true>(ABSENT);
    const inStore = async (digest: Digest): Promise<ServedBlob | undefined> => {
      if (redirect === false || absent.get(digest)) return undefined;
      const found = await health.watch(() => places.find(store, digest)).catch(() => undefined);
      if (found?.kind === 'redirect') return found;
      absent.set(digest, true);
      return undefined;
    };
    return {
      place: undefined,
      pushElsewhere: undefined,
      origins: [],
      around: (origin, place) => ({
        ...sameAs(origin),
        blob: (repository, digest, asker) =>
          place.blobSize(repository, digest) === undefined || !isDigest(digest)
            ? origin.blob(repository, digest, asker)
            : orElse(inStore(digest as Digest), () => origin.blob(repository, digest, asker)),
      }),
      expectReady() {},
      checks: new Map(),
      close,
    };
  }
  const { trustCatalog = false, refreshMs = REFRESH_MS } = options;
  const catalog = { reference: options.catalog, trusted: trustCatalog, refreshMs };
  const namespace =
    options.composed === undefined ? composedNamespace(options.store) : parseRepository(options.composed);
  const follower = new CatalogFollower(catalog, {
    session,
    health,
    note: (text) => context.progress.note(text),
    pull: (reference) =>
      pool.run('catalogPull', { reference, believe: trustCatalog, access }, ownAsker(ending.signal)),
  });
  follower.start();
  const images = new KeptImages(namespace, { session, places, health });
  const place = keptPlace({ images, health, pool, store: options.store, access });
  const wait = (): never => {
    throw notReady(
      `the catalog is not here yet: ${follower.problem ?? fullName(followedReference(catalog))}`,
    );
  };
  return {
    place,
    origins: [
      {
        manifest: () => undefined,
        blob: () => undefined,
        tags: () => undefined,
        referrers: (repository, digest) =>
          isDigest(digest) ? images.referrers(repository, digest as Digest) : undefined,
      },
    ],
    pushElsewhere: `this server stores nothing: push to ${store.domain} itself`,
    around: (origin) => ({
      manifest(repository, reference, asker) {
        if (follower.generation !== undefined) return origin.manifest(repository, reference, asker);
        const known =
          'tag' in reference
            ? place.last(repository, reference.tag)
            : place.manifest(repository, reference.digest);
        return orElse(known, wait);
      },
      blob: (repository, digest, asker) =>
        follower.generation === undefined
          ? orElse(place.blob(repository, digest), wait)
          : origin.blob(repository, digest, asker),
      tags: (repository, asker, page) =>
        follower.generation === undefined ? wait() : origin.tags(repository, asker, page),
    }),
    expectReady() {
      if (follower.generation === undefined) wait();
    },
    checks: new Map<string, Check>([
      ['catalog', () => (follower.generation === undefined ? 'missing' : undefined)],
      ['registry', () => (health.problem === undefined ? undefined : 'no answer')],
    ]),
    async close() {
      ending.abort();
      await follower.stop();
      await close();
    },
  };
}

/** Returns an origin that answers as another one does, to be changed. */
function sameAs(origin: Origin): Origin {
  return {
    manifest: (repository, reference, asker) => origin.manifest(repository, reference, asker),
    blob: (repository, digest, asker) => origin.blob(repository, digest, asker),
    tags: (repository, asker, page) => origin.tags(repository, asker, page),
  };
}
