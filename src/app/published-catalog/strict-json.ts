import { jsonReaders, type Reader } from '../../model/json-readers.ts';

/*
 * Readers of JSON from outside. Each checks that a value is what is expected, and returns it with its type. Everything else is
 * refused, unknown members included.
 */

/** A reader for each member, so that the compiler reports a member that is added to the type. */
export type Readers<T> = { readonly [K in keyof Required<T>]: Reader<Exclude<T[K], undefined>> };

/** Readers of the records of a published catalog. @throws AppError BAD_INDEX */
export const { malformed, count, digest, diffId, object } = jsonReaders('BAD_INDEX');

/** Limit for descriptions and scripts, the longest texts; the whole record has its own limit. */
const MAX_TEXT = 64 * 1024 * 1024;

/** Reads a string. */
export const text: Reader<string> = (value, where) => {
  if (typeof value === 'string' && value.length <= MAX_TEXT) return value;
  throw malformed(where, 'a string', value);
};

/** Makes a reader of strings that match the whole expression. */
export function matching<T extends string = string>(pattern: RegExp, expected: string): Reader<T> {
  return (value, where) => {
    if (typeof value === 'string' && pattern.test(value)) return value as T;
    throw malformed(where, expected, value);
  };
}

/** Makes a reader of one of these words. */
export function oneOf<T extends string>(...allowed: readonly T[]): Reader<T> {
  return (value, where) => {
    const found = allowed.find((word) => word === value);
    if (found !== undefined) return found;
    throw malformed(where, allowed.join(' or '), value);
  };
}

/** Makes a reader of whole numbers within bounds. */
export function integer({ from, to }: { readonly from: number; readonly to: number }): Reader<number> {
  return (value, where) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= from && value <= to) {
      return value;
    }
    throw malformed(where, `a whole number from ${from} to ${to}`, value);
  };
}

/** Reads a string in base64. */
export const base64: Reader<string> = (value, where) => {
  const got = text(value, where);
  if (got.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(got)) return got;
  throw malformed(where, 'base64', got);
};

/** Makes a reader of lists of at most that many items. */
export function list<T>(read: Reader<T>, atMost: number): Reader<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw malformed(where, 'a list', value);
    if (value.length > atMost) throw malformed(where, `at most ${atMost} items`, value.length);
    return value.map((item, index) => read(item, `${where}[${index}]`));
  };
}

/** Makes a reader of objects with any member names. */
export function mapOf<T>(read: Reader<T>, atMost: number): Reader<Readonly<Record<string, T>>> {
  return (value, where) => {
    const entries = Object.entries(object(value, where));
    if (entries.length > atMost) throw malformed(where, `at most ${atMost} members`, entries.length);
    // A member called __proto__ is treated like any other.
    return Object.fromEntries(entries.map(([key, item]) => [key, read(item, `${where}.${key}`)]));
  };
}

/** Makes a reader of objects with exactly these members; `optional` ones may be absent. */
export function record<T extends object>(
  readers: Readers<T>,
  optional: readonly (keyof T)[] = [],
): Reader<T> {
  const keys = Object.keys(readers) as (keyof T & string)[];
  return (value, where) => {
    const members = object(value, where);
    const unknown = Object.keys(members).find((key) => !Object.hasOwn(readers, key));
    if (unknown !== undefined) throw malformed(where, `no member ${JSON.stringify(unknown)}`, unknown);
    const out: Partial<Record<keyof T, unknown>> = {};
    for (const key of keys) {
      if (members[key] === undefined && optional.includes(key)) continue;
      out[key] = readers[key](members[key], `${where}.${key}`);
    }
    return out as T;
  };
}

/** Makes a reader of records written as the list of their members' values, in the readers' order. */
export function row<T extends object>(readers: Readers<T>): Reader<T> {
  const keys = Object.keys(readers) as (keyof T & string)[];
  return (value, where) => {
    if (!Array.isArray(value) || value.length !== keys.length) {
      throw malformed(where, `a list of ${keys.length} values`, value);
    }
    const out: Partial<Record<keyof T, unknown>> = {};
    keys.forEach((key, index) => {
      out[key] = readers[key](value[index], `${where}.${key}`);
    });
    return out as T;
  };
}

/** Returns a record as the list that `row` reads. */
export function toRow<T extends object>(readers: Readers<T>, value: T): readonly unknown[] {
  return (Object.keys(readers) as (keyof T)[]).map((key) => value[key]);
}
