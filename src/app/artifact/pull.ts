import { mapConcurrent } from '../../fetch/pool.ts';
import { AppError } from '../../model/app-error.ts';
import type { ArtifactPullReport, PulledFile } from '../../model/artifact-report.ts';
import { fullName, parseReference } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import { STDOUT } from '../../output/output-target.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { type RegistryContext, withRegistries } from '../registries/sessions.ts';
import { chooseFiles, type FoundArtifact, openArtifact } from './open-artifact.ts';
import { type Place, pathOf, placesOf, prepareFolders } from './place.ts';
import { saveBlob } from './save-blob.ts';
import { unpackBlob } from './unpack.ts';

/** More transfers at a time are not faster. */
const PARALLEL = 4;

/** Request of `artifact pull`. */
export interface ArtifactPullRequest {
  readonly reference: string;
  /** Titles of the files to save; empty: all */
  readonly titles: readonly string[];
  /** Folder to save to; with a single title also the file or folder that it becomes */
  readonly output: string;
  /** Platform to choose from an index; empty: the only artifact */
  readonly platform: string;
  /** False: archives of folders are saved as they are */
  readonly unpack: boolean;
  readonly keepOldFiles: boolean;
  readonly access: RegistryAccess;
}

/**
 * Saves an artifact's files, each complete and checked or not at all.
 * @throws AppError USAGE (standard output), NOT_FOUND, BAD_ARCHIVE (titles and archives that lead elsewhere), CONFLICT, LIMIT, STORAGE; the registry's
 * errors
 */
export async function pullArtifact(
  context: RegistryContext,
  request: ArtifactPullRequest,
): Promise<ArtifactPullReport> {
  if (request.output === STDOUT) {
    throw new AppError(
      'USAGE',
      '-o -: an artifact is saved as a folder, which cannot be written to standard output',
      {
        hint: 'Write one of its files instead: compose artifact fetch oras://REF/FILE -o -',
      },
    );
  }
  const reference = parseReference(request.reference);
  return withRegistries(context, request, async (session) => {
    const artifact = await openArtifact(session, reference, request.platform);
    const places = placesOf(chooseFiles(artifact, request.titles), {
      ...request,
      single: request.titles.length === 1,
      fallbackName: reference.path.replace(/^.*\//, ''),
    });
    const end = new AbortController();
    const files = await mapConcurrent(places, PARALLEL, async (place) => {
      try {
        return await saveFile(context, session.under(end.signal), { place, artifact, request });
      } catch (error) {
        end.abort();
        throw error;
      }
    });
    return {
      reference: fullName(artifact.reference),
      digest: artifact.digest,
      artifactType: artifact.artifactType,
      files,
      unnamed: artifact.unnamed.map(({ digest }) => digest),
    };
  });
}

async function saveFile(
  { progress }: RegistryContext,
  session: RegistrySession,
  job: { readonly place: Place; readonly artifact: FoundArtifact; readonly request: ArtifactPullRequest },
): Promise<PulledFile> {
  const { place, artifact, request } = job;
  const { descriptor, title } = place.file;
  const path = pathOf(place);
  prepareFolders(place);
  const { keepOldFiles } = request;
  const options = { blob: descriptor, path, progress, keepOldFiles };
  const state = place.unpacks
    ? await unpackBlob(session, artifact.reference, { ...options, file: place.file })
    : (await saveBlob(session, artifact.reference, options)).state;
  return { title, path, digest: descriptor.digest, sizeBytes: descriptor.size, state };
}
