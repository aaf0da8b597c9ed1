import type { RepositoryRow } from '../catalog/repositories.ts';
import type { RepositorySpec } from '../model/repository.ts';

/** A repository in the catalog, with its place in the request. */
export interface IndexedRepository {
  readonly spec: RepositorySpec;
  readonly row: RepositoryRow;
  readonly changed: boolean;
}

/** An index's bytes as found, with where they came from. */
export interface FoundIndex {
  readonly url: string;
  readonly base: string;
  readonly bytes: Buffer;
  readonly etag: string;
  readonly lastModified: string;
}

/** The first base URL is what a repository is known by. */
export function identityOf(spec: RepositorySpec): string {
  return spec.baseUrls[0] as string;
}
