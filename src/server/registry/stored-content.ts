import { RegistryContent } from '../../catalog/registry-content.ts';
import { registryPath } from '../../catalog/registry-database.ts';
import type { ContentDigest } from '../../model/content-digest.ts';
import { FileBlobStore } from '../../store/blob-store.ts';
import type {
  Asker,
  ManifestReference,
  Origin,
  Referrer,
  ServedBlob,
  ServedManifest,
  TagPage,
} from '../content.ts';
import { Uploads } from './uploads.ts';
import { WriterThread } from './writer-thread.ts';

/** Uses are noted at most this often, for garbage collection, which waits for a day. */
const USE_INTERVAL_MS = 60 * 60 * 1000;
const MAX_NOTED = 10_000;

/** What was pushed, and what was composed and recorded: manifests and names in registry.sqlite, blobs in the blob store. */
export class StoredContent implements Origin {
  readonly store: FileBlobStore;
  readonly content: RegistryContent;
  readonly writer: WriterThread;
  readonly uploads = new Uploads(this);
  /** When uses were noted last */
  readonly #noted = new Map<string, number>();

  /** Opens or makes the database in a cache folder. @throws AppError CATALOG, STORAGE */
  constructor(directory: string) {
    this.store = new FileBlobStore(directory);
    this.content = new RegistryContent(registryPath(directory));
    this.writer = new WriterThread(directory);
  }

  manifest(repository: string, reference: ManifestReference): ServedManifest | undefined {
    return 'tag' in reference
      ? this.content.manifestByTag(repository, reference.tag)
      : this.content.manifestByDigest(repository, reference.digest);
  }

  blob(repository: string, digest: ContentDigest): ServedBlob | undefined {
    const linked = this.content.blob(repository, digest);
    // A file may be missing: of a composed image until it is asked for, and of a pushed one after `cache verify --repair`.
    if (linked === undefined || !this.store.has(linked.stored, linked.sizeBytes)) return undefined;
    return { kind: 'file', path: this.store.pathOf(linked.stored), sizeBytes: linked.sizeBytes };
  }

  tags(repository: string, _: Asker, page: TagPage): readonly string[] | undefined {
    const tags = this.content.tags(repository, page);
    return tags.length === 0 ? undefined : tags;
  }

  referrers(repository: string, digest: ContentDigest): readonly Referrer[] {
    return this.content.referrers(repository, digest).map((text) => JSON.parse(text) as Referrer);
  }

  /** Notes that a client that pushes has been told that a blob is here, so that it stays until the manifest comes. */
  async useBlob(repository: string, digest: ContentDigest): Promise<void> {
    const linked = this.content.blob(repository, digest);
    if (linked === undefined || Date.now() - linked.usedAtMs < USE_INTERVAL_MS) return;
    await this.writer.run('useBlob', { repository, digest });
  }

  /** Notes that a client pulls a manifest, for the retention of composed images; nobody waits for that. */
  noteUse(repository: string, digest: ContentDigest): void {
    const key = `${repository}@${digest}`;
    const nowMs = Date.now();
    if (nowMs - (this.#noted.get(key) ?? 0) < USE_INTERVAL_MS) return;
    const usedAtMs = this.content.manifestUsedAt(repository, digest);
    if (usedAtMs === undefined) return;
    this.#noted.delete(key);
    this.#noted.set(key, nowMs);
    const [oldest = ''] = this.#noted.keys();
    if (this.#noted.size > MAX_NOTED) this.#noted.delete(oldest);
    if (nowMs - usedAtMs < USE_INTERVAL_MS) return;
    this.writer.run('useManifest', { repository, digest }).catch(() => this.#noted.delete(key));
  }

  async close(): Promise<void> {
    await this.writer.close();
    this.content.close();
  }
}
