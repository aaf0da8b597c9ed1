import { type AppError, isAppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { EMPTY_BYTES, EMPTY_DESCRIPTOR } from '../../model/empty-blob.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import type { Progress } from '../../model/progress.ts';
import {
  fullName,
  parseRepository,
  type Repository,
  type RepositoryPath,
  withTag,
} from '../../model/reference.ts';
import type { BlobSource } from '../../registry/blobs.ts';
import { headManifest } from '../../registry/manifests.ts';
import { pushBlobs } from '../../registry/push-blobs.ts';
import { putManifestWhenBlobsVisible } from '../../registry/put-manifest.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { entryOfLayer, type StoreEntry } from '../sources/stored-package.ts';

/** Returns the given store, else that of PKGCOMPOSE_STORE; undefined if neither is set. @throws AppError USAGE */
export function storeRepository(
  { env }: { readonly env: NodeJS.ProcessEnv },
  named: string | undefined,
): Repository | undefined {
  const text = named ?? env.PKGCOMPOSE_STORE ?? '';
  return text === '' ? undefined : parseRepository(text);
}

/** A blob to put into a package store. */
export interface NewStoreEntry {
  readonly entry: StoreEntry;
  /** Opens the blob's bytes from an offset on */
  readonly open: BlobSource['open'];
  readonly damaged?: BlobSource['damaged'];
  /** Repositories of the same registry that may already have it */
  readonly mountFrom?: readonly RepositoryPath[];
  /** As in BlobSource */
  readonly likelyAbsent?: true;
}

/**
 * Puts a blob into a package store, and then its manifest under its tag. Any number of processes may do so at once.
 * @returns `added`: false if all of it was there already
 * @throws AppError as pushBlobs and putManifest
 */
export async function putInStore(
  session: RegistrySession,
  store: Repository,
  { entry, open, damaged, mountFrom = [], likelyAbsent }: NewStoreEntry,
): Promise<{ readonly added: boolean; readonly sentBytes: number }> {
  const blobs = [
    {
      ...entry.blob,
      open,
      ...(damaged && { damaged }),
      mountFrom,
      ...(likelyAbsent ? { likelyAbsent } : {}),
    },
  ];
  const { present, sentBytes } = await pushBlobs(session, store, { blobs });
  if (present.length > 0 && (await isInStore(session, store, entry))) {
    return { added: false, sentBytes };
  }
  await putManifestWhenBlobsVisible(session, withTag(store, entry.tag), {
    mediaType: MEDIA_TYPES.manifest,
    bytes: entry.manifest.bytes,
    pushBlobs: () => pushBlobs(session, store, { blobs: [EMPTY_CONFIG] }),
  });
  return { added: true, sentBytes };
}

/** Config of every artifact in a store. */
export const EMPTY_CONFIG: BlobSource = {
  digest: EMPTY_DESCRIPTOR.digest,
  size: EMPTY_DESCRIPTOR.size,
  async *open(offset) {
    yield EMPTY_BYTES.subarray(offset);
  },
};

/** Tells whether the store has the entry's blob and manifest. */
async function isInStore(
  session: RegistrySession,
  store: Repository,
  { tag, manifest }: StoreEntry,
): Promise<boolean> {
  try {
    return (await headManifest(session, withTag(store, tag)))?.digest === manifest.descriptor.digest;
  } catch (error) {
    // Another kind of manifest has that tag.
    if (isAppError(error, 'UNSUPPORTED')) return false;
    throw error;
  }
}

/** Way of an image's layers into a repository through a package store. */
export interface PackageStore {
  readonly repository: Repository;
  /**
   * Returns what pushBlobs needs to mount a layer from the store and to put what the store lacks into it: from the image's
   * repository or, if that is in another registry, from `source`. Undefined for blobs that a store does not keep.
   */
  through(
    layer: Descriptor,
    into: Repository,
    source: Pick<BlobSource, 'open' | 'damaged' | 'mountFrom'>,
  ): Pick<BlobSource, 'mountFrom' | 'keep'> | undefined;
}

/** Opens a store to push images through. If it refuses an upload, that is noted once, and images are pushed without it. */
export function packageStore(
  session: RegistrySession,
  repository: Repository,
  progress: Progress,
): PackageStore {
  let refused = false;
  /** The registry does not mount blobs that the store has. */
  let mountless = false;
  let config: Promise<unknown> | undefined;
  const refuse = (error: AppError): void => {
    if (!refused) {
      progress.note(
        `the package store ${fullName(repository)} rejected an upload; packages are pushed to the image's repository only: ${error.message}`,
      );
    }
    refused = true;
  };
  return {
    repository,
    through(layer, into, source) {
      const entry = entryOfLayer(layer);
      if (entry === undefined) return undefined;
      const sameRegistry = into.domain === repository.domain;
      const mountable = sameRegistry && into.path !== repository.path;
      return {
        ...(mountable ? { mountFrom: [repository.path, ...(source.mountFrom ?? [])] } : {}),
        async keep() {
          if (refused) return 0;
          try {
            const known = !mountable || mountless;
            if (known && (await isInStore(session, repository, entry))) return 0;
            // Before the manifests, each of which would have to be sent again.
            config ??= pushBlobs(session, repository, { blobs: [EMPTY_CONFIG] });
            await config;
            const mountFrom = sameRegistry ? [into.path] : [];
            const put = await putInStore(session, repository, { ...source, entry, mountFrom });
            if (!put.added) mountless = true;
            return put.sentBytes;
          } catch (error) {
            if (!isAppError(error, 'AUTH') && !isAppError(error, 'UNSUPPORTED')) throw error;
            refuse(error);
            return 0;
          }
        },
      };
    },
  };
}
