import { AppError, isAppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { parseJson } from '../model/json.ts';
import { type JsonObject, jsonReaders } from '../model/json-readers.ts';
import type { Platform } from '../model/platform.ts';
import { expectDistinctKeys } from './distinct-keys.ts';

/** Readers of the documents of an image. @throws AppError BAD_ARCHIVE */
export const IMAGE_READERS = jsonReaders('BAD_ARCHIVE');
const { malformed, object, list, text, texts, descriptor, platform } = IMAGE_READERS;

/** Fields of an OCI image-spec "Image Manifest" that are read here. */
export interface ImageManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Fields of an OCI image-spec "Image Configuration" that are checked here. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly diffIds: readonly string[];
  readonly json: JsonObject;
}

/** Parses a JSON object. @throws AppError BAD_ARCHIVE if the bytes are not one JSON object, LIMIT if it is nested too deep */
export function parseObject(bytes: Uint8Array, where: string): JsonObject {
  return object(read(bytes, where), where);
}

/** Parses a JSON array. @throws AppError BAD_ARCHIVE if the bytes are not one JSON array, LIMIT if it is nested too deep */
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

/** Parses an image manifest. @throws AppError BAD_ARCHIVE, LIMIT */
export function parseManifest(bytes: Uint8Array, where: string): ImageManifest {
  const json = parseObject(bytes, where);
  if (json.schemaVersion !== 2) throw malformed(where, 'schemaVersion 2', json.schemaVersion);
  return {
    config: descriptor(json.config, `${where}: config`),
    layers: list(json.layers, `${where}: layers`).map((layer, index) =>
      descriptor(layer, `${where}: layers[${index}]`),
    ),
    annotations: texts(json.annotations, `${where}: annotations`),
  };
}

/** Parses an image config. @throws AppError BAD_ARCHIVE, LIMIT */
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

/** Parses a list of descriptors. @throws AppError BAD_ARCHIVE */
export function parseDescriptors(value: unknown, where: string): readonly Descriptor[] {
  return list(value, where).map((item, index) => descriptor(item, `${where}[${index}]`));
}

/** Returns the platform of an image config. */
export function platformOfConfig({ os, architecture, json }: ImageConfig): Platform {
  return platform({ os, architecture, variant: json.variant, 'os.version': json['os.version'] }, 'config');
}
