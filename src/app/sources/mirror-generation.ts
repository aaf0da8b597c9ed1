import { ANNOTATIONS } from '../../compose/annotations.ts';
import { AppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { type Digest, digestOf, hexOf } from '../../model/digest.ts';
import { EMPTY_BYTES, EMPTY_DESCRIPTOR } from '../../model/empty-blob.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import { parseTagName, type Tag } from '../../model/reference.ts';
import type { Document } from '../../output/image-content.ts';
import { parseManifest, parseObject } from '../../output/image-json.ts';

/*
 * A generation of a mirror in a registry: an artifact whose layers are the index files of its repositories, byte for byte, with
 * their paths in the distribution's own layout as titles. Its packages are artifacts of their own (stored-package.ts), found by
 * their index entries. The release's tag points to the newest generation; every generation has a permanent tag as well, so that
 * no registry garbage-collects it.
 */

const GENERATION_TYPE = 'application/vnd.pkgcompose.index.v1';
/** Media type of every file: its name says what it is. */
const FILE_TYPE = 'application/octet-stream';
const TITLE = 'org.opencontainers.image.title';
/** Number of hexadecimal digits of the manifest's digest in the tag of a generation. */
const TAG_DIGITS = 12;
/** Folders end up in URLs, so that only characters without a meaning there are allowed. */
const PATH = /^(?:(?!\.{1,2}\/)[A-Za-z0-9._+@-]{1,100}\/){1,8}(?!\.{1,2}$)[A-Za-z0-9._+@-]{1,200}$/;

/** A file of a generation. */
export interface GenerationFile {
  /** `main/x86_64/APKINDEX.tar.gz`, `core/os/x86_64/core.db` */
  readonly path: string;
  readonly digest: Digest;
  /** Size in bytes (a descriptor's own name) */
  readonly size: number;
}

/** A generation of a mirror. */
export interface Generation {
  /** Digest of the manifest */
  readonly digest: Digest;
  readonly distro: string;
  /** The distribution's name of it; empty if it is not known, or if there are several */
  readonly release: string;
  /** Files by path */
  readonly files: readonly GenerationFile[];
}

/** Makes the manifest of a generation. The same contents give the same bytes. */
export function generationDocument({ distro, release, files }: Omit<Generation, 'digest'>): Document {
  const layers = [...files].sort(byPath).map(
    ({ path, digest, size }): Descriptor => ({
      mediaType: FILE_TYPE,
      digest,
      size,
      annotations: { [TITLE]: path },
    }),
  );
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      artifactType: GENERATION_TYPE,
      config: { ...EMPTY_DESCRIPTOR, data: EMPTY_BYTES.toString('base64') },
      layers,
      annotations: { [ANNOTATIONS.distro]: `${distro} ${release}` },
    }),
  );
  return {
    descriptor: { mediaType: MEDIA_TYPES.manifest, digest: digestOf(bytes), size: bytes.length },
    bytes,
  };
}

/**
 * Parses a generation from its manifest.
 * @throws AppError CONFLICT for another artifact; BAD_INDEX for names that lead elsewhere
 */
export function parseGeneration({ descriptor, bytes }: Document, where: string): Generation {
  const { artifactType } = parseObject(bytes, where);
  if (artifactType !== GENERATION_TYPE) {
    const got = typeof artifactType === 'string' ? artifactType : descriptor.mediaType;
    throw new AppError(
      'CONFLICT',
      `${where}: expected a mirror of packages (${GENERATION_TYPE}), got ${got}`,
      {
        details: { expected: GENERATION_TYPE, got },
      },
    );
  }
  const { layers, annotations } = parseManifest(bytes, where);
  const files = layers.map(({ digest, size, annotations: { [TITLE]: path = '' } = {} }) => {
    if (!isMirrorPath(path)) {
      throw new AppError('BAD_INDEX', `${where}: not a file name of a mirror: ${JSON.stringify(path)}`);
    }
    return { path, digest, size };
  });
  const [distro = '', release = ''] = (annotations[ANNOTATIONS.distro] ?? '').split(' ');
  return { digest: descriptor.digest, distro, release, files: files.sort(byPath) };
}

/** Tells whether a path can be a file of a mirror. */
export function isMirrorPath(path: string): boolean {
  return PATH.test(path);
}

/** Returns a file's folder: `main/x86_64`. */
export function folderOf({ path }: Pick<GenerationFile, 'path'>): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Returns the permanent tag of a generation: `v3.19-0123456789ab`. */
export function generationTag(release: Tag, digest: Digest): Tag {
  return parseTagName(`${release}-${hexOf(digest).slice(0, TAG_DIGITS)}`);
}

/** Returns the release of a generation's permanent tag; undefined for all other tags. */
export function releaseOfTag(tag: Tag): string | undefined {
  return new RegExp(`^(.+)-[0-9a-f]{${TAG_DIGITS}}$`).exec(tag)?.[1];
}

/**
 * Merges the changes of two processes to one generation, as if one process had made both. Files of a folder belong together; if
 * both changed the same folder, the same one of the two wins, whoever merges.
 */
export function mergeFiles(
  base: readonly GenerationFile[],
  ours: readonly GenerationFile[],
  theirs: readonly GenerationFile[],
): readonly GenerationFile[] {
  const folders = new Set([...ours, ...theirs].map(folderOf));
  return [...folders].flatMap((folder) => {
    const inFolder = (files: readonly GenerationFile[]) => files.filter((file) => folderOf(file) === folder);
    const [was, mine, other] = [
      identityOfFiles(inFolder(base)),
      identityOfFiles(inFolder(ours)),
      identityOfFiles(inFolder(theirs)),
    ];
    const takesTheirs = other !== was && (mine === was || other > mine);
    return inFolder(takesTheirs ? theirs : ours);
  });
}

/** Returns a text that is equal for the same files. */
export function identityOfFiles(files: readonly GenerationFile[]): string {
  return [...files]
    .sort(byPath)
    .map(({ path, digest }) => `${path} ${digest}`)
    .join('\n');
}

function byPath(a: GenerationFile, b: GenerationFile): number {
  return a.path < b.path ? -1 : 1;
}
