import { distroOf, familyIds } from '../../distros/families.ts';
import { hadSecrets, isLocal, redactUrl } from '../../fetch/url.ts';
import type { CatalogPushReport } from '../../model/catalog-report.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { parseReference } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import { onePiece } from '../../registry/bodies.ts';
import type { Context } from '../context.ts';
import { pushContents } from '../images/push-contents.ts';
import { withRegistries } from '../registry-access.ts';
import { sourceOptions } from '../settings/settings.ts';
import { Trust } from '../sources/trust.ts';
import { archiveLine } from './archive-record.ts';
import { type CatalogConfig, CHUNK_TYPE, catalogManifest, type Section } from './artifact.ts';
import { chunked, type Line } from './chunks.ts';
import { packageLine, type RepositoryRecord } from './records.ts';

/** Facts of an archive have some 4 KB, compressed; a chunk should be worth its request and small beside a package. */
const ARCHIVES_PER_CHUNK = 32;
/** A package of an index has some 150 bytes. */
const PACKAGES_PER_CHUNK = 512;
const OTHERS_PER_CHUNK = 1024;

export interface CatalogPushRequest {
  readonly reference: string;
  readonly access: RegistryAccess;
}

/**
 * Publishes what the catalog knows: repositories and their packages, facts of archives, which derived blobs there are, and
 * the distributions' keys. Repositories of this machine, and those whose URLs have passwords, stay here.
 * @throws AppError as pushContents
 */
export async function pushCatalog(context: Context, request: CatalogPushRequest): Promise<CatalogPushReport> {
  const to = parseReference(request.reference);
  const { what, chunks } = await writeChunks(context);
  const { root, config, configBytes } = catalogManifest(what, chunks);
  return withRegistries(context, request, async (session) => {
    const pushed = await pushContents(session, {
      contents: {
        root,
        documents: [root],
        blobs: [...new Map([...chunks, config].map((blob) => [blob.digest, blob])).values()],
        blob: ({ digest, size }, start) =>
          digest === config.digest
            ? onePiece(configBytes.subarray(start))
            : context.store.read({ digest, size }, start),
        damaged: (blob, got) => context.store.damaged(blob, got),
      },
      to,
      progress: context.progress,
      mountFrom: () => undefined,
    });
    return {
      pushed,
      repositories: what.repositories.length,
      packages: what.repositories.reduce((sum, { packages }) => sum + packages.records, 0),
      archives: what.archives.records,
    };
  });
}

/** All chunks, in the cache, in the order that artifact.ts says. */
async function writeChunks(
  context: Context,
): Promise<{ readonly what: Omit<CatalogConfig, 'formatVersion'>; readonly chunks: readonly Descriptor[] }> {
  const { catalog } = context;
  const chunks: Descriptor[] = [];
  const write = async (lines: Iterable<Line>, perChunk: number): Promise<Section> => {
    let records = 0;
    const before = chunks.length;
    function* counted(): Generator<Line> {
      for (const line of lines) {
        records += 1;
        yield line;
      }
    }
    for await (const bytes of chunked(counted(), perChunk)) {
      const { digest, sizeBytes } = await context.store.put(bytes);
      chunks.push({ mediaType: CHUNK_TYPE, digest, size: sizeBytes });
    }
    return { records, chunks: chunks.length - before };
  };
  // One state of the catalog, whatever other processes write meanwhile.
  const release = catalog.hold();
  try {
    const repositories: (RepositoryRecord & { packages: Section })[] = [];
    for (const { id, ...repository } of published(context)) {
      repositories.push({
        ...repository,
        packages: await write(packageLines(context, id), PACKAGES_PER_CHUNK),
      });
    }
    const archives = await write(archiveLines(context), ARCHIVES_PER_CHUNK);
    const derived = await write(derivedLines(context), OTHERS_PER_CHUNK);
    const keys = await write(await keyLines(context), OTHERS_PER_CHUNK);
    return { what: { repositories, archives, derived, keys }, chunks };
  } finally {
    release();
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

function* packageLines({ catalog }: Context, repositoryId: number): Generator<Line> {
  for (const entry of catalog.packages.of(repositoryId)) yield { key: entry.name, text: packageLine(entry) };
}

function* archiveLines({ catalog }: Context): Generator<Line> {
  for (const digest of catalog.archives.accepted()) {
    const stored = catalog.archives.get(digest);
    if (stored?.trust === undefined) continue;
    yield { key: digest, text: archiveLine({ facts: stored.facts, trust: stored.trust.fingerprint }) };
  }
}

function* derivedLines({ catalog }: Context): Generator<Line> {
  for (const derived of catalog.derived.all()) yield { key: derived.key, text: JSON.stringify(derived) };
}

async function keyLines(context: Context): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const id of familyIds()) {
    const trust = new Trust(context, await distroOf(id), sourceOptions({ distro: id }));
    for (const { name, bytes } of trust.cachedKeys()) {
      const content = Buffer.from(bytes).toString('base64');
      lines.push({ key: `${id}/${name}`, text: JSON.stringify({ distro: id, name, content }) });
    }
  }
  return lines;
}
