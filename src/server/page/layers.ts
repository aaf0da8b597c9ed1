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
  /** Returns names of images by the `name-version` of packages that are layers in them. */
  withPackages(packages: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
}

/**
 * Returns the layers of a planned image: the archives, of which the sizes are known before anything is fetched. The install layer
 * is known when the image has been composed.
 */
export async function plannedLayers(
  { packages }: PlanReport,
  known: KnownImages | undefined,
): Promise<readonly ImageLayer[]> {
  const names = packages.map(versionedName);
  const sharing = await known?.withPackages(names);
  return packages.map((entry, index) => ({
    label: entry.name,
    packages: [names[index] as string],
    kind: 'package',
    sizeBytes: entry.sizeBytes,
    sharedWith: sharing?.get(names[index] as string) ?? [],
  }));
}
