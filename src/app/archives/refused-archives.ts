import type { Distro } from '../../distros/distro.ts';
import type { AppError } from '../../model/app-error.ts';
import { BLANK_PACKAGE } from '../../model/blank-package.ts';
import type { IndexPackage } from '../../model/package.ts';
import { UNUSABLE } from '../../model/unusable.ts';

/** An archive of a folder that was refused, and why. */
export interface RefusedArchive {
  readonly fileName: string;
  readonly error: AppError;
}

/**
 * Adds, for each refused archive of another name, the package that its file name describes. Such a package cannot be installed; a
 * request for it reports why.
 */
export function withRefused(
  packages: readonly IndexPackage[],
  unread: readonly RefusedArchive[],
  { distro, architecture }: { readonly distro: Distro; readonly architecture: string },
): readonly IndexPackage[] {
  const known = new Set(packages.map(({ name }) => name));
  const refused = unread.flatMap(({ fileName, error }): IndexPackage[] => {
    const said = distro.archives.names.read(fileName);
    if (said === undefined || known.has(said.name)) return [];
    return [
      {
        ...BLANK_PACKAGE,
        name: said.name,
        version: said.version,
        architecture: said.architecture ?? architecture,
        fileName,
        extra: { [UNUSABLE]: [error.message] },
      },
    ];
  });
  return [...packages, ...refused];
}
