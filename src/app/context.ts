import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Catalog } from '../catalog/catalog.ts';
import { catalogError } from '../catalog/database.ts';
import { makeFolder } from '../files/make-folder.ts';
import { packageRoot } from '../files/package-root.ts';
import { productVersion } from '../files/product-version.ts';
import { AppError } from '../model/app-error.ts';
import type { ArchiveFacts } from '../model/archive.ts';
import type { Digest } from '../model/digest.ts';
import type { Progress } from '../model/progress.ts';
import type { BlobId } from '../registry/blobs.ts';
import type { RegistrySession } from '../registry/types.ts';
import { FileBlobStore } from '../store/blob-store.ts';
import { cacheDirectory } from '../store/location.ts';

/** Blobs that need not be in the cache: a package store is assumed to have them, until it turns out not to. */
export interface RemoteBlobs {
  /** Returns false for blobs that the store has been found not to have */
  mayHave(digest: Digest): boolean;
  /**
   * Adds a blob to the cache, unless it is there: from the store; a package's archive else from its repository.
   * @throws AppError NOT_FOUND with the digest in its details, and as fetchArchives
   */
  ensureLocal(blob: BlobId): Promise<void>;
}

/** Services that every use case works with. */
export interface Context {
  readonly catalog: Catalog;
  readonly store: FileBlobStore;
  /** Absolute path of the cache folder, which has catalog, blobs and keys. */
  readonly directory: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** Set if blobs of a package store need not be fetched, since their facts suffice (package-store/remote-blobs.ts) */
  readonly remote?: RemoteBlobs;
  /** Sessions with the registries that packages come from, by access (sharedSession); closed with the context */
  readonly sessions: Map<string, RegistrySession>;
  /** Identifies the code that runs; empty if it runs from its sources, which may change under one name. */
  readonly build: string;
  readonly fetching?: Fetching | undefined;
  /** Set if facts of archives that were read are kept in memory, for the requests that follow */
  readonly facts?: Map<Digest, ArchiveFacts>;
}

/**
 * What may be asked of mirrors and registries for packages. `missing`: only what the catalog and the cache lack, where otherwise
 * repositories that the user named are asked for changes on every use; `archives`: only packages, since the indexes are those of a
 * published catalog; `never`: nothing (NotFetchedError).
 */
export type Fetching = 'missing' | 'archives' | 'never';

/** AppError NETWORK: something would have to be fetched, which `Context.fetching` does not permit. */
export class NotFetchedError extends AppError {
  constructor(what: string) {
    super('NETWORK', `${what}: not here, and nothing may be fetched`);
  }
}

/** Checks that something may be fetched. @throws NotFetchedError */
export function expectFetching(
  { fetching }: Pick<Context, 'fetching'>,
  what: string,
  kind: 'index' | 'archive' = 'archive',
): void {
  if (fetching === 'never' || (fetching === 'archives' && kind === 'index')) throw new NotFetchedError(what);
}

/** Options of opening a context. */
export interface ContextOptions {
  /** As in Context; default: the identity of the bundle that this process was started with */
  readonly build?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Default: the folder of store/location.ts. */
  readonly cacheDirectory?: string | undefined;
  /** A context whose catalog and store are used, and not closed afterwards; default: one is opened for the call */
  readonly kept?: Context;
  /** As in Context */
  readonly fetching?: Fetching | undefined;
}

/**
 * Opens catalog and store, runs `work`, and closes them; with `kept`, uses those.
 * @throws AppError CATALOG, STORAGE; what `work` throws
 */
export async function withContext<T>(
  options: ContextOptions,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const { kept, progress, signal, env, fetching } = options;
  const context =
    kept === undefined
      ? openContext(options)
      : { ...kept, progress, signal, env, fetching, sessions: new Map() };
  try {
    return await work(context);
  } catch (error) {
    throw catalogError(error, catalogPath(context.directory));
  } finally {
    await closeSessions(context);
    if (kept === undefined) context.catalog.close();
  }
}

/** Closes the context's sessions with registries. The next fetch opens them again. */
export async function closeSessions({ sessions }: Context): Promise<void> {
  const open = [...sessions.values()];
  sessions.clear();
  for (const session of open) await session.close();
}

/** Returns the absolute path of the cache folder. */
export function cacheFolder({
  env,
  cacheDirectory: named,
}: Pick<ContextOptions, 'env' | 'cacheDirectory'>): string {
  return resolve(named ?? cacheDirectory(env, packageRoot()));
}

/** Opens a context that outlives a call; the caller closes its catalog. @throws AppError CATALOG, STORAGE */
export function openContext(options: ContextOptions): Context {
  const directory = openCacheFolder(options);
  const { progress, signal, env, fetching, build = bundleIdentity() } = options;
  const catalog = new Catalog(catalogPath(directory));
  const store = new FileBlobStore(directory);
  return { catalog, store, directory, progress, signal, env, build, fetching, sessions: new Map() };
}

/** Returns the absolute path of the cache folder, which is made if it is missing. @throws AppError STORAGE */
export function openCacheFolder(options: Pick<ContextOptions, 'env' | 'cacheDirectory'>): string {
  const directory = cacheFolder(options);
  try {
    makeFolder(directory);
    return directory;
  } catch (error) {
    throw new AppError('STORAGE', `${directory}: cannot be created or written: ${(error as Error).message}`, {
      hint: 'Name a writable cache folder with --cache DIR or PKGCOMPOSE_CACHE.',
      cause: error,
    });
  }
}

/** Main file of the command, in the folder that the bundle is written to, which has no subfolders (bin/build.js). */
const BUNDLE_MAIN = 'main.js';

/**
 * Identifies a bundle: its main file has the names of the others, which depend on their contents; the version is for packages
 * whose files have no times.
 */
function bundleIdentity(): string {
  const stat = statSync(join(import.meta.dirname, BUNDLE_MAIN), { throwIfNoEntry: false });
  return stat === undefined ? '' : `${productVersion()} ${stat.size} ${stat.mtimeMs}`;
}

/** Returns the path of the catalog in a cache folder. */
export const catalogPath = (directory: string): string => join(directory, 'catalog.sqlite');
