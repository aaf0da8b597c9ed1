import type { PublishedChunk } from '../../catalog/published-chunks.ts';
import { distroOf, familyIds } from '../../distros/families.ts';
import { hadSecrets, isLocal, redactUrl } from '../../fetch/url.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Context } from '../context.ts';
import { sourceOptions } from '../settings/settings.ts';
import { Trust } from '../sources/trust.ts';
import { archiveLine } from './archive-record.ts';
import { type CatalogConfig, CHUNK_TYPE, FORMAT_VERSION, type Section } from './artifact.ts';
import { type Chunk, chunked, type Line } from './chunks.ts';
import { packageLine, type RepositoryRecord } from './records.ts';

/** The facts of an archive are about 4 KB, compressed; a chunk should be worth its request and small compared with a package. */
const ARCHIVES_PER_CHUNK = 32;
/** A package of an index is about 150 bytes, compressed. */
const PACKAGES_PER_CHUNK = 512;
const OTHERS_PER_CHUNK = 1024;

/** The catalog in published form; its chunks are in the cache, in the order that artifact.ts gives. */
interface WrittenCatalog {
  readonly what: Omit<CatalogConfig, 'formatVersion'>;
  readonly chunks: readonly Descriptor[];
}

/**
 * Writes the catalog's records as chunks into the cache. A chunk that was written before and whose records are the same is not
 * made again.
 */
export async function writeChunks(context: Context): Promise<WrittenCatalog> {
  const { catalog } = context;
  const writer = new ChunkWriter(context);
  // Reads one state of the catalog, whatever other processes write meanwhile.
  const release = catalog.hold();
  try {
    const repositories: (RepositoryRecord & { packages: Section })[] = [];
    for (const { id, ...repository } of published(context)) {
      repositories.push({
        ...repository,
        packages: await writer.write(packageLines(context, id), PACKAGES_PER_CHUNK),
      });
    }
    const archives = await writer.write(archiveLines(context), ARCHIVES_PER_CHUNK);
    const derived = await writer.write(derivedLines(context), OTHERS_PER_CHUNK);
    const keys = await writer.write(await keyLines(context), OTHERS_PER_CHUNK);
    return { what: { repositories, archives, derived, keys }, chunks: writer.chunks };
  } finally {
    release();
    writer.remember();
  }
}

class ChunkWriter {
  readonly chunks: Descriptor[] = [];
  readonly #context: Context;
  readonly #known: ReadonlyMap<string, PublishedChunk>;
  readonly #used = new Map<string, PublishedChunk>();

  constructor(context: Context) {
    this.#context = context;
    this.#known = context.catalog.publishedChunks().all();
  }

  async write(lines: Iterable<Line>, perChunk: number): Promise<Section> {
    let records = 0;
    const before = this.chunks.length;
    for (const chunk of chunked(lines, perChunk)) {
      const { digest, size } = await this.#stored(chunk);
      this.chunks.push({ mediaType: CHUNK_TYPE, digest, size });
      records += chunk.records;
    }
    return { records, chunks: this.chunks.length - before };
  }

  async #stored(chunk: Chunk): Promise<PublishedChunk> {
    const { store } = this.#context;
    const source = `${FORMAT_VERSION} ${chunk.source}`;
    const known = this.#known.get(source);
    if (known !== undefined && store.has(known.digest, known.size)) {
      store.touch(known.digest);
      this.#used.set(source, known);
      return known;
    }
    const { digest, sizeBytes: size } = await store.put(await chunk.bytes());
    this.#used.set(source, { digest, size });
    return { digest, size };
  }

  /** Records these chunks for the next time, in place of the earlier ones. */
  remember(): void {
    const isKnown = [...this.#used.keys()].every((source) => this.#known.has(source));
    if (isKnown && this.#used.size === this.#known.size) return;
    this.#context.catalog.transaction(() => this.#context.catalog.publishedChunks().replace(this.#used));
  }
}

function published({ catalog, progress }: Context): readonly (RepositoryRecord & { readonly id: number })[] {
  return catalog.repositories.all().flatMap((row) => {
    const { etag: _, lastModified: __, packageCount: ___, trust, ...rest } = row;
    if (trust === undefined || [row.url, row.base].some(isLocal)) return [];
    if ([row.url, row.base].some(hadSecrets)) {
      progress.note(`${redactUrl(row.base)} not published: its URL has a password or a query`);
      return [];
    }
    return [{ ...rest, trust: trust.fingerprint }];
  });
}

/** Makes a line that costs no more to write than to compare. */
function written(key: string, text: string): Line {
  return { key, source: text, text: () => text };
}

function* packageLines({ catalog }: Context, repositoryId: number): Generator<Line> {
  for (const entry of catalog.packages.of(repositoryId)) yield written(entry.name, packageLine(entry));
}

function* archiveLines({ catalog }: Context): Generator<Line> {
  for (const digest of catalog.archives.accepted()) {
    const stored = catalog.archives.unread(digest);
    if (stored?.trust === undefined) continue;
    const trust = stored.trust.fingerprint;
    yield {
      key: digest,
      source: `${trust}\0${stored.source}`,
      text: () => archiveLine({ facts: stored.read(), trust }),
    };
  }
}

function* derivedLines({ catalog }: Context): Generator<Line> {
  for (const derived of catalog.derived.all()) yield written(derived.key, JSON.stringify(derived));
}

async function keyLines(context: Context): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const id of familyIds()) {
    const trust = new Trust(context, await distroOf(id), sourceOptions({ distro: id }));
    for (const { name, bytes } of trust.cachedKeys()) {
      const content = Buffer.from(bytes).toString('base64');
      lines.push(written(`${id}/${name}`, JSON.stringify({ distro: id, name, content })));
    }
  }
  return lines;
}
