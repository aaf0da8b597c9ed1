import { AppError } from '../model/app-error.ts';
import type { Descriptor, Platform } from '../model/descriptor.ts';
import { parseDigest } from '../model/digest.ts';

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
  /** Of the history, those that made a layer; undefined when there is no history */
  readonly historyLayers: number | undefined;
  readonly json: JsonObject;
}

/** @throws AppError BAD_ARCHIVE when the bytes are not one JSON object */
export function parseObject(bytes: Uint8Array, where: string): JsonObject {
  return object(parseJson(bytes, where), where);
}

/** @throws AppError BAD_ARCHIVE when the bytes are not one JSON array */
export function parseList(bytes: Uint8Array, where: string): readonly unknown[] {
  return list(parseJson(bytes, where), where);
}

function parseJson(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new AppError('BAD_ARCHIVE', `${where} is not JSON`, { cause: error });
  }
}

export function parseManifest(bytes: Uint8Array, where: string): ImageManifest {
  const json = parseObject(bytes, where);
  if (json.schemaVersion !== 2) throw malformed(where, 'schemaVersion 2', json.schemaVersion);
  return {
    config: parseDescriptor(json.config, `${where}: config`),
    layers: list(json.layers, `${where}: layers`).map((layer, at) =>
      parseDescriptor(layer, `${where}: layers[${at}]`),
    ),
    annotations: strings(json.annotations, `${where}: annotations`),
  };
}

export function parseConfig(bytes: Uint8Array, where: string): ImageConfig {
  const json = parseObject(bytes, where);
  const rootfs = object(json.rootfs, `${where}: rootfs`);
  const history = json.history === undefined ? undefined : list(json.history, `${where}: history`);
  return {
    architecture: text(json.architecture, `${where}: architecture`),
    os: text(json.os, `${where}: os`),
    diffIds: list(rootfs.diff_ids, `${where}: rootfs.diff_ids`).map((id) =>
      text(id, `${where}: rootfs.diff_ids`),
    ),
    historyLayers: history?.filter(
      (step, at) => object(step, `${where}: history[${at}]`).empty_layer !== true,
    ).length,
    json,
  };
}

export function parseDescriptors(value: unknown, where: string): readonly Descriptor[] {
  return list(value, where).map((item, at) => parseDescriptor(item, `${where}[${at}]`));
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
    ...(json.platform === undefined ? {} : { platform: parsePlatform(json.platform, `${where}: platform`) }),
  };
}

function parsePlatform(value: unknown, where: string): Platform {
  const json = object(value, where);
  return {
    os: text(json.os, `${where}: os`) as Platform['os'],
    architecture: text(json.architecture, `${where}: architecture`),
    ...(json.variant === undefined ? {} : { variant: text(json.variant, `${where}: variant`) }),
  };
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

export function object(value: unknown, where: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw malformed(where, 'an object', value);
}

export function list(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw malformed(where, 'a list', value);
}

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
