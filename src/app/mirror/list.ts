import type { MirroredRelease, MirroredRepository, MirrorListReport } from '../../model/mirror-report.ts';
import {
  fullName,
  parseReference,
  parseRepository,
  type Reference,
  type Tag,
  withTag,
} from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import { listTags } from '../../registry/tags.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { type RegistryContext, withRegistries } from '../registries/sessions.ts';
import { folderOf, type Generation, releaseOfTag } from '../sources/mirror-generation.ts';
import { readGeneration } from '../sources/oci-files.ts';
import { isPackageTag } from '../sources/stored-package.ts';

/** Tells whether a name has a tag or a digest: `name:tag`, `name@sha256:…`. */
export function hasTagOrDigest(text: string): boolean {
  return text.includes('@') || text.lastIndexOf(':') > text.lastIndexOf('/');
}

/**
 * Lists the contents of a mirror: all releases, or the one whose tag or digest is given.
 * @throws AppError NOT_FOUND, CONFLICT (not a mirror), AUTH, NETWORK, USAGE
 */
export async function mirrorList(
  context: RegistryContext,
  request: { readonly mirror: string; readonly access: RegistryAccess },
): Promise<MirrorListReport> {
  const named = hasTagOrDigest(request.mirror) ? parseReference(request.mirror) : undefined;
  const mirror = named ?? parseRepository(request.mirror);
  return withRegistries(context, request, async (session) => {
    const tags = await listTags(session, mirror);
    const generations = Map.groupBy(tags, releaseOfTag);
    const releases = tags.filter((tag) => generations.has(tag)).map((tag) => withTag(mirror, tag));
    const shown = named === undefined ? releases : [named];
    return {
      mirror: fullName({ domain: mirror.domain, path: mirror.path }),
      releases: await Promise.all(
        shown.map((reference) => releaseOf(session, reference, generations.get(reference.tag) ?? [])),
      ),
      packages: tags.filter(isPackageTag).length,
    };
  });
}

async function releaseOf(
  session: RegistrySession,
  reference: Reference,
  generations: readonly Tag[],
): Promise<MirroredRelease> {
  const generation = await readGeneration(session, reference);
  const { digest, distro, release } = generation;
  return {
    reference: fullName(reference),
    digest,
    distro,
    release,
    repositories: summaryOf(generation),
    generations,
  };
}

/** Returns the generation's repositories, by folder. */
export function summaryOf({ files }: Pick<Generation, 'files'>): readonly MirroredRepository[] {
  return [...Map.groupBy(files, folderOf)].map(([folder, own]) => ({
    folder,
    files: own.map(({ path }) => path.slice(folder.length + 1)),
    sizeBytes: own.reduce((sum, { size }) => sum + size, 0),
  }));
}
