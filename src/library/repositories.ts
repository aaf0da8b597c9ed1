import * as read from '../app/settings/setting-values.ts';
import type { CatalogPullReport, CatalogPushReport } from '../model/catalog-report.ts';
import type { MirrorAddReport, MirrorListReport } from '../model/mirror-report.ts';
import type {
  CacheEntryReport,
  CacheGcReport,
  CacheVerifyReport,
  IndexReport,
  IngestReport,
} from '../model/request.ts';
import { USE_CASES } from '../use-cases.ts';
import * as field from './read-request.ts';
import type { RegistrySettings, RunOptions, SourceSettings } from './requests.ts';
import { run } from './run.ts';

/**
 * Fetches and verifies the indexes of repositories; with `files`, also the lists of all packages' files (Arch).
 * @example
 * const indexes = await index({ distro: 'alpine' });
 */
export function index(
  request: SourceSettings & {
    /** Also fetch the lists of all packages' files (Arch) */
    readonly files?: boolean;
  } = {},
  options?: RunOptions,
): Promise<readonly IndexReport[]> {
  return run(USE_CASES.index, options, () => field.withSource(request, { files: field.flag }));
}

/**
 * Verifies package archives (files, folders, URLs) and adds them to the cache.
 * @example
 * const [{ digest }] = await ingest({ inputs: ['packages'], distro: 'alpine' });
 */
export function ingest(
  request: SourceSettings & {
    /** Archives and folders of archives; archives may be URLs */
    readonly inputs: string | readonly string[];
  },
  options?: RunOptions,
): Promise<readonly IngestReport[]> {
  return run(USE_CASES.ingest, options, () => field.withSource(request, { inputs: field.texts }));
}

/**
 * Copies package repositories into a registry: the indexes, and `packages` with their dependencies, or `all` packages.
 * @example
 * await mirrorAdd({ packages: ['git'], to: 'registry.example/alpine' });
 */
export function mirrorAdd(
  request: SourceSettings & {
    /** `registry.example/alpine`; with a tag instead of the release's own */
    readonly to: string;
    /** Packages to copy with their dependencies */
    readonly packages?: string | readonly string[];
    /** Copy every package of the repositories */
    readonly all?: boolean;
    /** Also copy the lists of all packages' files (Arch) */
    readonly files?: boolean;
  },
  options?: RunOptions,
): Promise<MirrorAddReport> {
  return run(USE_CASES.mirrorAdd, options, () =>
    field.withSource(request, {
      to: field.text,
      packages: field.several(read.packages),
      all: field.flag,
      files: field.flag,
    }),
  );
}

/**
 * Lists the releases, repositories and generations of a mirror in a registry.
 * @example
 * const { releases } = await mirrorList({ mirror: 'registry.example/alpine' });
 */
export function mirrorList(
  request: RegistrySettings & {
    /** `registry.example/alpine`; with a tag or digest, that alone */
    readonly mirror: string;
  },
  options?: RunOptions,
): Promise<MirrorListReport> {
  return run(USE_CASES.mirrorList, options, () => field.withAccess(request, { mirror: field.text }));
}

/**
 * Publishes what the catalog knows about packages in a registry.
 * @example
 * const { pushed } = await catalogPush({ reference: 'registry.example/team/catalog:1' });
 */
export function catalogPush(
  request: RegistrySettings & {
    /** `registry.example/team/catalog:1` */
    readonly reference: string;
  },
  options?: RunOptions,
): Promise<CatalogPushReport> {
  return run(USE_CASES.catalogPush, options, () => field.withAccess(request, { reference: field.text }));
}

/**
 * Imports a published catalog: by digest, or with `trustCatalog` whatever the tag points to.
 * @example
 * await catalogPull({ reference: 'registry.example/team/catalog:1', trustCatalog: true });
 */
export function catalogPull(
  request: RegistrySettings & {
    /** `registry.example/team/catalog@sha256:…`, or a tag with `trustCatalog` */
    readonly reference: string;
    /** Accept the catalog by tag, trusting its publisher, instead of pinning a digest */
    readonly trustCatalog?: boolean;
  },
  options?: RunOptions,
): Promise<CatalogPullReport> {
  return run(USE_CASES.catalogPull, options, () => {
    const fields = { reference: field.text, trustCatalog: field.flag };
    const { trustCatalog, ...rest } = field.withAccess(request, fields);
    return { ...rest, believe: trustCatalog };
  });
}

/**
 * Lists the blobs of the cache.
 * @example
 * const blobs = await cacheList();
 */
export function cacheList(options?: RunOptions): Promise<readonly CacheEntryReport[]> {
  return run(USE_CASES.cacheList, options, () => undefined);
}

/**
 * Checks every blob of the cache; with `repair`, removes damaged ones, so that they are fetched again.
 * @example
 * const { damaged } = await cacheVerify();
 */
export function cacheVerify(
  request: {
    /** Remove damaged blobs, so that they are fetched again */
    readonly repair?: boolean;
  } = {},
  options?: RunOptions,
): Promise<CacheVerifyReport> {
  return run(USE_CASES.cacheVerify, options, () => field.plain(request, { repair: field.flag }));
}

/**
 * Removes blobs that are not needed and, until the cache is no larger than `maxSize` (bytes, or `10G`), those least recently used.
 * @example
 * const { freedBytes } = await cacheGc({ maxSize: '10G' });
 */
export function cacheGc(
  request: {
    /** Bytes, or `500MB`, `10G`, `1.5GiB` */
    readonly maxSize?: number | string;
  } = {},
  options?: RunOptions,
): Promise<CacheGcReport> {
  return run(USE_CASES.cacheGc, options, () => {
    const { maxSize } = field.plain(request, { maxSize: field.single(read.size, undefined) });
    return { maxSizeBytes: maxSize };
  });
}
