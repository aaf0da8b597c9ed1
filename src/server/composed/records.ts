import type { ContentDigest } from '../../model/content-digest.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import type { ServedManifest } from '../content.ts';
import type { StoredContent } from '../registry/stored-content.ts';
import type { ComposedImage } from './image-index.ts';

/** An image to remember. */
export interface NewRecord {
  readonly repository: string;
  /** Tags under which it may be asked for */
  readonly tags: readonly string[];
  /** What it was composed from (identityOf of composer.ts) */
  readonly identity: string;
  readonly image: ComposedImage;
}

/** Tags that are kept in memory: about 2 KB each. */
const MAX_TAGS = 5_000;

interface KnownTag {
  readonly identity: string;
  readonly index: ServedManifest;
}

/** Images that were composed: the latest in memory, all of them with what was pushed. */
export class ImageRecords {
  readonly #stored: StoredContent;
  readonly #tags = new Map<string, KnownTag>();
  /** Manifests, and sizes of blobs, that are being written down */
  readonly #fresh = new Map<string, ServedManifest | number>();

  readonly #writing = new Set<Promise<void>>();

  constructor(stored: StoredContent) {
    this.#stored = stored;
  }

  /** Returns the image of a tag if it was composed from the same. */
  tagged(repository: string, tag: string, identity: string): ServedManifest | undefined {
    const key = `${repository}:${tag}`;
    const known = this.#tags.get(key) ?? this.#read(repository, tag);
    if (known?.identity !== identity) return undefined;
    this.#keep(key, known);
    return known.index;
  }

  /** Returns the image that a tag had last. */
  last(repository: string, tag: string): ServedManifest | undefined {
    return this.#tags.get(`${repository}:${tag}`)?.index ?? this.#stored.manifest(repository, { tag });
  }

  manifest(repository: string, digest: ContentDigest): ServedManifest | undefined {
    const fresh = this.#fresh.get(`${repository}@${digest}`);
    return typeof fresh === 'object' ? fresh : this.#stored.manifest(repository, { digest });
  }

  /** Tells whether an image of the repository has the blob, wherever its bytes are, and returns its size. */
  blobSize(repository: string, digest: ContentDigest): number | undefined {
    const fresh = this.#fresh.get(`${repository}@${digest}`);
    return typeof fresh === 'number' ? fresh : this.#stored.content.blob(repository, digest)?.sizeBytes;
  }

  /** Remembers an image: at once in memory, then in the database. @throws AppError STORAGE, CATALOG */
  put(record: NewRecord): Promise<void> {
    const writing = this.#put(record).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    return writing;
  }

  /** Waits until everything is in the database. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#writing);
  }

  async #put({ repository, tags, identity, image }: NewRecord): Promise<void> {
    const { index, images } = image;
    // Clients who ask for the same at the same time have it composed once.
    if (tags.every((tag) => this.#tags.get(`${repository}:${tag}`)?.identity === identity)) return;
    for (const tag of tags) this.#keep(`${repository}:${tag}`, { identity, index });
    const manifests = images.map(({ descriptor, manifest }) => ({
      mediaType: MEDIA_TYPES.manifest,
      digest: descriptor.digest,
      bytes: manifest,
    }));
    const all: readonly ServedManifest[] = [...manifests, index];
    const fresh = new Map<string, ServedManifest | number>(
      all.map((manifest) => [manifest.digest, manifest]),
    );
    for (const { config, layers } of images)
      for (const { digest, size } of [config, ...layers]) fresh.set(digest, size);
    for (const [digest, value] of fresh) this.#fresh.set(`${repository}@${digest}`, value);
    const plain = { repository, identity, subject: '', referrer: '' };
    const { writer } = this.#stored;
    try {
      await Promise.all([
        ...images.map(({ config, layers }, at) =>
          writer.run('recordComposed', {
            ...plain,
            ...(manifests[at] as ServedManifest),
            tags: [],
            blobs: [config, ...layers].map(({ digest, size }) => ({ digest, sizeBytes: size })),
            manifests: [],
          }),
        ),
        writer.run('recordComposed', {
          ...plain,
          ...index,
          tags,
          blobs: [],
          manifests: manifests.map(({ digest }) => digest),
        }),
      ]);
    } finally {
      for (const digest of fresh.keys()) this.#fresh.delete(`${repository}@${digest}`);
    }
  }

  #keep(key: string, known: KnownTag): void {
    this.#tags.delete(key);
    this.#tags.set(key, known);
    const [oldest] = this.#tags.keys();
    if (this.#tags.size > MAX_TAGS && oldest !== undefined) this.#tags.delete(oldest);
  }

  #read(repository: string, tag: string): KnownTag | undefined {
    const found = this.#stored.content.composedTag(repository, tag);
    return found && { identity: found.identity, index: found };
  }
}
