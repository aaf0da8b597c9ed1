import { streamFile } from '../../fetch/stream.ts';
import { isLocal } from '../../fetch/url.ts';
import type { Digest } from '../../model/digest.ts';
import type { Progress } from '../../model/progress.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { FileBlobStore } from '../../store/blob-store.ts';
import type { SharedDownloads } from '../../store/shared-downloads.ts';
import type { Asker, ServedBlob } from '../content.ts';
import { ownAsker } from '../workers/own-asker.ts';
import type { Pool } from '../workers/pool.ts';

/** What missing blobs are fetched with. */
export interface MissingBlobOptions {
  readonly pool: Pool;
  readonly store: FileBlobStore;
  readonly downloads: SharedDownloads;
  readonly progress: Progress;
  /** Ends with the server */
  readonly signal: AbortSignal;
}

/** A blob that is not in the cache. */
export interface MissingBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly sources: readonly SourceOptions[];
}

/** Blobs of composed images that are not in the cache: packages whose facts sufficed, and what garbage collection removed. */
export class MissingBlobs {
  readonly #options: MissingBlobOptions;

  constructor(options: MissingBlobOptions) {
    this.#options = options;
  }

  /**
   * Finds a package of an image.
   * @param sources that list it
   * @returns undefined if none does, or if the blob is no package: it has to be made again
   * @throws as Pool.run
   */
  async find({ sizeBytes, ...request }: MissingBlob, asker: Asker): Promise<ServedBlob | undefined> {
    const { pool, store } = this.#options;
    const { digest } = request;
    const places = await pool.run('archivePlaces', request, asker);
    // It may have arrived for somebody else in the meantime.
    if (store.has(digest, sizeBytes)) return { kind: 'file', path: store.pathOf(digest), sizeBytes };
    if (places === undefined) return undefined;
    if (places.urls.every(isPlain)) return this.#arriving(digest, places);
    await pool.run('fetchArchiveOf', request, asker);
    return { kind: 'file', path: store.pathOf(digest), sizeBytes };
  }

  #arriving(
    digest: Digest,
    { urls, sizeBytes }: { readonly urls: readonly string[]; readonly sizeBytes: number },
  ): ServedBlob {
    const { downloads, pool, progress, signal } = this.#options;
    // It goes on when the clients have left.
    const asker = ownAsker(signal);
    const arriving = downloads.get<void>({
      key: digest,
      sizeBytes,
      fetch: async (write, ending) =>
        void (await streamFile(urls, write, { sizeBytes, signal: ending, progress })),
      accept: (path) => pool.run('takeBlob', { path, digest, sizeBytes }, asker),
    });
    return { kind: 'stream', sizeBytes, open: (start, reading) => arriving.read(start, reading) };
  }
}

/** Files of registries are read through sessions with them, which threads have. */
function isPlain(url: string): boolean {
  return isLocal(url) || /^https?:/i.test(url);
}
