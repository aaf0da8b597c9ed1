import { AppError, type ErrorCode } from './app-error.ts';
import type { Descriptor } from './descriptor.ts';
import { type DiffId, type Digest, isDigest, parseDiffId, parseDigest } from './digest.ts';
import type { Platform } from './platform.ts';

/** An object read from JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Checks one JSON value from outside and returns it with its type.
 * @param where place of the value, for errors: `manifest: layers[2]`
 * @throws AppError with the readers' code if the value is something else
 */
export type Reader<T> = (value: unknown, where: string) => T;

/** BuildKit's word for a platform without a name. */
const UNKNOWN = 'unknown';

/** Readers of JSON values whose errors all have one code. */
export interface JsonReaders {
  malformed(where: string, expected: string, got: unknown): AppError;
  readonly object: Reader<JsonObject>;
  readonly list: Reader<readonly unknown[]>;
  readonly text: Reader<string>;
  /** Undefined for an absent value, null and the empty string */
  readonly optionalText: Reader<string | undefined>;
  /** An object of strings; absent and null are an empty one */
  readonly texts: Reader<Readonly<Record<string, string>>>;
  readonly digest: Reader<Digest>;
  readonly diffId: Reader<DiffId>;
  /** A whole number of bytes or items */
  readonly count: Reader<number>;
  readonly platform: Reader<Platform>;
  /** OCI image-spec "Content Descriptors"; fields that Descriptor does not have are left out */
  readonly descriptor: Reader<Descriptor>;
}

/** Makes the readers of one kind of document. @param code of their errors */
export function jsonReaders(code: ErrorCode): JsonReaders {
  const malformed = (where: string, expected: string, got: unknown): AppError => {
    const shown = JSON.stringify(got)?.slice(0, 200) ?? 'nothing';
    return new AppError(code, `${where}: expected ${expected}, got ${shown}`, { details: { expected } });
  };
  const object: Reader<JsonObject> = (value, where) => {
    if (isObject(value)) return value;
    throw malformed(where, 'an object', value);
  };
  const list: Reader<readonly unknown[]> = (value, where) => {
    if (Array.isArray(value)) return value;
    throw malformed(where, 'a list', value);
  };
  const text: Reader<string> = (value, where) => {
    if (typeof value === 'string') return value;
    throw malformed(where, 'a string', value);
  };
  const optionalText: Reader<string | undefined> = (value, where) =>
    isAbsent(value) || value === '' ? undefined : text(value, where);
  const texts: Reader<Readonly<Record<string, string>>> = (value, where) => {
    const entries = isAbsent(value) ? [] : Object.entries(object(value, where));
    return Object.fromEntries(entries.map(([key, item]) => [key, text(item, `${where}: ${key}`)]));
  };
  const sha256: Reader<string> = (value, where) => {
    if (typeof value === 'string' && isDigest(value)) return value;
    throw malformed(where, 'sha256:<64 hex digits>', value);
  };
  const digest: Reader<Digest> = (value, where) => parseDigest(sha256(value, where));
  const diffId: Reader<DiffId> = (value, where) => parseDiffId(sha256(value, where));
  const count: Reader<number> = (value, where) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw malformed(where, `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`, value);
  };
  const platform: Reader<Platform> = (value, where) => {
    const json = object(value, where);
    const variant = optionalText(json.variant, `${where}: variant`);
    const version = optionalText(json['os.version'], `${where}: os.version`);
    return {
      os: optionalText(json.os, `${where}: os`) ?? UNKNOWN,
      architecture: optionalText(json.architecture, `${where}: architecture`) ?? UNKNOWN,
      ...(variant === undefined ? {} : { variant }),
      ...(version === undefined ? {} : { 'os.version': version }),
    };
  };
  const descriptor: Reader<Descriptor> = (value, where) => {
    const json = object(value, where);
    const artifactType = optionalText(json.artifactType, `${where}: artifactType`);
    return {
      mediaType: text(json.mediaType, `${where}: mediaType`),
      digest: digest(json.digest, `${where}: digest`),
      size: count(json.size, `${where}: size`),
      ...(isAbsent(json.annotations)
        ? {}
        : { annotations: texts(json.annotations, `${where}: annotations`) }),
      ...(isAbsent(json.platform) ? {} : { platform: platform(json.platform, `${where}: platform`) }),
      ...(artifactType === undefined ? {} : { artifactType }),
    };
  };
  return { malformed, object, list, text, optionalText, texts, digest, diffId, count, platform, descriptor };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}
