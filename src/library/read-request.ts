import { nearest } from '../app/settings/nearest.ts';
import * as read from '../app/settings/setting-values.ts';
import {
  type ComposeSettings,
  ENGINES,
  SETTINGS,
  type SettingShape,
  sourceOptions,
} from '../app/settings/settings.ts';
import { AppError } from '../model/app-error.ts';
import { parsePlatform, platformText } from '../model/platform.ts';
import { parseRepository } from '../model/reference.ts';
import type { RegistryAccess } from '../model/registry.ts';
import type { SourceOptions } from '../model/request.ts';

/** Reads one property of a request; `value` is undefined if it is absent. @throws AppError USAGE */
export type Field<Value> = (value: unknown, where: string) => Value;

type Fields<Values> = { readonly [Name in keyof Values]: Field<Values[Name]> };

type Parse<Value> = (texts: readonly string[], where: string) => Value;

function textOf(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return read.refuse({ where, expected: 'a single value', got: shapeOf(value) });
}

function textsOf(value: unknown, where: string): readonly string[] {
  return Array.isArray(value) ? value.map((item) => textOf(item, where)) : [textOf(value, where)];
}

function pairsOf(value: unknown, where: string): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return textsOf(value, where);
  return Object.entries(value).map(([name, item]) => {
    if (name.includes('=')) read.refuse({ where, expected: 'a name without =', got: name });
    return `${name}=${textOf(item, `${where}.${name}`)}`;
  });
}

function shapeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}

/** The texts that a recipe or an option would have. */
const TEXTS: Readonly<Record<SettingShape, (value: unknown, where: string) => readonly string[]>> = {
  word: (value, where) => [textOf(value, where)],
  switch: (value, where) => [textOf(value, where)],
  list: textsOf,
  pairs: pairsOf,
  command: (value, where) =>
    Array.isArray(value) ? [JSON.stringify(textsOf(value, where))] : [textOf(value, where)],
};

/** `max-layers` of a recipe is `maxLayers`. */
const camelCase = (key: string): string => key.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Settings that recipes have too, each as a property of a request. */
const SETTING_FIELDS: ReadonlyMap<string, Field<ComposeSettings>> = new Map(
  SETTINGS.map(({ key, shape, parse }) => [
    camelCase(key),
    (value, where) => parse(TEXTS[shape](value, where), where),
  ]),
);

/** Makes a property with one value, or `fallback` if it is absent. */
export function single<Value, Fallback>(parse: Parse<Value>, fallback: Fallback): Field<Value | Fallback> {
  return (value, where) => (value === undefined ? fallback : parse([textOf(value, where)], where));
}

/** Makes a property with several values; empty if it is absent. */
export function several<Value>(parse: Parse<readonly Value[]>): Field<readonly Value[]> {
  return (value, where) => (value === undefined ? [] : parse(textsOf(value, where), where));
}

/** Makes a property required, and its list not empty. */
export function needed<Value>(field: Field<Value>): Field<Value> {
  return (value, where) => {
    if (value === undefined || (Array.isArray(value) && value.length === 0))
      read.refuse({ where, expected: 'a value', got: undefined });
    return field(value, where);
  };
}

/** Property with a required text. */
export const text: Field<string> = needed(single(read.word, ''));
/** Property with a text, by default the empty one. */
export const optionalText: Field<string> = single(read.word, '');
/** Property with an optional path. */
export const optionalPath: Field<string | undefined> = single(read.word, undefined);
/** Property with a text or several, at least one. */
export const texts: Field<readonly string[]> = needed(several(read.words));
/** Property with a package or several, at least one. */
export const packages: Field<readonly string[]> = needed(several(read.packages));
/** Property that is true or false, by default false. */
export const flag: Field<boolean> = single(read.yesNo, false);
/** Property with an object of strings, by default empty. */
export const pairs: Field<Readonly<Record<string, string>>> = (value, where) =>
  value === undefined ? {} : read.pairs(pairsOf(value, where), where);
/** Property with a platform, completed (`linux/arm64` for `arm64`); empty if it is absent. */
export const platform: Field<string> = single((words) => platformText(parsePlatform(words[0] ?? '')), '');
/** Property with a repository that is a package store. */
export const store: Field<string | undefined> = single((words, where) => {
  parseRepository(read.word(words, where));
  return words[0];
}, undefined);

/** Makes a property with a whole number from 1 on, or Infinity. */
export function count(fallback: number): Field<number> {
  return (value, where) =>
    value === Number.POSITIVE_INFINITY
      ? value
      : single((words) => read.integer({ from: 1, to: Number.MAX_SAFE_INTEGER }, words, where), fallback)(
          value,
          where,
        );
}

const ACCESS_FIELDS: Fields<RegistryAccess> = {
  insecure: flag,
  ca: optionalText,
  cert: optionalText,
  key: optionalText,
};

const DELIVERY_FIELDS = {
  load: single((words, where) => read.choice(ENGINES, words, where), undefined),
  push: several(read.pushReferences),
  store,
  dryRun: flag,
};

function readFields<Values>(request: object, fields: Fields<Values>): Values {
  const read = Object.entries<Field<unknown>>(fields).map(([name, field]) => [
    name,
    field((request as Record<string, unknown>)[name], name),
  ]);
  return Object.fromEntries(read) as Values;
}

/** @throws AppError USAGE for a request that is not an object, and for a property that is not in `names` */
function checkNames(request: unknown, names: readonly string[]): asserts request is object {
  if (typeof request !== 'object' || request === null) {
    read.refuse({ where: 'request', expected: 'an object', got: shapeOf(request) });
  }
  const unknown = Object.keys(request).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, names);
  throw new AppError('USAGE', `unknown property ${JSON.stringify(unknown)}`, {
    hint: near === undefined ? `The properties are ${names.join(', ')}.` : `Did you mean ${near}?`,
    details: { option: unknown, expected: names, got: unknown },
  });
}

function settingsIn(request: object, names: readonly string[]): ComposeSettings {
  let settings: ComposeSettings = {};
  for (const [name, value] of Object.entries(request)) {
    const field = names.includes(name) && value !== undefined ? SETTING_FIELDS.get(name) : undefined;
    if (field !== undefined) settings = { ...settings, ...field(value, name) };
  }
  return settings;
}

/** Names of the properties of TrustSettings. */
export const TRUST_NAMES = ['keyring', 'keyringAppend', 'allowUntrusted', 'sigLevel'] as const;
const SOURCE_NAMES = ['distro', 'release', 'solver', 'arch', 'mirrors', 'repositories', ...TRUST_NAMES];

/** Reads a request to a registry: the settings of the connection, and the use case's own `fields`. @throws AppError USAGE */
export function withAccess<Values>(
  request: unknown,
  fields: Fields<Values>,
): Values & { readonly access: RegistryAccess } {
  checkNames(request, [...Object.keys(fields), ...Object.keys(ACCESS_FIELDS)]);
  return { ...readFields(request, fields), access: readFields(request, ACCESS_FIELDS) };
}

/** Reads a request about packages: their sources, and the use case's own `fields`. @throws AppError USAGE */
export function withSource<Values>(
  request: unknown,
  fields: Fields<Values>,
  names: readonly string[] = SOURCE_NAMES,
): Values & { readonly source: SourceOptions & { readonly access: RegistryAccess } } {
  checkNames(request, [...Object.keys(fields), ...names, ...Object.keys(ACCESS_FIELDS)]);
  const access = readFields(request, ACCESS_FIELDS);
  const source = sourceOptions(settingsIn(request, names));
  return { ...readFields(request, fields), source: { ...source, access } };
}

/** Reads a request with nothing but the use case's own `fields`. @throws AppError USAGE */
export function plain<Values>(request: unknown, fields: Fields<Values>): Values {
  checkNames(request, Object.keys(fields));
  return readFields(request, fields);
}

/** Reads all settings of an image. @throws AppError USAGE */
export function imageSettings(request: unknown): ComposeSettings {
  const names = [...SETTING_FIELDS.keys()];
  checkNames(request, [...names, ...Object.keys(DELIVERY_FIELDS), ...Object.keys(ACCESS_FIELDS)]);
  const { load, push: references, store, dryRun } = readFields(request, DELIVERY_FIELDS);
  const access = readFields(request, ACCESS_FIELDS);
  if (store !== undefined && references.length === 0) {
    read.refuse({
      where: 'store',
      expected: 'push with it, since a store only serves pushed images',
      got: store,
    });
  }
  return {
    ...settingsIn(request, names),
    access,
    ...(load === undefined ? {} : { load }),
    ...(references.length === 0 ? {} : { push: { references, access, store } }),
    ...(dryRun ? { dryRun } : {}),
  };
}
