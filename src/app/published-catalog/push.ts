import type { CatalogPushReport } from '../../model/catalog-report.ts';
import { oneChunk } from '../../model/one-chunk.ts';
import { parseReference } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import type { Context } from '../context.ts';
import { pushContents } from '../images/push-contents.ts';
import { withRegistries } from '../registries/sessions.ts';
import { catalogManifest } from './artifact.ts';
import { writeChunks } from './write-chunks.ts';

/** Request of `catalog push`. */
export interface CatalogPushRequest {
  readonly reference: string;
  readonly access: RegistryAccess;
}

/**
 * Publishes the catalog: repositories and their packages, facts of archives, the list of derived blobs, and the distributions'
 * keys. Repositories on this machine, and those whose URLs have passwords, are left out.
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
            ? oneChunk(configBytes.subarray(start))
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
