import { AppError, isAppError } from '../../model/app-error.ts';
import { digestOf } from '../../model/digest.ts';
import { oneChunk } from '../../model/one-chunk.ts';
import { fullName, type Reference, type Repository, type Tag, withTag } from '../../model/reference.ts';
import type { BlobSource } from '../../registry/blobs.ts';
import { pushBlobs } from '../../registry/push-blobs.ts';
import { putManifestWhenBlobsVisible } from '../../registry/put-manifest.ts';
import { listTags } from '../../registry/tags.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { EMPTY_CONFIG } from '../package-store/package-store.ts';
import {
  folderOf,
  type Generation,
  generationDocument,
  generationTag,
  identityOfFiles,
  mergeFiles,
  parseGeneration,
  releaseOfTag,
} from '../sources/mirror-generation.ts';
import { readGeneration } from '../sources/oci-files.ts';

/** Number of times that another process's generation may come in between. */
const MAX_ROUNDS = 8;

/** An index file with its bytes. */
export interface IndexFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A generation to publish. */
export interface Publication {
  /** Mirror, with the release as its tag */
  readonly target: Reference & { readonly tag: Tag };
  /** As in Generation */
  readonly distro: string;
  readonly release: string;
  /** The newest generation; undefined: none yet */
  readonly base: Generation | undefined;
  /** Tags that existed when the base was read, or before */
  readonly tags: ReadonlySet<Tag>;
  /** New contents of whole folders */
  readonly files: readonly IndexFile[];
}

/**
 * Adds a generation: the base with new contents of some folders. Generations that others have added in the meantime are merged,
 * so that the release's tag ends up as if one had been published after another: the later process sees the other's permanent tag.
 * @throws AppError as pushBlobs and putManifest; CONFLICT if others come in between every time
 */
export async function publish(
  session: RegistrySession,
  { target, distro, release, base, tags, files }: Publication,
): Promise<{ readonly generation: Generation; readonly sentBytes: number }> {
  const before = base?.files ?? [];
  const fresh = files.map(({ path, bytes }) => ({ path, digest: digestOf(bytes), size: bytes.byteLength }));
  const folders = new Set(fresh.map(folderOf));
  const kept = before.filter((file) => !folders.has(folderOf(file)));
  const blobs = [...files.map(blobOf), EMPTY_CONFIG];
  const pushAll = () => pushBlobs(session, target, { blobs });
  const { sentBytes } = await pushAll();

  const seen = new Set(tags);
  let next = [...kept, ...fresh];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const document = generationDocument({ distro, release, files: next });
    const { digest } = document.descriptor;
    const own = generationTag(target.tag, digest);
    seen.add(own);
    for (const tag of [own, target.tag]) {
      const { mediaType } = document.descriptor;
      await putManifestWhenBlobsVisible(session, withTag(target, tag), {
        mediaType,
        bytes: document.bytes,
        pushBlobs: pushAll,
      });
    }
    const merged = await mergeNew(session, { target, seen, before, next });
    if (identityOfFiles(merged) === identityOfFiles(next)) {
      return { generation: parseGeneration(document, fullName(target)), sentBytes };
    }
    next = [...merged];
  }
  throw new AppError(
    'CONFLICT',
    `${fullName(target)}: this mirror changed during every attempt to update it`,
    {
      hint: 'Try again.',
    },
  );
}

type Files = Generation['files'];

/** Merges into `next` the changes of generations whose tags have appeared since. */
async function mergeNew(
  session: RegistrySession,
  state: { target: Publication['target']; seen: Set<Tag>; before: Files; next: Files },
): Promise<Files> {
  const { target, seen, before } = state;
  let { next } = state;
  for (const tag of await tagsOf(session, target)) {
    if (seen.has(tag) || releaseOfTag(tag) !== target.tag) continue;
    seen.add(tag);
    const theirs = await readGeneration(session, withTag(target, tag));
    next = mergeFiles(before, next, theirs.files);
  }
  return next;
}

/** Lists the tags of a repository; none if the repository does not exist. @throws AppError as listTags */
export async function tagsOf(session: RegistrySession, repository: Repository): Promise<readonly Tag[]> {
  try {
    return await listTags(session, repository);
  } catch (error) {
    if (isAppError(error, 'NOT_FOUND')) return [];
    throw error;
  }
}

function blobOf({ bytes }: IndexFile): BlobSource {
  const open = (offset: number) => oneChunk(bytes.subarray(offset));
  return { digest: digestOf(bytes), size: bytes.byteLength, open };
}
