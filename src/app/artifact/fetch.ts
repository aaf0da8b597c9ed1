import { basename, join } from 'node:path';
import { normalisePath } from '../../archive/tar-paths.ts';
import { AppError } from '../../model/app-error.ts';
import type { ArtifactFetchReport } from '../../model/artifact-report.ts';
import { type Digest, hexOf } from '../../model/digest.ts';
import { fullName, withDigest } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import { type OutputTarget, outputTarget } from '../../output/output-target.ts';
import { outputError } from '../../output/storage-error.ts';
import { blobSize } from '../../registry/blob-size.ts';
import type { BlobId } from '../../registry/blobs.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { type RegistryContext, withRegistries } from '../registries/sessions.ts';
import { type FoundArtifact, noSuchFile, openArtifact } from './open-artifact.ts';
import { isFolder } from './place.ts';
import { saveBlob, streamBlob } from './save-blob.ts';
import { type ArtifactLocation, parseArtifactLocation } from './url.ts';

/** Request of `artifact fetch`. */
export interface ArtifactFetchRequest {
  /** `oras://REG/NAME:TAG/FILE`, `REG/NAME@sha256:…` */
  readonly location: string;
  /** File, or folder for a file of its own name; empty: the working directory */
  readonly output: string;
  /** Platform to choose from an index; empty: the only artifact */
  readonly platform: string;
  readonly keepOldFiles: boolean;
  readonly access: RegistryAccess;
}

/**
 * Saves one file of an artifact as it is stored: archives of folders are not unpacked. The file is given by the artifact and its
 * title (without a title, it has to be the only file), or by its own digest.
 * @throws AppError NOT_FOUND, USAGE (several files), CONFLICT, STORAGE, INTEGRITY; the registry's errors
 */
export async function fetchArtifact(
  context: RegistryContext,
  request: ArtifactFetchRequest,
): Promise<ArtifactFetchReport> {
  const location = parseArtifactLocation(request.location);
  return withRegistries(context, request, async (session) => {
    const { reference } = location;
    const { blob, title } = await find(session, location, request.platform);
    const path = outputPath(request.output, title);
    const { digest, size } = blob;
    const target = request.output === '' ? { kind: 'file' as const, path } : placeOf(path, size);
    const { keepOldFiles } = request;
    const { progress } = context;
    const saved =
      target.kind === 'file'
        ? await saveBlob(session, reference, { blob, path: target.path, keepOldFiles, progress })
        : await streamBlob(session, reference, { blob, path, progress });
    return {
      ...saved,
      reference: fullName(withDigest(reference, digest)),
      title,
      path,
      digest,
      sizeBytes: size,
    };
  });
}

interface Found {
  readonly blob: BlobId;
  readonly title: string;
}

async function find(
  session: RegistrySession,
  { reference, file }: ArtifactLocation,
  platform: string,
): Promise<Found> {
  const { digest } = reference;
  // distribution answers 500 to a request for a blob as a manifest.
  const size = digest === undefined ? undefined : await blobSize(session, reference, digest);
  if (digest === undefined || size === undefined) {
    return fileOf(await openArtifact(session, reference, platform), file);
  }
  return { blob: { digest, size }, title: file ?? defaultName(digest) };
}

function fileOf(artifact: FoundArtifact, file: string | undefined): Found {
  const { files } = artifact;
  const found =
    file === undefined
      ? files
      : [file, decoded(file)]
          .map((title) => files.filter((file) => file.title === title))
          .find((some) => some.length > 0);
  const [first, ...others] = found ?? [];
  if (first === undefined) throw noSuchFile(artifact, file);
  if (others.some(({ descriptor }) => descriptor.digest !== first.descriptor.digest)) {
    const titles = files.map(({ title }) => title);
    throw new AppError(
      'USAGE',
      `${fullName(artifact.reference)}: expected an artifact of one file, got ${files.length}`,
      {
        hint: `Name one of them, such as oras://…/${first.title}, or save them all with compose artifact pull.`,
        details: { titles },
      },
    );
  }
  return { blob: first.descriptor, title: first.title };
}

/** Decodes the escapes of a URL, if they are valid. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function placeOf(path: string, sizeBytes: number): OutputTarget {
  try {
    return outputTarget(path);
  } catch (error) {
    throw outputError(error, path, sizeBytes);
  }
}

/** Returns the name of a blob of which only the digest is known. */
function defaultName(digest: Digest): string {
  return `sha256-${hexOf(digest)}`;
}

/** Returns the path to write to. @throws AppError BAD_ARCHIVE if a title has to be used as a name and cannot be */
function outputPath(output: string, title: string): string {
  if (output !== '' && !isFolder(output)) return output;
  const name = basename(normalisePath(title, 'title', 'artifact'));
  if (name === '') {
    throw new AppError('BAD_ARCHIVE', `title ${JSON.stringify(title)} is not a file name`, {
      hint: 'Name one with -o FILE.',
    });
  }
  return join(output, name);
}
