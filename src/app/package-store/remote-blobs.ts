import { isAppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import type { CatalogPackage } from '../../model/package.ts';
import { fullName, type Repository } from '../../model/reference.ts';
import type { PushTarget } from '../../model/registry.ts';
import { type BlobId, readBlob } from '../../registry/blobs.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { MissingBlobError } from '../../store/blob-errors.ts';
import { fetchArchives } from '../archives/fetch-archives.ts';
import { archivesOf } from '../archives/indexed-archives.ts';
import type { Context, RemoteBlobs } from '../context.ts';
import { withRegistries } from '../registries/sessions.ts';
import type { Resolution } from '../repositories/resolve.ts';
import { storeRepository } from './package-store.ts';

/**
 * Runs `work` with a context that can use blobs of the package store that the image is pushed through, if there is one.
 * @throws what `work` throws
 */
export async function withRemoteBlobs<T>(
  context: Context,
  { push, resolution }: { readonly push: PushTarget; readonly resolution: Resolution },
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const store = storeRepository(context, push.store);
  if (store === undefined) return work(context);
  return withRegistries(context, push, (session) =>
    work({ ...context, remote: remoteBlobs(context, resolution, { session, store }) }),
  );
}

interface StoreAccess {
  readonly session: RegistrySession;
  readonly store: Repository;
}

function remoteBlobs(context: Context, resolution: Resolution, access: StoreAccess): RemoteBlobs {
  const absent = new Set<Digest>();
  const underWay = new Map<Digest, Promise<void>>();

  async function fetchIntoCache(blob: BlobId): Promise<void> {
    if (!absent.has(blob.digest)) {
      try {
        await fetchBlob(context, access, blob);
        return;
      } catch (error) {
        if (!isAppError(error) || error.code === 'CANCELLED' || error.code === 'STORAGE') throw error;
        if (error.code !== 'NOT_FOUND') context.progress.note(error.message);
        absent.add(blob.digest);
      }
    }
    const entry = packageOf(context, resolution, blob.digest);
    if (entry === undefined) {
      throw new MissingBlobError(blob.digest, fullName(access.store));
    }
    const { sources, repositories } = resolution;
    await fetchArchives(context, sources, { packages: [entry], repositories });
  }

  return {
    mayHave: (digest) => !absent.has(digest),
    async ensureLocal(blob) {
      if (context.store.has(blob.digest, blob.size)) return;
      const known = underWay.get(blob.digest) ?? fetchIntoCache(blob);
      underWay.set(blob.digest, known);
      try {
        await known;
      } finally {
        underWay.delete(blob.digest);
      }
    },
  };
}

async function fetchBlob(
  { store: cache, progress }: Context,
  { session, store }: StoreAccess,
  blob: BlobId,
): Promise<void> {
  const task = progress.task(`fetch ${blob.digest} from ${fullName(store)}`, blob.size, 'bytes');
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of readBlob(session, store, blob)) {
      task.advance(chunk.length);
      yield chunk;
    }
  }
  try {
    await cache.put(counted(), { digest: blob.digest, sizeBytes: blob.size });
  } finally {
    task.done();
  }
}

function packageOf(
  context: Context,
  { sources, packages }: Resolution,
  digest: Digest,
): CatalogPackage | undefined {
  const entries = packages.map((solved) => solved.package);
  const place = archivesOf(context, sources.distro.id, entries).findIndex((found) =>
    found.some((archive) => archive.digest === digest),
  );
  return entries[place];
}
