import type { CatalogPackage } from '../../model/package.ts';
import type { PackageRef } from '../../model/relation-report.ts';
import { required } from '../../model/required.ts';
import type { IndexedRepository } from '../sources/indexed-repository.ts';

/** Returns a package's name, version and repository for reports. */
export function refOf(
  repositories: readonly IndexedRepository[],
  entry: Pick<CatalogPackage, 'name' | 'version' | 'repositoryRank'>,
): PackageRef {
  const { spec } = required(repositories, entry.repositoryRank);
  return { name: entry.name, version: entry.version, repository: spec.name };
}
