import { familyIds } from '../../distros/families.ts';
import type { Reader } from '../../model/json-readers.ts';
import type { DistroId } from '../../model/package.ts';
import { list, malformed, matching, text } from './strict-json.ts';

/* Readers of the fields that records of a published catalog share. */

/** Most items of any list in a record. */
export const MAX_LIST = 1_000_000;

/** Reads a name that becomes a part of paths, on this machine and in images. */
export const word = matching(/^[^\s/\p{Cc}.][^\s/\p{Cc}]*$/u, 'a name without spaces and slashes');

/** Reads a version, which becomes a part of a path after a name. */
export const version = matching(/^[^\s/\p{Cc}]+$/u, 'a version without spaces and slashes');

/** Reads a list of strings. */
export const texts = list(text, MAX_LIST);

/** Reads the id of a package family. */
export const distro: Reader<DistroId> = (value, where) => {
  const ids = familyIds();
  const id = ids.find((known) => known === value);
  if (id !== undefined) return id;
  throw malformed(where, ids.join(' or '), value);
};
