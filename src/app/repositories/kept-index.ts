import type { KeptFile } from '../../catalog/kept-files.ts';
import type { RepositoryRow } from '../../catalog/repositories.ts';
import type { Digest } from '../../model/digest.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import type { Context } from '../context.ts';
import type { FoundIndex } from '../sources/indexed-repository.ts';

/*
 * Indexes and file lists whose bytes are kept in the cache beside the catalog's own form of them, for those who serve them as they
 * were (app/mirror). A repository's index is kept from the first time that somebody serves it.
 */

/** Files of a repository that may be kept. */
export type KeptKind = 'index' | 'files';

type Row = Pick<RepositoryRow, 'id'>;

/** Returns a repository's kept file, of whatever index. */
export function keptFile({ catalog }: Context, kind: KeptKind, { id }: Row): KeptFile | undefined {
  return catalog.keptFiles().find(`${kind} ${id}`);
}

/** A verified file of a repository. */
export interface VerifiedFile {
  readonly spec: RepositorySpec;
  readonly found: Pick<FoundIndex, 'bytes' | 'lastModified'>;
  /** Digest of the index that is in the catalog */
  readonly index: Digest;
  readonly signature: Uint8Array | undefined;
}

/** Keeps a file in place of an earlier one. @throws AppError STORAGE */
export async function keepFile(
  { catalog, store }: Context,
  kind: KeptKind,
  { id, spec, found, index, signature = new Uint8Array() }: VerifiedFile & Row,
): Promise<KeptFile> {
  const { digest, sizeBytes } = await store.put(found.bytes);
  const lastModified = Number.isNaN(Date.parse(found.lastModified))
    ? new Date()
    : new Date(found.lastModified);
  const kept = {
    digest,
    sizeBytes,
    index,
    lastModified: lastModified.toUTCString(),
    signature,
    description: `${kind === 'index' ? 'index' : 'file lists'} of ${spec.name} (${spec.distro})`,
  };
  catalog.keptFiles().put(`${kind} ${id}`, kept);
  return kept;
}
