import { AppError } from '../model/app-error.ts';
import type { ImageConfig, ImageManifest } from './image-json.ts';
import { expectEqual } from './verify-layer.ts';

/** Registries take manifests of up to 4 MiB (distribution-spec); a config is about as long. */
export const MAX_JSON_BYTES = 4 * 1024 * 1024;
/** Number of layers that containerd, the most lenient engine, can mount. */
const MAX_LAYERS = 500;

/**
 * Checks that manifest and config have the same number of layers. The history is ignored: it is optional, and need not match (OCI
 * image-spec, "Image Configuration").
 * @throws AppError INTEGRITY, LIMIT
 */
export function checkCounts(manifest: ImageManifest, config: ImageConfig): void {
  const count = manifest.layers.length;
  if (count > MAX_LAYERS)
    throw new AppError('LIMIT', `manifest: expected at most ${MAX_LAYERS} layers, got ${count}`);
  expectEqual('number of diffIDs in the config', count, config.diffIds.length);
}
