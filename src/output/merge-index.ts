import { AppError, isAppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { parseJson } from '../model/json.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { REF_NAME } from './image.ts';

/** Registries refuse larger manifests (distribution-spec, "Pushing Manifests": at least 4 MiB); so do readers of layouts. */
const MAX_INDEX_BYTES = 4 * 1024 * 1024;

/**
 * Adds descriptors to a layout's index.json. Existing descriptors keep their place and every field, except that one with a name
 * of an added descriptor is dropped, and so is an unnamed one of the same digest.
 * @throws AppError STORAGE if `existing` is not an image index, or the result is too large
 */
export function mergeIndex(
  existing: Uint8Array | undefined,
  added: readonly Descriptor[],
  where: string,
): Buffer {
  const index =
    existing === undefined ? { schemaVersion: 2, mediaType: MEDIA_TYPES.index } : parseIndex(existing, where);
  const names = new Set(added.map(refName).filter((name) => name !== undefined));
  const digests = new Set<unknown>(added.map((descriptor) => descriptor.digest));
  const present = field(index, 'manifests');
  const kept = (Array.isArray(present) ? present : []).filter((descriptor: unknown) => {
    const name = refName(descriptor);
    return name === undefined ? !digests.has(field(descriptor, 'digest')) : !names.has(name);
  });
  const bytes = Buffer.from(JSON.stringify({ ...index, manifests: [...kept, ...added] }));
  if (bytes.length > MAX_INDEX_BYTES) {
    throw new AppError(
      'STORAGE',
      `${where} would grow to ${bytes.length} bytes; at most ${MAX_INDEX_BYTES} are allowed`,
      {
        hint: 'Write to a new folder with -o PATH.',
        details: { path: where },
      },
    );
  }
  return bytes;
}

function parseIndex(bytes: Uint8Array, where: string): Record<string, unknown> {
  const refused = (got: string, cause?: unknown) =>
    new AppError('STORAGE', `${where}: expected an OCI image index, got ${got}`, {
      cause,
      hint: 'Repair or remove it, or write to a new folder with -o PATH.',
      details: { path: where },
    });
  if (bytes.byteLength > MAX_INDEX_BYTES) throw refused(`${bytes.byteLength} bytes`);
  let value: unknown;
  try {
    value = parseJson(bytes, where);
  } catch (error) {
    throw refused(isAppError(error) ? 'JSON nested too deep' : 'invalid JSON', error);
  }
  if (typeof value !== 'object' || value === null || field(value, 'schemaVersion') !== 2) {
    throw refused('a different document');
  }
  const manifests = field(value, 'manifests');
  if (manifests !== undefined && manifests !== null && !Array.isArray(manifests))
    throw refused('manifests that are not a list');
  return value as Record<string, unknown>;
}

function refName(descriptor: unknown): unknown {
  return field(field(descriptor, 'annotations'), REF_NAME);
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
