import { dirname, join } from 'node:path';
import type { Pair } from 'yaml';
import { readSetting } from '../../../app/settings/recipe.ts';
import { refuse } from '../../../app/settings/setting-values.ts';
import { type ComposeSettings, SETTINGS, type Setting } from '../../../app/settings/settings.ts';
import {
  follow,
  knownPair,
  place,
  type Reading,
  scalarText,
  shapeOf,
} from '../../../app/settings/yaml-file.ts';

/** A JSON Schema, or a part of one (draft 2020-12). */
export type Schema = Readonly<Record<string, unknown>>;

/** A kind of value in the configuration file: how it is read, and the schema of what is accepted. */
export interface Kind<Value> {
  readonly schema: Schema;
  /** @param key as the file has it: `tls.cert` @throws AppError USAGE with line and column */
  read(reading: Reading, node: unknown, key: string): Value;
}

/** A kind that is written as one word, so that an option of the command line can have it too. */
export interface Word<Value> extends Kind<Value> {
  readonly parse: Parse<Value>;
}

type Parse<Value> = (texts: readonly string[], where: string) => Value;

/** Value of a kind. */
export type ValueOf<K> = K extends Kind<infer Value> ? Value : never;

const TEXT: Schema = { type: ['string', 'number', 'boolean'] };

/** Makes a kind of one word. The schema accepts any scalar unless it says more. */
export function word<Value>(parse: Parse<Value>, schema: Schema = TEXT): Word<Value> {
  return {
    schema,
    parse,
    read: (reading, node, key) => parse([scalarText(reading, node, key)], `${place(reading, node)}: ${key}`),
  };
}

/** Makes a kind of one of the words. */
export function oneOf<const T extends string>(words: readonly T[], parse: Parse<T>): Word<T> {
  return word(parse, { enum: words });
}

/** Path of a file or folder; relative to the configuration file's folder. */
export const PATH: Kind<string> = {
  schema: { type: 'string', minLength: 1 },
  read(reading, node, key) {
    const text = scalarText(reading, node, key);
    if (text === '') refuse({ where: `${place(reading, node)}: ${key}`, expected: 'a path', got: text });
    return text.startsWith('/') ? text : join(dirname(reading.path), text);
  },
};

/** Makes a kind of a list of values; a single one may stand for a list of one, unless it is itself a map. */
export function list<Value>(kind: Kind<Value>): Kind<readonly Value[]> {
  const array = { type: 'array', items: kind.schema };
  return {
    schema: kind.schema.type === 'object' ? array : { anyOf: [kind.schema, array] },
    read(reading, node, key) {
      const value = follow(reading, node);
      if (reading.yaml.isSeq(value))
        return value.items.map((item, index) => kind.read(reading, item, `${key}[${index}]`));
      if (kind.schema.type !== 'object') return [kind.read(reading, node, key)];
      return refuse({
        where: `${place(reading, node)}: ${key}`,
        expected: 'a list',
        got: shapeOf(reading, value),
      });
    },
  };
}

/** Makes a kind of a map from names, which are free, to values. */
export function named<Value>(kind: Kind<Value>): Kind<ReadonlyMap<string, Value>> {
  return {
    schema: { type: 'object', additionalProperties: kind.schema },
    read: (reading, node, key) =>
      new Map(
        pairsOf(reading, node, key).map((pair) => {
          const name = scalarText(reading, pair.key, key);
          return [name, kind.read(reading, pair.value ?? pair.key, `${key}.${name}`)];
        }),
      ),
  };
}

/** A key of a section. */
export interface Field<Value> {
  readonly kind: Kind<Value>;
  readonly describe: string;
  /** The section must have it */
  readonly required?: true;
}

type Camel<Key extends string> = Key extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Key;
type Fields = Readonly<Record<string, Field<unknown>>>;
/** Values of a section by its keys in camel case; absent keys are absent. */
export type SectionValues<F extends Fields> = {
  readonly [Key in keyof F & string as F[Key] extends { required: true }
    ? Camel<Key>
    : never]: F[Key]['kind'] extends Kind<infer Value> ? Value : never;
} & {
  readonly [Key in keyof F & string as F[Key] extends { required: true }
    ? never
    : Camel<Key>]?: F[Key]['kind'] extends Kind<infer Value> ? Value : never;
};

/** Makes a kind of a map with known keys. @param more what its schema says besides */
export function section<const F extends Fields>(fields: F, more: Schema = {}): Kind<SectionValues<F>> {
  const keys = Object.keys(fields);
  const required = keys.filter((key) => fields[key]?.required === true);
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(fields).map(([key, { kind, describe }]) => [
          key,
          { description: describe, ...kind.schema },
        ]),
      ),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
      ...more,
    },
    read(reading, node, at) {
      const values: Record<string, unknown> = {};
      for (const pair of pairsOf(reading, node, at)) {
        const { key, value } = knownPair(reading, pair, keys);
        const { kind } = fields[key] as Field<unknown>;
        values[camel(key)] = kind.read(reading, value, at === '' ? key : `${at}.${key}`);
      }
      const missing = required.find((key) => !Object.hasOwn(values, camel(key)));
      if (missing === undefined) return values as SectionValues<F>;
      return refuse({
        where: `${place(reading, follow(reading, node))}: ${at}`,
        expected: `the key ${missing}`,
        got: undefined,
      });
    },
  };
}

/** Makes a kind whose value is computed from that of another. */
export function mapped<From, To>(kind: Kind<From>, to: (value: From, where: string) => To): Kind<To> {
  return {
    schema: kind.schema,
    read: (reading, node, key) => to(kind.read(reading, node, key), `${place(reading, node)}: ${key}`),
  };
}

const SHAPES: Readonly<Record<Setting['shape'], Schema>> = {
  word: TEXT,
  switch: { type: 'boolean' },
  list: { anyOf: [TEXT, { type: 'array', items: TEXT }] },
  pairs: { type: ['object', 'array', 'string'] },
  command: { type: ['string', 'array'] },
};

/** Makes a kind of a setting that recipes have too. @param schema what is accepted, if more is known than its shape */
export function recipeSetting(key: string, schema?: Schema): Kind<ComposeSettings> {
  const setting = SETTINGS.find((candidate) => candidate.key === key);
  if (setting === undefined) throw new Error(`no setting has the key ${key}`);
  return {
    schema: schema ?? SHAPES[setting.shape],
    read: (reading, node) => readSetting(reading, node, setting),
  };
}

function pairsOf(reading: Reading, node: unknown, key: string): readonly Pair[] {
  const value = follow(reading, node);
  if (reading.yaml.isMap(value)) return value.items;
  return refuse({
    where: `${place(reading, node)}: ${key}`,
    expected: 'a map',
    got: shapeOf(reading, value),
  });
}

function camel(key: string): string {
  return key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
