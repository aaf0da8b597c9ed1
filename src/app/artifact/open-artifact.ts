import { AppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import { fullName, type Reference, withDigest } from '../../model/reference.ts';
import { chooseManifest } from '../../output/image-content.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { openRegistryContent } from '../images/registry-content.ts';
import { type Artifact, type ArtifactFile, parseArtifact } from './manifest.ts';

/** Number of titles that a message lists. */
const MAX_NAMED = 20;

/** An artifact in a registry. */
export interface FoundArtifact extends Artifact {
  /** Reference with the digest */
  readonly reference: Reference;
  /** Digest of the manifest */
  readonly digest: Digest;
}

/**
 * Reads an artifact's manifest from a registry.
 * @param platform chooses the artifact of an index; empty: the only one
 * @throws AppError as openRegistryContent and chooseManifest
 */
export async function openArtifact(
  session: RegistrySession,
  reference: Reference,
  platform: string,
): Promise<FoundArtifact> {
  const content = await openRegistryContent(session, reference);
  const document = await chooseManifest(content, platform);
  const { digest } = document.descriptor;
  return { ...parseArtifact(document), reference: { ...reference, digest }, digest };
}

/** Makes a NOT_FOUND error that lists the artifact's files. */
export function noSuchFile(
  { reference, files, unnamed }: FoundArtifact,
  title: string | undefined,
): AppError {
  const titles = files.map((file) => file.title);
  const named = titles.slice(0, MAX_NAMED).map((known) => JSON.stringify(known));
  const more = titles.length > MAX_NAMED ? ` and ${titles.length - MAX_NAMED} more` : '';
  const holds = titles.length === 0 ? 'no named file' : `${named.join(', ')}${more}`;
  const asked = title === undefined ? 'no file' : `no file ${JSON.stringify(title)}`;
  const [first] = unnamed;
  return new AppError('NOT_FOUND', `${fullName(reference)}: ${asked}; it holds: ${holds}`, {
    ...(first === undefined || titles.length > 0
      ? {}
      : {
          hint: `Fetch a blob without a name by its digest: ${fullName(withDigest(reference, first.digest))}`,
        }),
    details: { titles, unnamed: unnamed.map(({ digest }) => digest) },
  });
}

/** Returns the files with these titles, in the artifact's order; all files if no title is given. @throws AppError NOT_FOUND */
export function chooseFiles(artifact: FoundArtifact, titles: readonly string[]): readonly ArtifactFile[] {
  const missing = titles.find((title) => !artifact.files.some((file) => file.title === title));
  if (missing !== undefined) throw noSuchFile(artifact, missing);
  const chosen = artifact.files.filter(({ title }) => titles.length === 0 || titles.includes(title));
  if (chosen.length === 0) throw noSuchFile(artifact, undefined);
  return chosen;
}
