import type { ArchiveFacts, Compression } from '../../model/archive.ts';
import { type LayerMediaType, MEDIA_TYPES } from '../../model/media-types.ts';
import type { LayerEncoding } from '../../model/request.ts';
import { XZ_ARCHIVE_TYPE } from '../sources/stored-package.ts';

/*
 * Everything that decides how a layer is compressed, and with it the layer's media type: `--layer-encoding`, the engine that is to
 * load the image, and the archive's own compression.
 */

/** Compression of a layer's tar in an image. */
export type Encoding = Exclude<LayerEncoding, 'keep'>;

/** OCI image-spec, layer.md: media types of an uncompressed, a gzip-compressed and a zstd-compressed tar. */
const MEDIA_TYPE: Readonly<Record<Encoding, LayerMediaType>> = {
  gzip: MEDIA_TYPES.layerGzip,
  zstd: MEDIA_TYPES.layerZstd,
  none: MEDIA_TYPES.layerTar,
};

/** Media types of archives in package stores and mirrors, where an archive need not be a layer. */
const ARCHIVE_MEDIA_TYPE: Readonly<Record<Compression, string>> = {
  ...MEDIA_TYPE,
  xz: XZ_ARCHIVE_TYPE,
  bzip2: 'application/vnd.pkgcompose.archive.v1.tar+bzip2',
};

/** Returns the media type of a layer with that encoding. */
export function mediaTypeOf(encoding: Encoding): LayerMediaType {
  return MEDIA_TYPE[encoding];
}

/** Returns the media type under which a package store or a mirror keeps an archive. */
export function archiveMediaTypeOf(compression: Compression): string {
  return ARCHIVE_MEDIA_TYPE[compression];
}

/** Returns the encoding that `--layer-encoding` names; if it names none, one that the engine can read. */
export function encodingForEngine(
  asked: LayerEncoding,
  { readsZstd }: { readonly readsZstd: boolean },
): LayerEncoding {
  return asked === 'keep' && !readsZstd ? 'gzip' : asked;
}

/**
 * Returns the encoding of layers that are generated here: the one that `--layer-encoding` names, else gzip, which every engine
 * can read.
 */
export function encodingOfGenerated(encoding: LayerEncoding): Encoding {
  return encoding === 'keep' ? 'gzip' : encoding;
}

/** Format of a package's layer: the archive unchanged, or a blob derived from it for the reason in `derivation`. */
export interface LayerFormat {
  readonly mediaType: LayerMediaType;
  /** Phrase for the summary; undefined if the layer is the archive unchanged */
  readonly derivation: string | undefined;
}

/** Decides whether an archive becomes a layer unchanged, and in which format. */
export function layerFormatOf(
  { layerProblem, compression }: Pick<ArchiveFacts, 'layerProblem' | 'compression'>,
  encoding: LayerEncoding,
): LayerFormat {
  const to = encodingOfGenerated(encoding);
  if (layerProblem !== undefined) return { mediaType: mediaTypeOf(to), derivation: layerProblem };
  if (isLayerEncoding(compression) && (encoding === 'keep' || compression === to)) {
    return { mediaType: mediaTypeOf(compression), derivation: undefined };
  }
  const derivation =
    encoding === 'keep'
      ? `${compression} is not an OCI layer encoding`
      : `${compression} re-encoded as ${to}`;
  return { mediaType: mediaTypeOf(to), derivation };
}

function isLayerEncoding(compression: Compression): compression is Encoding {
  return compression in MEDIA_TYPE;
}
