import { AppError, isAppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { parseDigest } from '../model/digest.ts';
import { parseJson } from '../model/json.ts';
import type { Platform } from '../model/platform.ts';
import { expectDistinctKeys } from './distinct-keys.ts';

/** BuildKit's word for a platform that has no name. */
const UNKNOWN = 'unknown';

/** An object read from JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** OCI image-spec "Image Manifest", what is read of it. */
export interface ImageManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** OCI image-spec "Image Configuration", what is checked of it. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly diffIds: readonly string[];
  readonly json: JsonObject;
}

/** @throws AppError BAD_ARCHIVE when the bytes are not one JSON object, LIMIT when it is nested too deep */
export function parseObject(bytes: Uint8Array, where: string): JsonObject {
  return object(read(bytes, where), where);
}

/** @throws AppError BAD_ARCHIVE when the bytes are not one JSON array, LIMIT when it is nested too deep */
export function parseList(bytes: Uint8Array, where: string): readonly unknown[] {
  return list(read(bytes, where), where);
}

function read(bytes: Uint8Array, where: string): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value = parseJson(text, where);
    expectDistinctKeys(text, value, where);
    return value;
  } catch (error) {
    if (isAppError(error)) throw error;
    throw new AppError('BAD_ARCHIVE', `${where}: not valid JSON`, { cause: error });
  }
}

/** Reads an image manifest. @throws AppError BAD_ARCHIVE, LIMIT */
export function parseManifest(bytes: Uint8Array, where: string): ImageManifest {
  const json = parseObject(bytes, where);
  if (json.schemaVersion !== 2) throw malformed(where, 'schemaVersion 2', json.schemaVersion);
  return {
    config: parseDescriptor(json.config, `${where}: config`),
    layers: list(json.layers, `${where}: layers`).map((layer, index) =>
      parseDescriptor(layer, `${where}: layers[${index}]`),
    ),
    annotations: strings(json.annotations, `${where}: annotations`),
  };
}

/** Reads an image config. @throws AppError BAD_ARCHIVE, LIMIT */
export function parseConfig(bytes: Uint8Array, where: string): ImageConfig {
  const json = parseObject(bytes, where);
  const rootfs = object(json.rootfs, `${where}: rootfs`);
  return {
    architecture: text(json.architecture, `${where}: architecture`),
    os: text(json.os, `${where}: os`),
    diffIds: list(rootfs.diff_ids, `${where}: rootfs.diff_ids`).map((id) =>
      text(id, `${where}: rootfs.diff_ids`),
    ),
    json,
  };
}

/** Reads a list of descriptors. @throws AppError BAD_ARCHIVE */
export function parseDescriptors(value: unknown, where: string): readonly Descriptor[] {
  return list(value, where).map((item, index) => parseDescriptor(item, `${where}[${index}]`));
}

function parseDescriptor(value: unknown, where: string): Descriptor {
  const json = object(value, where);
  if (!Number.isSafeInteger(json.size) || (json.size as number) < 0)
    throw malformed(where, 'a size', json.size);
  return {
    mediaType: text(json.mediaType, `${where}: mediaType`),
    digest: digest(json.digest, where),
    size: json.size as number,
    ...(json.annotations === undefined
      ? {}
      : { annotations: strings(json.annotations, `${where}: annotations`) }),
    ...(json.platform === undefined || json.platform === null
      ? {}
      : { platform: readPlatform(json.platform, `${where}: platform`) }),
  };
}

function readPlatform(value: unknown, where: string): Platform {
  const json = object(value, where);
  const [os, architecture] = [
    word(json.os, `${where}: os`),
    word(json.architecture, `${where}: architecture`),
  ];
  const variant = word(json.variant, `${where}: variant`);
  const version = word(json['os.version'], `${where}: os.version`);
  return {
    os: os ?? UNKNOWN,
    architecture: architecture ?? UNKNOWN,
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { 'os.version': version }),
  };
}

/** Returns the platform that a config names. */
export function platformOfConfig({ os, architecture, json }: ImageConfig): Platform {
  return readPlatform(
    { os, architecture, variant: json.variant, 'os.version': json['os.version'] },
    'config',
  );
}

/** Go leaves out empty strings, and some writers write null. */
function word(value: unknown, where: string): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : text(value, where);
}

function digest(value: unknown, where: string) {
  try {
    return parseDigest(text(value, where));
  } catch (error) {
    throw new AppError('BAD_ARCHIVE', `${where}: expected a sha256 digest, got ${JSON.stringify(value)}`, {
      cause: error,
    });
  }
}

/** Narrows a value to an object. @throws AppError BAD_ARCHIVE */
export function object(value: unknown, where: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw malformed(where, 'an object', value);
}

/** Narrows a value to a list. @throws AppError BAD_ARCHIVE */
export function list(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw malformed(where, 'a list', value);
}

/** Narrows a value to a string. @throws AppError BAD_ARCHIVE */
export function text(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw malformed(where, 'a string', value);
}

function strings(value: unknown, where: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const pairs = Object.entries(object(value, where));
  return Object.fromEntries(pairs.map(([key, item]) => [key, text(item, `${where}: ${key}`)]));
}

function malformed(where: string, expected: string, got: unknown): AppError {
  return new AppError(
    'BAD_ARCHIVE',
    `${where}: expected ${expected}, got ${JSON.stringify(got)?.slice(0, 200)}`,
  );
}
