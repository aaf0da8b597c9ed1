import { normalisePath } from '../../archive/tar-paths.ts';
import { AppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { digestOf } from '../../model/digest.ts';
import { EMPTY_BYTES, EMPTY_DESCRIPTOR } from '../../model/empty-blob.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import type { Document } from '../../output/image-content.ts';
import { parseManifest, parseObject } from '../../output/image-json.ts';

/*
 * Files as an OCI artifact, as the ORAS command line packs them: a manifest of OCI image-spec 1.1 ("Guidelines for Artifact
 * Usage") whose layers are the files, each with its name in the title annotation.
 */

const TITLE = 'org.opencontainers.image.title';
const CREATED = 'org.opencontainers.image.created';
/** `true`: the compressed tar of a folder, whose entries are all below the title. */
const UNPACK = 'io.deis.oras.content.unpack';
/** Digest of the uncompressed tar. */
const TAR_DIGEST = 'io.deis.oras.content.digest';

/** Artifact type that ORAS writes if none is given. */
export const UNKNOWN_ARTIFACT_TYPE = 'application/vnd.unknown.artifact.v1';
/** Media type that ORAS writes for a file if none is given. */
export const FILE_TYPE: string = MEDIA_TYPES.layerTar;
/** Media type that ORAS writes for the archive of a folder. */
export const FOLDER_TYPE: string = MEDIA_TYPES.layerGzip;

/** RFC 6838 section 4.2. */
const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/** Tells whether a text is a media type (RFC 6838, section 4.2). */
export function isMediaType(text: string): boolean {
  return MEDIA_TYPE.test(text);
}

/** Returns the annotations of a layer that holds a file, or a folder's archive with the digest of its tar. */
export function fileAnnotations(title: string, tarDigest: string | undefined): Record<string, string> {
  if (tarDigest === undefined) return { [TITLE]: title };
  return { [TAR_DIGEST]: tarDigest, [UNPACK]: 'true', [TITLE]: title };
}

/** Input of an artifact's manifest. */
export interface NewArtifact {
  readonly artifactType: string;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly subject: Descriptor | undefined;
  /** Seconds since the epoch; ignored if an annotation has the date */
  readonly createdAt: number;
}

/** Makes the manifest, and the descriptor of its config. */
export function artifactManifest(artifact: NewArtifact): {
  readonly root: Document;
  readonly config: Descriptor;
} {
  const { artifactType, layers, subject, createdAt } = artifact;
  const created = new Date(createdAt * 1000).toISOString().replace('.000Z', 'Z');
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      artifactType,
      config: { ...EMPTY_DESCRIPTOR, data: EMPTY_BYTES.toString('base64') },
      layers,
      ...(subject === undefined ? {} : { subject }),
      annotations: { [CREATED]: created, ...artifact.annotations },
    }),
  );
  const descriptor = { mediaType: MEDIA_TYPES.manifest, digest: digestOf(bytes), size: bytes.length };
  return { root: { descriptor, bytes }, config: EMPTY_DESCRIPTOR };
}

/** A file of an artifact. */
export interface ArtifactFile {
  readonly descriptor: Descriptor;
  /** Title in the manifest; not a safe path until titlePath has checked it */
  readonly title: string;
  /** The file is the archive of a folder */
  readonly isFolder: boolean;
  /** Digest of that archive's tar; empty if the manifest has none */
  readonly tarDigest: string;
}

/** An artifact, as its manifest describes it. */
export interface Artifact {
  readonly artifactType: string;
  /** Files in the manifest's order */
  readonly files: readonly ArtifactFile[];
  readonly unnamed: readonly Descriptor[];
}

/** Parses the files of an artifact from its manifest. @throws AppError BAD_ARCHIVE */
export function parseArtifact({ descriptor, bytes }: Document): Artifact {
  const where = `manifest ${descriptor.digest}`;
  const { config, layers } = parseManifest(bytes, where);
  const { artifactType } = parseObject(bytes, where);
  const titleOf = ({ annotations = {} }: Descriptor) => annotations[TITLE] ?? '';
  const content = layers.filter(({ mediaType }) => mediaType !== EMPTY_DESCRIPTOR.mediaType);
  return {
    artifactType: typeof artifactType === 'string' ? artifactType : config.mediaType,
    files: content
      .filter((layer) => titleOf(layer) !== '')
      .map((layer) => ({
        descriptor: layer,
        title: titleOf(layer),
        isFolder: layer.annotations?.[UNPACK] === 'true',
        tarDigest: layer.annotations?.[TAR_DIGEST] ?? '',
      })),
    unnamed: content.filter((layer) => titleOf(layer) === ''),
  };
}

/**
 * Returns the relative path that a title stands for, without `.` and empty segments; empty for a folder whose title is `.`.
 * @throws AppError BAD_ARCHIVE if it leads elsewhere (absolute, `..`) or cannot exist (NUL, too long, not Unicode)
 */
export function titlePath({ title, isFolder, descriptor }: ArtifactFile): string {
  const where = `file ${descriptor.digest}`;
  if (!title.isWellFormed()) throw new AppError('BAD_ARCHIVE', `${where}: the title is not valid Unicode`);
  const path = normalisePath(title, 'title', where);
  if (path !== '' || isFolder) return path;
  throw new AppError('BAD_ARCHIVE', `${where}: title ${JSON.stringify(title)} is not a file name`);
}
