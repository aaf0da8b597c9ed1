/** OCI image-spec 1.1, "Media Types", and the Docker type that `docker load` writes. */
export const MEDIA_TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

/** Media types of layers that compose writes. */
export type LayerMediaType =
  | typeof MEDIA_TYPES.layerTar
  | typeof MEDIA_TYPES.layerGzip
  | typeof MEDIA_TYPES.layerZstd;
