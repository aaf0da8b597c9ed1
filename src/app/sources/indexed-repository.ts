import type { RepositoryRow } from '../../catalog/repositories.ts';
import type { WriteOptions } from '../../catalog/revisions.ts';
import type { Distro } from '../../distros/distro.ts';
import { joinUrl, withoutSecrets } from '../../fetch/url.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import { required } from '../../model/required.ts';
import type { Context } from '../context.ts';

/** A repository in the catalog, and its place in the request. */
export interface IndexedRepository {
  readonly spec: RepositorySpec;
  readonly row: RepositoryRow;
  readonly changed: boolean;
  /** No mirror answered: the index is an earlier one. */
  readonly unreachable?: true;
}

/** An index's bytes, and where they were found. */
export interface FoundIndex {
  readonly url: string;
  readonly base: string;
  readonly bytes: Buffer;
  readonly etag: string;
  readonly lastModified: string;
}

/**
 * Returns the name under which the catalog has a repository: the first place of its index, since one folder may hold several,
 * `core.db` and `extra.db`. Passwords and tokens are left out; each request brings them along.
 */
export function identityOf(spec: RepositorySpec): string {
  return withoutSecrets(joinUrl(required(spec.baseUrls, 0), required(spec.indexNames, 0)));
}

/** Returns the catalog's row of a repository that has been written. @throws Error if there is none: a bug */
export function storedRow({ catalog }: Context, spec: RepositorySpec): RepositoryRow {
  const identity = identityOf(spec);
  const row = catalog.repositories.find(spec.distro, spec.architecture, identity);
  if (row === undefined) throw new Error(`${identity}: not in the catalog`);
  return row;
}

/** Returns the places of a repository's archives, complete with passwords and queries; the index's own place comes first. */
export function basesOf({ spec, row }: Pick<IndexedRepository, 'spec' | 'row'>): readonly string[] {
  const isOfIndex = (base: string): boolean => withoutSecrets(base) === row.base;
  const [first = row.base] = spec.baseUrls.filter(isOfIndex);
  return [first, ...spec.baseUrls.filter((base) => !isOfIndex(base))];
}

/**
 * Returns the spec with the distribution's default release: the catalog keeps what an index says about itself, not what the first
 * request for it said.
 */
export function withoutRelease(
  spec: RepositorySpec,
  { distro }: { readonly distro: Distro },
): RepositorySpec {
  return { ...spec, release: distro.releases.default };
}

/** Returns the release of the request, or the one that the index names, so that `latest-stable` becomes a number. */
export function releaseIn(
  { spec, row }: Pick<IndexedRepository, 'spec' | 'row'>,
  { distro }: { readonly distro: Distro },
): string {
  return spec.release === distro.releases.default ? row.release : spec.release;
}

/** Returns the options of a long write to the catalog: it ends with the command, and waiting for another process is noted. */
export function writeOptions({ progress, signal }: Context, name: string): WriteOptions {
  return { signal, onWait: () => progress.note(`${name}: waiting for another process that is indexing it`) };
}
