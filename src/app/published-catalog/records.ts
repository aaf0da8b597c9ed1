import type { DerivedBlob } from '../../catalog/derived.ts';
import type { RepositoryRow } from '../../catalog/repositories.ts';
import { isLocal } from '../../fetch/url.ts';
import type { Reader } from '../../model/json-readers.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import type { DistroId, IndexPackage } from '../../model/package.ts';
import { distro, MAX_LIST, texts, version, word } from './record-fields.ts';
import {
  base64,
  count,
  diffId,
  digest,
  malformed,
  mapOf,
  oneOf,
  type Readers,
  record,
  row,
  text,
  toRow,
} from './strict-json.ts';

/*
 * The records of a published catalog, and what is accepted of them from others. docs/catalog-artifact.md has the
 * format; what is changed here raises FORMAT_VERSION there and in artifact.ts.
 */

const PACKAGE: Readers<IndexPackage> = {
  name: word,
  version,
  architecture: text,
  description: text,
  url: text,
  license: text,
  origin: text,
  maintainer: text,
  buildTime: count,
  commit: text,
  sizeBytes: count,
  installedSizeBytes: count,
  fileName: text,
  checksum: text,
  depends: texts,
  provides: texts,
  replaces: texts,
  conflicts: texts,
  installIf: texts,
  groups: texts,
  providerPriority: count,
  replacesPriority: count,
  signature: text,
  extra: mapOf(texts, MAX_LIST),
};

/** Reads a package of a repository. @throws AppError BAD_INDEX */
export const packageRecord: Reader<IndexPackage> = row(PACKAGE);

/** Returns the JSON line of a package's record. */
export function packageLine(entry: IndexPackage): string {
  return JSON.stringify(toRow(PACKAGE, entry));
}

/** A derived blob with its key. */
export type DerivedRecord = DerivedBlob & { readonly key: string };

/** Reads a derived blob's record. @throws AppError BAD_INDEX */
export const derivedRecord: Reader<DerivedRecord> = record<DerivedRecord>({
  key: digest,
  digest,
  sizeBytes: count,
  diffId,
  mediaType: oneOf(MEDIA_TYPES.layerTar, MEDIA_TYPES.layerGzip, MEDIA_TYPES.layerZstd),
  description: text,
});

/** A file of the distribution's keys. */
export interface KeyRecord {
  readonly distro: DistroId;
  /** File name */
  readonly name: string;
  /** base64 */
  readonly content: string;
}

/** Reads a key file's record. @throws AppError BAD_INDEX */
export const keyRecord: Reader<KeyRecord> = record<KeyRecord>({ distro, name: word, content: base64 });

/** A repository as it was indexed, without the fields for the next request for its index. */
export interface RepositoryRecord
  extends Omit<RepositoryRow, 'id' | 'etag' | 'lastModified' | 'packageCount' | 'trust'> {
  /** Fingerprint of the trust policy that accepted it */
  readonly trust: string;
}

const remote: Reader<string> = (value, where) => {
  const got = text(value, where);
  if (!isLocal(got)) return got;
  throw malformed(where, 'a URL', got);
};

/** Reads a repository's record. @throws AppError BAD_INDEX */
export const repositoryRecord: Reader<RepositoryRecord> = record<RepositoryRecord>({
  distro,
  architecture: word,
  url: remote,
  base: remote,
  release: text,
  name: text,
  content: text,
  description: text,
  signedBy: text,
  trust: text,
});
