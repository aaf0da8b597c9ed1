import type { RemoteFiles } from '../../fetch/remote.ts';
import { streamFile } from '../../fetch/stream.ts';
import { isAppError } from '../../model/app-error.ts';
import type { Progress } from '../../model/progress.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { ServedPackage } from '../../model/served-mirror.ts';
import type { FileBlobStore } from '../../store/blob-store.ts';
import type { ArrivingFile, SharedDownloads } from '../../store/shared-downloads.ts';
import type { ServedBlob } from '../content.ts';
import type { Exchange } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { ownAsker } from '../workers/own-asker.ts';
import type { Pool } from '../workers/pool.ts';
import { blobOfArriving, WHOLE_BYTES } from './arriving.ts';
import type { MirrorRepository } from './mirror-state.ts';

/** For how long a mirror is not asked again for a package whose bytes were refused. */
const REFUSED_MS = 60_000;
const MAX_REFUSED = 1_000;
/** Packages whose places in the cache are remembered. */
const MAX_REMEMBERED = 20_000;

/** Services of mirror packages. */
export interface PackageServices {
  readonly pool: Pick<Pool, 'run'>;
  readonly store: FileBlobStore;
  readonly downloads: SharedDownloads;
  readonly progress: Progress;
  /** Ends with the server */
  readonly signal: AbortSignal;
  /** Files of mirrors in registries that the source names */
  remoteFiles(source: SourceOptions): Promise<RemoteFiles>;
}

/** A package as it is sent. */
export type SentPackage =
  | {
      readonly kind: 'blob';
      readonly blob: ServedBlob;
      /** With its quotes; undefined: not known before all of it has arrived */
      readonly etag: string | undefined;
      readonly lastModified: string;
    }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

type Cached = Extract<ServedPackage, { kind: 'cached' }>;
type Remote = Extract<ServedPackage, { kind: 'remote' }>;

/** Packages of mirrors, fetched when they are asked for: once, verified against the index, and kept in the cache. */
export class MirrorPackages {
  readonly #services: PackageServices;
  readonly #failed: (source: SourceOptions) => void;
  readonly #refused = new Map<string, number>();
  /** By index and file name: asked for again and again by many machines */
  readonly #remembered = new Map<string, Cached>();

  /** @param failed called when a package could not be fetched as the index describes it */
  constructor(services: PackageServices, failed: (source: SourceOptions) => void) {
    this.#services = services;
    this.#failed = failed;
  }

  /** @throws HttpError 404, 502; what the use cases throw */
  async get(exchange: Exchange, repository: MirrorRepository, fileName: string): Promise<SentPackage> {
    const { pool } = this.#services;
    const { source, rank, index } = repository;
    const key = `${index.digest} ${fileName}`;
    const known = this.#known(key);
    if (known !== undefined) return this.#cached(known);
    const found = await pool.run('servedPackage', { source, rank, fileName, fetch: false }, exchange);
    if (found.kind === 'bytes') return found;
    if (found.kind === 'cached') {
      this.#remember(key, found);
      return this.#cached(found);
    }
    if (found.kind === 'unknown') throw new HttpError(404, 'NOT_FOUND', found.message);
    if (found.urls.length === 0) {
      const request = { source, rank, fileName, fetch: true };
      return this.#cached(await pool.run('servedPackage', request, this.#ownAsker));
    }
    // It may have arrived for somebody else in the meantime.
    const arrived = this.#known(key);
    return arrived === undefined
      ? this.#remote(exchange, found, { repository, fileName, key })
      : this.#cached(arrived);
  }

  #known(key: string): Cached | undefined {
    const known = this.#remembered.get(key);
    return known !== undefined && this.#services.store.has(known.digest, known.sizeBytes) ? known : undefined;
  }

  #remember(key: string, found: Cached): void {
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, found);
  }

  /** Downloads go on when the client who asked first has left. */
  get #ownAsker() {
    return ownAsker(this.#services.signal);
  }

  #cached(found: ServedPackage): SentPackage {
    if (found.kind !== 'cached')
      throw new HttpError(502, 'UNAVAILABLE', 'the index has changed meanwhile; try again');
    const etag = `"${found.digest}"`;
    return { kind: 'blob', blob: this.#file(found), etag, lastModified: found.lastModified };
  }

  #file({ digest, sizeBytes }: Cached): ServedBlob {
    return { kind: 'file', path: this.#services.store.pathOf(digest), sizeBytes };
  }

  async #remote(exchange: Exchange, found: Remote, wanted: Wanted): Promise<SentPackage> {
    const { lastModified, sizeBytes } = found;
    if (exchange.method === 'HEAD') {
      const blob: ServedBlob = { kind: 'stream', sizeBytes, open: () => noBytes() };
      return { kind: 'blob', blob, etag: undefined, lastModified };
    }
    for (;;) {
      const urls = found.urls.filter((url) => (this.#refused.get(url) ?? 0) < Date.now());
      if (urls.length === 0) throw refusedByAll(wanted.fileName);
      try {
        const arriving = this.#download(found, urls, wanted);
        const file = (result: ServedPackage) => this.#file(result as Cached);
        const blob = await blobOfArriving(exchange, arriving, file);
        return { kind: 'blob', blob, etag: undefined, lastModified };
      } catch (error) {
        // Nothing has been sent of a small file, so that the next mirror can be tried.
        if (!isRefusal(error) || sizeBytes > WHOLE_BYTES) throw error;
      }
    }
  }

  #download(found: Remote, urls: readonly string[], wanted: Wanted): ArrivingFile<ServedPackage> {
    const { downloads, pool, progress } = this.#services;
    const { repository, fileName, key } = wanted;
    const { source, rank, folders } = repository;
    let used: readonly string[] = [];
    const arriving = downloads.get<ServedPackage>({
      key: `mirror ${source.distro} ${folders.join(' ')} ${fileName}`,
      sizeBytes: found.sizeBytes,
      fetch: async (write, signal) => {
        const remote = await this.#services.remoteFiles(source);
        const options = { sizeBytes: found.sizeBytes, signal, progress, remote };
        used = await streamFile(urls, write, options);
      },
      accept: async (path) => {
        try {
          const request = { source, rank, fileName, path, urls: used };
          return this.#accepted(key, await pool.run('ingestServed', request, this.#ownAsker));
        } catch (error) {
          if (isRefusal(error)) this.#refuse(used);
          throw error;
        }
      },
    });
    arriving.accepted.catch(() => this.#failed(source));
    return arriving;
  }

  #accepted(key: string, result: ServedPackage): ServedPackage {
    if (result.kind === 'cached') {
      this.#remember(key, result);
      return result;
    }
    throw new HttpError(502, 'UNAVAILABLE', 'the index has changed meanwhile; try again');
  }

  #refuse(urls: readonly string[]): void {
    if (this.#refused.size + urls.length > MAX_REFUSED) this.#refused.clear();
    for (const url of urls) this.#refused.set(url, Date.now() + REFUSED_MS);
  }
}

interface Wanted {
  readonly repository: MirrorRepository;
  readonly fileName: string;
  /** Of what is remembered */
  readonly key: string;
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** The bytes are not those of the index. */
function isRefusal(error: unknown): boolean {
  return (['INTEGRITY', 'SIGNATURE', 'UNTRUSTED_KEY', 'BAD_ARCHIVE', 'UNSUPPORTED', 'LIMIT'] as const).some(
    (code) => isAppError(error, code),
  );
}

function refusedByAll(fileName: string): HttpError {
  const text = `${fileName}: no mirror has the package that the index describes; try again in a minute`;
  return new HttpError(502, 'UNAVAILABLE', text, { headers: { 'retry-after': String(REFUSED_MS / 1000) } });
}
