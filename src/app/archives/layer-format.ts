import type { ArchiveFacts, Compression } from '../../model/archive.ts';
import { type LayerMediaType, MEDIA_TYPES } from '../../model/media-types.ts';
import type { LayerEncoding } from '../../model/request.ts';

/** How a layer's tar is compressed in an image. */
export type Encoding = Exclude<LayerEncoding, 'keep'>;

/** OCI image-spec, layer.md: the media types of a tar, of a gzip-compressed and of a zstd-compressed one. */
const MEDIA_TYPE: Readonly<Record<Encoding, LayerMediaType>> = {
  gzip: MEDIA_TYPES.layerGzip,
  zstd: MEDIA_TYPES.layerZstd,
  none: MEDIA_TYPES.layerTar,
};

export function mediaTypeOf(encoding: Encoding): LayerMediaType {
  return MEDIA_TYPE[encoding];
}

/** Encoding of layers that are generated here: gzip, which every engine reads, unless `--layer-encoding` names another. */
export function encodingOfGenerated(encoding: LayerEncoding): Encoding {
  return encoding === 'keep' ? 'gzip' : encoding;
}

/** Why an archive cannot be a layer unchanged, in words for the summary; undefined where it can. */
export function derivationOf(facts: ArchiveFacts, encoding: LayerEncoding): string | undefined {
  if (facts.layerProblem !== undefined) return facts.layerProblem;
  const to = encodingOfGenerated(encoding);
  if (encoding === 'keep' ? isLayerEncoding(facts.compression) : facts.compression === to) return undefined;
  return encoding === 'keep'
    ? `${facts.compression} is not an OCI layer encoding`
    : `${facts.compression} re-encoded as ${to}`;
}

function isLayerEncoding(compression: Compression): compression is Encoding {
  return compression in MEDIA_TYPE;
}
