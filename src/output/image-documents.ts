import { AppError } from '../model/app-error.ts';
import type { ImageConfig, ImageManifest } from './image-json.ts';
import { expectEqual } from './verify-layer.ts';

/** Registries take manifests of up to 4 MiB (distribution-spec); a config is about as long. */
export const MAX_JSON_BYTES = 4 * 1024 * 1024;
/** containerd, the most lenient engine, mounts about this many. */
const MAX_LAYERS = 500;

/**
 * Manifest and config must be about the same layers. The history is not looked at: it is optional, and nothing says that it
 * matches (OCI image-spec, "Image Configuration").
 * @throws AppError INTEGRITY, LIMIT
 */
export function checkCounts(manifest: ImageManifest, config: ImageConfig): void {
  const count = manifest.layers.length;
  if (count > MAX_LAYERS)
    throw new AppError('LIMIT', `manifest: expected at most ${MAX_LAYERS} layers, got ${count}`);
  expectEqual('number of diffIDs in the config', count, config.diffIds.length);
}
