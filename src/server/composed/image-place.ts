import type { ContentDigest } from '../../model/content-digest.ts';
import { type Digest, isDigest } from '../../model/digest.ts';
import type { Progress } from '../../model/progress.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Asker, Maybe, ServedBlob, ServedManifest } from '../content.ts';
import type { StoredContent } from '../registry/stored-content.ts';
import type { MissingBlob, MissingBlobs } from './blobs.ts';
import { ImageRecords, type NewRecord } from './records.ts';

/** Where composed images are: in the cache of one machine (cachedImages), or in a registry behind (behind/). */
export interface ImagePlace {
  /** Returns the image of a tag, if it was composed from the same. */
  tagged(repository: string, tag: string, identity: string): ServedManifest | undefined;
  /** Returns the image that a tag had last. */
  last(repository: string, tag: string): Maybe<ServedManifest>;
  manifest(repository: string, digest: ContentDigest): Maybe<ServedManifest>;
  blob(repository: string, digest: ContentDigest): Maybe<ServedBlob>;
  /** Tells whether an image of the repository has the blob, wherever its bytes are, and returns its size. */
  blobSize(repository: string, digest: ContentDigest): number | undefined;
  /** Finds a package that `blob` did not find; undefined: it has to be made again. */
  package(missing: MissingBlob, asker: Asker): Maybe<ServedBlob>;
  /** Tags that images have had */
  tags(repository: string, asker: Asker): Maybe<readonly string[]>;
  /** Takes an image. Resolves when it may be told of. @param sources of its packages */
  put(record: NewRecord, sources: readonly SourceOptions[], asker: Asker): Promise<void>;
  /** Waits until what was taken has been written down. */
  close(): Promise<void>;
}

/** More tags than a repository of packages gets. */
const MAX_LISTED = 10_000;

/** Images in the cache, with their manifests and names in registry.sqlite. */
export function cachedImages({
  stored,
  blobs,
  progress,
}: {
  readonly stored: StoredContent;
  readonly blobs: MissingBlobs;
  readonly progress: Progress;
}): ImagePlace {
  const records = new ImageRecords(stored);
  const { store } = stored;
  const file = (digest: Digest, sizeBytes: number): ServedBlob | undefined =>
    store.has(digest, sizeBytes) ? { kind: 'file', path: store.pathOf(digest), sizeBytes } : undefined;
  return {
    tagged: (repository, tag, identity) => records.tagged(repository, tag, identity),
    last: (repository, tag) => records.last(repository, tag),
    manifest: (repository, digest) => records.manifest(repository, digest),
    blob(repository, digest) {
      const sizeBytes = records.blobSize(repository, digest);
      return sizeBytes === undefined || !isDigest(digest) ? undefined : file(digest as Digest, sizeBytes);
    },
    blobSize: (repository, digest) => records.blobSize(repository, digest),
    package: (missing, asker) => blobs.find(missing, asker),
    tags: (repository, asker) => stored.tags(repository, asker, { last: '', count: MAX_LISTED }),
    async put(record) {
      // It is in memory at once.
      records.put(record).catch((error: Error) => progress.note(`${record.repository}: ${error.message}`));
    },
    close: () => records.close(),
  };
}

/** Returns what was found, or else what `otherwise` finds; at once if both are there at once. */
export function orElse<T, Other>(
  found: Maybe<T>,
  otherwise: () => Other | Promise<Other>,
): T | Other | Promise<T | Other> {
  if (!(found instanceof Promise)) return found ?? otherwise();
  return found.then((value): T | Other | Promise<Other> => value ?? otherwise());
}
