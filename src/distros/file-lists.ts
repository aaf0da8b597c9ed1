import type { RepositorySpec } from '../model/repository.ts';
import type { IndexInput } from './inputs.ts';

/** A package's paths as its repository lists them. */
export interface PackageFiles {
  readonly name: string;
  readonly version: string;
  /** No leading slash; directories end in one */
  readonly files: readonly string[];
}

/** The database of a repository's file lists, beside its index. */
export interface FileLists {
  /** Its file names below a base URL, to try in order */
  indexNames(spec: RepositorySpec): readonly string[];
  /** Verifies first. `lists` come as they are read. @throws AppError BAD_INDEX, SIGNATURE, UNTRUSTED_KEY */
  read(
    input: IndexInput,
  ): Promise<{ readonly signedBy: string; readonly lists: AsyncIterable<PackageFiles> }>;
}
