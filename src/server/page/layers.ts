import type { Digest } from '../../model/digest.ts';
import { versionedName } from '../../model/package.ts';
import type { PlanReport } from '../../model/request.ts';

/** A layer as the page shows it. */
export interface ImageLayer {
  /** `gcc` for a package's, else what it is */
  readonly label: string;
  /** `name-version` of the packages in it */
  readonly packages: readonly string[];
  readonly kind: 'package' | 'bundle' | 'install';
  /** Size of the blob */
  readonly sizeBytes: number;
  /** Names of images that have it too */
  readonly sharedWith: readonly string[];
}

/** Images that the server has composed or stored. */
export interface KnownImages {
  /** Names of repositories whose images refer to a blob, at most so many */
  imagesWith(digest: Digest, most: number): readonly string[];
}

/** A layer of the base may be in all images; nobody reads so many names. */
const MAX_IMAGES = 100;

/**
 * Returns the layers of a planned image: the archives, of which the sizes are known before anything is fetched. The install layer
 * is known when the image has been composed.
 * @param isShown names that the visitor may know
 */
export function plannedLayers(
  { packages }: PlanReport,
  known: KnownImages | undefined,
  isShown: (repository: string) => boolean,
): readonly ImageLayer[] {
  return packages.map((entry) => ({
    label: entry.name,
    packages: [versionedName(entry)],
    kind: 'package',
    sizeBytes: entry.sizeBytes,
    sharedWith:
      entry.digest === undefined ? [] : (known?.imagesWith(entry.digest, MAX_IMAGES) ?? []).filter(isShown),
  }));
}
