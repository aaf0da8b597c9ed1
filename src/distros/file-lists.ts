import type { RepositorySpec } from '../model/repository.ts';
import type { IndexInput } from './inputs.ts';

/** Paths of a package, as its repository lists them. */
export interface PackageFiles {
  readonly name: string;
  readonly version: string;
  /** No leading slash; directories end in one */
  readonly files: readonly string[];
}

/** Database with the file lists of a repository, beside its index. */
export interface FileLists {
  /** Returns its file names below a base URL, to be tried in order. */
  indexNames(spec: RepositorySpec): readonly string[];
  /**
   * Verifies the database, then returns a stream of its lists. @throws AppError BAD_INDEX, LIMIT, SIGNATURE, UNSUPPORTED,
   * UNTRUSTED_KEY, from the stream as well
   */
  read(
    input: IndexInput,
  ): Promise<{ readonly signedBy: string; readonly lists: AsyncIterable<PackageFiles> }>;
}
