import { FetchFailure } from '../../fetch/failure.ts';
import type { RemoteFile, RemoteFiles } from '../../fetch/remote.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import { fullName, parseTagName, type Reference, type Repository, withTag } from '../../model/reference.ts';
import { parseManifest } from '../../output/image-json.ts';
import { type BlobId, blobFile } from '../../registry/blobs.ts';
import { getManifest } from '../../registry/manifests.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { type Generation, parseGeneration } from './mirror-generation.ts';
import { isOciUrl, parseOciUrl } from './oci-url.ts';
import { signatureTag } from './stored-package.ts';

/** Files of mirrors in registries, by their URLs (oci-url.ts). */
export interface OciFiles extends RemoteFiles {
  /**
   * Reads a generation, once for all callers.
   * @throws AppError NOT_FOUND, AUTH, NETWORK, INTEGRITY, CONFLICT (another artifact)
   */
  generation(reference: Reference): Promise<Generation>;
}

/** Access to registries. */
export interface OciAccess {
  /** Called at the first URL */
  session(): Promise<RegistrySession>;
  /** Tells whether indexes of the mirror are known: then a registry that does not answer is not asked again. */
  isKnown(reference: Reference): boolean;
}

/** Opens the files of mirrors in registries, for the fetcher. */
export function ociFiles({ session, isKnown }: OciAccess): OciFiles {
  const generations = new Map<string, Promise<Generation>>();
  const generation = (reference: Reference): Promise<Generation> => {
    const name = fullName(reference);
    const ask = async () => {
      const open = await session();
      return readGeneration(isKnown(reference) ? open.withRetries(1) : open, reference);
    };
    const asked = generations.get(name) ?? ask();
    generations.set(name, asked);
    return asked;
  };
  return {
    serves: isOciUrl,
    generation,
    async find(url) {
      try {
        const { reference, path, artifact } = parseOciUrl(url);
        if (artifact !== '') {
          const open = await session();
          const tag = parseTagName(artifact);
          const held = path.endsWith('.sig') ? signatureTag(tag) : tag;
          return fileOf(open, reference, await onlyLayer(open, withTag(reference, held)));
        }
        const file = (await generation(reference)).files.find((known) => known.path === path);
        if (file !== undefined) return fileOf(await session(), reference, file);
        throw new FetchFailure('NOT_FOUND', 'no such file in this mirror', { retry: 'no' });
      } catch (error) {
        throw asFailure(error);
      }
    },
  };
}

/** Reads a mirror's generation. @throws AppError as OciFiles.generation */
export async function readGeneration(session: RegistrySession, reference: Reference): Promise<Generation> {
  const document = await getManifest(session, reference).catch((error: unknown) => {
    if (!isAppError(error, 'NOT_FOUND')) throw error;
    throw new AppError('NOT_FOUND', `${fullName(reference)}: no such mirror`, {
      hint: `List the mirror's releases: compose mirror ls ${nameWithoutTag(reference)}`,
      cause: error,
      details: error.details,
    });
  });
  return parseGeneration(document, fullName(reference));
}

const nameWithoutTag = ({ domain, path }: Repository): string => fullName({ domain, path });

/** Returns the blob of an artifact that has one. */
async function onlyLayer(session: RegistrySession, reference: Reference): Promise<BlobId> {
  const { bytes } = await getManifest(session, reference).catch((error: unknown) => {
    if (!isAppError(error, 'NOT_FOUND')) throw error;
    const hint = `Add the package, of which the mirror has only the index entry: compose mirror add … PKG --to ${nameWithoutTag(reference)}`;
    throw new FetchFailure('NOT_FOUND', 'not in this mirror', { retry: 'no', hint, cause: error });
  });
  const { layers } = parseManifest(bytes, fullName(reference));
  const [layer] = layers;
  if (layer !== undefined && layers.length === 1) return layer;
  throw new FetchFailure('INTEGRITY', `expected an artifact of one file, got ${layers.length}`, {
    retry: 'no',
  });
}

function fileOf(session: RegistrySession, mirror: Repository, blob: BlobId): RemoteFile {
  const file = blobFile(session, mirror, blob);
  return {
    ...file,
    async *read(prefix) {
      try {
        yield* file.read(prefix);
      } catch (error) {
        throw asFailure(error);
      }
    },
  };
}

/** The session has already tried again; damaged bytes may come from a cache on the way. */
function asFailure(error: unknown): unknown {
  if (!isAppError(error) || error.code === 'CANCELLED' || error.code === 'USAGE') return error;
  const { code, message, hint } = error;
  return new FetchFailure(code, message, {
    retry: code === 'INTEGRITY' ? 'later' : 'no',
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
