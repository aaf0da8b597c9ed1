import { AppError, isAppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import type { Progress } from '../../model/progress.ts';
import { fullName, type Reference, type RepositoryPath, withDigest } from '../../model/reference.ts';
import type { BlobCount, PushReport } from '../../model/registry.ts';
import type { ImageContents } from '../../output/image-content.ts';
import type { BlobSource } from '../../registry/blobs.ts';
import { headManifest, putManifest } from '../../registry/manifests.ts';
import { missingBlobs } from '../../registry/missing-blobs.ts';
import { type PushedBlobs, pushBlobs } from '../../registry/push-blobs.ts';
import type { RegistrySession } from '../../registry/types.ts';
import type { PackageStore } from '../package-store/package-store.ts';

/** Options of pushing an image. */
export interface PushOptions {
  readonly contents: ImageContents;
  readonly to: Reference;
  readonly progress: Progress;
  /**
   * Returns a repository of the same registry that may have the blob. This is a hint: the registry's answer to the mount decides
   */
  mountFrom(digest: Digest): RepositoryPath | undefined;
  /** Package store that packages are mounted from */
  readonly store?: PackageStore | undefined;
  /** The repository should have all blobs, which are only checked if it turns out not to */
  readonly blobsThere?: boolean;
}

const LIKELY_ABSENT = { likelyAbsent: true } as const;
/** Blobs that are worth the request that may ask for all at once */
const MIN_KNOWN = 3;

const NO_BLOBS: PushedBlobs = { present: [], mounted: [], uploaded: [], sentBytes: 0 };

/**
 * Pushes an image, or an index with all its images, to a registry: layers, configs, then the manifests, the named one last. If
 * that name already has that digest, one request suffices; an interrupted push is resumed.
 * @throws AppError INTEGRITY also if `to` names another digest; the registry's errors
 */
export async function pushContents(session: RegistrySession, options: PushOptions): Promise<PushReport> {
  const { contents, to } = options;
  const { descriptor } = contents.root;
  const { digest, mediaType } = descriptor;
  if (to.digest !== undefined && to.digest !== digest) {
    throw new AppError('INTEGRITY', `${fullName(to)}: expected this manifest, got ${digest}`, {
      details: { expected: to.digest, got: digest },
    });
  }
  const target: Reference = to.tag === undefined ? to : { ...to, digest: undefined };
  const base = { reference: fullName(target), digest, mediaType };
  if (await hasManifest(session, target, digest)) {
    return { ...base, changed: false, manifests: 0, ...countsOf(contents, NO_BLOBS) };
  }
  const manifests = contents.documents.length;
  const report = (pushed: PushedBlobs) =>
    ({ ...base, changed: true, manifests, ...countsOf(contents, pushed) }) as const;
  const missing = await missingOnly(session, { ...options, to: target });
  let sentBytes = 0;
  if (missing !== undefined) {
    try {
      const pushed = await pushMissing(session, { ...options, to: target }, missing);
      sentBytes = pushed.sentBytes;
      await putDocuments(session, target, contents);
      return report(pushed);
    } catch (error) {
      if (!isAppError(error, 'NOT_FOUND')) throw error;
    }
  }
  const pushed = await pushAllBlobs(session, { ...options, to: target }, contents.blobs);
  await putDocuments(session, target, contents);
  return report({ ...pushed, sentBytes: sentBytes + pushed.sentBytes });
}

/**
 * Finds out which blobs the repository lacks, without a request for each: none if it should have all; those that the registry
 * names if it should have some. Undefined: nothing is known. Only the manifest that the registry accepts in the end decides, and
 * a registry that names missing blobs verifies manifests.
 */
async function missingOnly(
  session: RegistrySession,
  { contents, to, blobsThere, store, mountFrom }: PushOptions,
): Promise<ReadonlySet<string> | undefined> {
  if (blobsThere) return new Set();
  const { documents, blobs } = contents;
  const [document] = documents;
  if (document === undefined || documents.length > 1 || store !== undefined) return undefined;
  const known = blobs.filter(({ digest }) => mountFrom(digest) === to.path);
  if (known.length < MIN_KNOWN) return undefined;
  const { descriptor, bytes } = document;
  return missingBlobs(session, to, { mediaType: descriptor.mediaType, bytes });
}

async function pushMissing(
  session: RegistrySession,
  options: PushOptions,
  missing: ReadonlySet<string>,
): Promise<PushedBlobs> {
  const { blobs } = options.contents;
  const absent = blobs.filter(({ digest }) => missing.has(digest));
  const pushed = absent.length === 0 ? NO_BLOBS : await pushAllBlobs(session, options, absent, LIKELY_ABSENT);
  const present = blobs.filter((blob) => !absent.includes(blob)).map(({ digest }) => digest);
  return { ...pushed, present: [...present, ...pushed.present] };
}

async function pushAllBlobs(
  session: RegistrySession,
  { contents, to, progress, mountFrom, store }: PushOptions,
  wanted: ImageContents['blobs'],
  hint: Pick<BlobSource, 'likelyAbsent'> = {},
): Promise<PushedBlobs> {
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  const task = progress.task(`push ${fullName(to)}`, total, 'bytes');
  const blobs = wanted.map((blob): BlobSource => {
    const from = mountFrom(blob.digest);
    const open: BlobSource['open'] = (offset) => contents.blob(blob, offset);
    const damaged = (got: string) => contents.damaged(blob, got);
    const source = { open, damaged, ...(from === undefined ? {} : { mountFrom: [from] }) };
    return { ...hint, digest: blob.digest, size: blob.size, ...source, ...store?.through(blob, to, source) };
  });
  try {
    return await pushBlobs(session, to, { blobs, task });
  } finally {
    task.done();
  }
}

async function putDocuments(
  session: RegistrySession,
  target: Reference,
  { documents, root }: ImageContents,
): Promise<void> {
  for (const { descriptor, bytes } of documents) {
    const isRoot = descriptor.digest === root.descriptor.digest;
    const where = isRoot ? target : withDigest(target, descriptor.digest);
    await putManifest(session, where, { mediaType: descriptor.mediaType, bytes });
  }
}

/** Tells whether the name has that digest. It may also refer to something of a kind that is not read here. */
async function hasManifest(session: RegistrySession, target: Reference, digest: Digest): Promise<boolean> {
  try {
    return (await headManifest(session, target))?.digest === digest;
  } catch (error) {
    if (isAppError(error, 'UNSUPPORTED')) return false;
    throw error;
  }
}

function countsOf(
  { blobs }: ImageContents,
  { uploaded, mounted, present, sentBytes }: PushedBlobs,
): Pick<PushReport, 'uploaded' | 'mounted' | 'present' | 'sentBytes'> {
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  const count = (digests: readonly Digest[]): BlobCount => ({
    blobs: digests.length,
    bytes: digests.reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0),
  });
  return { uploaded: count(uploaded), mounted: count(mounted), present: count(present), sentBytes };
}
