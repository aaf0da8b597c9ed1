import { AppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { digestOf } from '../../model/digest.ts';
import type { Reader } from '../../model/json-readers.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import { isIndex } from '../../output/choose-image.ts';
import type { Document } from '../../output/image-content.ts';
import { parseManifest, parseObject } from '../../output/image-json.ts';
import { MAX_CHUNK_BYTES } from './chunks.ts';
import { type RepositoryRecord, repositoryRecord } from './records.ts';
import { count, list, malformed, record } from './strict-json.ts';

/*
 * A catalog as an OCI artifact (docs/catalog-artifact.md). The config lists the contents; the layers are zstd chunks of JSON
 * lines: the packages of each repository in the config's order, then archives, derived blobs, keys.
 */

const CATALOG_TYPE = 'application/vnd.pkgcompose.catalog.v1';
const ANY_CATALOG_TYPE = /^application\/vnd\.pkgcompose\.catalog\.v\d+$/;
const CONFIG_TYPE = 'application/vnd.pkgcompose.catalog.config.v1+json';
/** Media type of a zstd-compressed chunk of records. */
export const CHUNK_TYPE = 'application/vnd.pkgcompose.catalog.chunk.v1+zstd';

/** Raised with every change of the records: facts that lack what composing needs give wrong images. */
export const FORMAT_VERSION = 1;
/** A chunk has hundreds of packages. */
const MAX_CHUNKS = 10_000;
const MAX_REPOSITORIES = 10_000;
/** All of Alpine and Arch is below 100 MB. */
const MAX_TOTAL_BYTES = 4 * 1024 ** 3;

/** A run of records in consecutive chunks. */
export interface Section {
  readonly records: number;
  readonly chunks: number;
}

/** The config of a published catalog. */
export interface CatalogConfig {
  readonly formatVersion: number;
  readonly repositories: readonly (RepositoryRecord & { readonly packages: Section })[];
  readonly archives: Section;
  readonly derived: Section;
  readonly keys: Section;
}

const section: Reader<Section> = record<Section>({ records: count, chunks: count });

const repository: Reader<CatalogConfig['repositories'][number]> = (value, where) => {
  const { packages, ...rest } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  return { ...repositoryRecord(rest, where), packages: section(packages, `${where}.packages`) };
};

const config: Reader<CatalogConfig> = record<CatalogConfig>({
  formatVersion: count,
  repositories: list(repository, MAX_REPOSITORIES),
  archives: section,
  derived: section,
  keys: section,
});

/** Descriptors of a published catalog. */
export interface CatalogContents {
  readonly root: Document;
  readonly config: Descriptor;
  readonly configBytes: Buffer;
}

/** Makes the manifest and config of a catalog. */
export function catalogManifest(
  what: Omit<CatalogConfig, 'formatVersion'>,
  chunks: readonly Descriptor[],
): CatalogContents {
  const configBytes = Buffer.from(JSON.stringify({ formatVersion: FORMAT_VERSION, ...what }));
  const descriptor = { mediaType: CONFIG_TYPE, digest: digestOf(configBytes), size: configBytes.length };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      artifactType: CATALOG_TYPE,
      config: descriptor,
      layers: chunks,
    }),
  );
  return {
    root: {
      descriptor: { mediaType: MEDIA_TYPES.manifest, digest: digestOf(bytes), size: bytes.length },
      bytes,
    },
    config: descriptor,
    configBytes,
  };
}

/**
 * Parses the descriptors of config and chunks from a manifest.
 * @throws AppError UNSUPPORTED (not a catalog, or of another version), LIMIT
 */
export function readCatalogManifest(
  { descriptor, bytes }: Document,
  where: string,
): { readonly config: Descriptor; readonly chunks: readonly Descriptor[] } {
  const artifactType = isIndex(descriptor) ? 'an image index' : parseObject(bytes, where).artifactType;
  if (artifactType !== CATALOG_TYPE) throw otherThanCatalog(artifactType, where);
  const { config, layers } = parseManifest(bytes, where);
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const largest = layers.reduce((most, { size }) => Math.max(most, size), 0);
  if (layers.length > MAX_CHUNKS || total > MAX_TOTAL_BYTES || largest > MAX_CHUNK_BYTES) {
    throw new AppError(
      'LIMIT',
      `${where}: expected at most ${MAX_CHUNKS} chunks of at most ${MAX_CHUNK_BYTES} bytes, ${MAX_TOTAL_BYTES} in total; got ${layers.length}, the largest with ${largest}, ${total} in total`,
    );
  }
  return { config, chunks: layers };
}

function otherThanCatalog(type: unknown, where: string): AppError {
  if (typeof type === 'string' && ANY_CATALOG_TYPE.test(type)) return newer(type, where);
  return new AppError('UNSUPPORTED', `${where}: expected a catalog, ${CATALOG_TYPE}, got ${String(type)}`);
}

function newer(version: unknown, where: string): AppError {
  return new AppError('UNSUPPORTED', `${where}: written by another version of pkgcompose: ${version}`, {
    hint: 'Use the newer of the two versions and push the catalog again.',
    details: { expected: FORMAT_VERSION, got: version },
  });
}

/** Parses the config of a catalog and checks it against the chunks. @throws AppError UNSUPPORTED, BAD_INDEX */
export function readCatalogConfig(
  bytes: Uint8Array,
  chunks: readonly Descriptor[],
  where: string,
): CatalogConfig {
  const json = parseObject(bytes, where);
  if (json.formatVersion !== FORMAT_VERSION) throw newer(json.formatVersion, where);
  const read = config(json, where);
  const sections = [
    ...read.repositories.map(({ packages }) => packages),
    read.archives,
    read.derived,
    read.keys,
  ];
  const expected = sections.reduce((sum, { chunks }) => sum + chunks, 0);
  if (expected !== chunks.length) throw malformed(`${where}: layers`, `${expected} chunks`, chunks.length);
  return read;
}
