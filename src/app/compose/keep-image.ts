import { isAppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { type Digest, digestOf, hexOf } from '../../model/digest.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import { parseRepository, parseTagName, type Repository, withTag } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Document, ImageContents } from '../../output/image-content.ts';
import { parseManifest } from '../../output/image-json.ts';
import { type BlobId, readBlob } from '../../registry/blobs.ts';
import { headManifest } from '../../registry/manifests.ts';
import type { RegistrySession } from '../../registry/types.ts';
import type { FileBlobStore } from '../../store/blob-store.ts';
import type { Context } from '../context.ts';
import { pushContents } from '../images/push-contents.ts';
import { packageStore } from '../package-store/package-store.ts';
import { withRegistries } from '../registries/sessions.ts';
import { fetchArchiveOf } from './archive-places.ts';

/** An image to keep in a registry. */
export interface KeepImageRequest {
  /** `registry.example/composed/alpine/git` */
  readonly repository: string;
  /** Never given to another image */
  readonly tag: string;
  /** Of each architecture */
  readonly manifests: readonly Uint8Array[];
  readonly index: Uint8Array;
  /** Sources of packages that the store lacks */
  readonly sources: readonly SourceOptions[];
  readonly store: string;
  readonly access: RegistryAccess;
}

/** A client waits: a registry that restarts is back after some seconds, and the client tries again later. */
const RETRIES = 4;
/** Digits of the digest in the tag of an image whose own tag another image has. */
const DIGEST_DIGITS = 12;

/**
 * Pushes an image that composeContent has computed, and its tag, if the registry lacks them: packages are mounted from the store,
 * and put into it first if it lacks them. Any number of servers may do so at once. A tag that another image has (other versions of
 * this program may compose the same packages in another way) stays, and the image gets one of its own: registries collect what has
 * none.
 * @throws AppError as pushContents and fetchArchiveOf
 */
export async function keepImage(context: Context, request: KeepImageRequest): Promise<void> {
  const repository = parseRepository(request.repository);
  const packages = parseRepository(request.store);
  await withRegistries(context, request, async (opened) => {
    const session = opened.withRetries(RETRIES);
    const contents = contentsOf(request, context.store, (blob) =>
      ensureLocal(context, blob, { session, packages, sources: request.sources }),
    );
    const { digest } = contents.root.descriptor;
    const tag = await freeTag(session, repository, { tag: request.tag, digest });
    if (tag === undefined) return;
    await pushContents(session, {
      contents,
      to: withTag(repository, tag),
      progress: context.progress,
      store: packageStore(session, packages, context.progress),
      mountFrom: () => undefined,
    });
  });
}

/** Adds a package to the cache: from the store, else from its repository. @throws as fetchArchiveOf */
async function ensureLocal(
  context: Context,
  { digest, size }: BlobId,
  {
    session,
    packages,
    sources,
  }: { session: RegistrySession; packages: Repository; sources: readonly SourceOptions[] },
): Promise<void> {
  const { store } = context;
  if (store.has(digest, size)) return;
  try {
    await store.put(readBlob(session, packages, { digest, size }), { digest, sizeBytes: size });
  } catch (error) {
    if (!isAppError(error, 'NOT_FOUND')) throw error;
    await fetchArchiveOf(context, { digest, sources });
  }
}

/** Returns the tag to give; undefined if the registry has the image under its tag. */
async function freeTag(
  session: RegistrySession,
  repository: Repository,
  { tag, digest }: { readonly tag: string; readonly digest: Digest },
) {
  const name = parseTagName(tag);
  const there = await headManifest(session, withTag(repository, name));
  if (there === undefined) return name;
  return there.digest === digest
    ? undefined
    : parseTagName(`${tag}-${hexOf(digest).slice(0, DIGEST_DIGITS)}`);
}

function contentsOf(
  { manifests, index }: KeepImageRequest,
  store: FileBlobStore,
  ensureLocal: (blob: BlobId) => Promise<void>,
): ImageContents {
  const images = manifests.map((bytes) => documentOf(bytes, MEDIA_TYPES.manifest));
  const root = documentOf(index, MEDIA_TYPES.index);
  const blobs = images.flatMap(({ bytes, descriptor }) => {
    const { config, layers } = parseManifest(bytes, descriptor.digest);
    return [...layers, config];
  });
  return {
    root,
    documents: [...images, root],
    blobs: [...new Map(blobs.map((blob) => [blob.digest, blob])).values()],
    async *blob(blob: Descriptor, offset: number) {
      await ensureLocal(blob);
      yield* store.read(blob, offset);
    },
    damaged: (blob, got) => store.damaged(blob, got),
  };
}

function documentOf(bytes: Uint8Array, mediaType: string): Document {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}
