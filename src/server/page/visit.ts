import { BASE_MODES } from '../../app/settings/settings.ts';
import type { BaseMode } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import { HttpError } from '../http/http-error.ts';
import type { Choice } from './choices.ts';

/** Longer text is pasted by mistake; the search has limits of its own for words. */
const MAX_QUERY_LENGTH = 200;
/** The longest names of packages and of what they provide have some hundred characters. */
export const MAX_NAME_LENGTH = 200;
/** What an image name of 255 characters can hold, and more. */
const MAX_BAG = 64;
/** A bag of packages with long names; browsers and proxies take some 8 kB of address. */
const MAX_BAG_LENGTH = 4_000;

/** What the address says: where the visitor is, and what is in the bag. Everything is in the address, nothing in cookies. */
export interface Visit {
  readonly choice: Choice;
  /** Text that is searched for; empty: none */
  readonly query: string;
  /** Lists more than the best matches */
  readonly all: boolean;
  /** Package that is shown; empty: none */
  readonly name: string;
  /** Names of packages, each once */
  readonly bag: readonly string[];
  /** Of the image; undefined: the server's */
  readonly base: BaseMode | undefined;
  readonly defaultBase: BaseMode | undefined;
}

/** What the server offers to visitors. */
export interface Offer {
  /** At least one */
  readonly choices: readonly Choice[];
  /** Of images whose name says nothing else; undefined: what the repositories have of the minimal one */
  readonly defaultBase?: BaseMode | undefined;
}

/** Reads an address. @throws HttpError 400 for what is too long or unknown, 404 for a distribution that is not served */
export function readVisit(query: URLSearchParams, { choices, defaultBase }: Offer): Visit {
  const search = bounded('q', query.get('q')?.trim() ?? '', MAX_QUERY_LENGTH);
  const name = bounded('name', query.get('name')?.trim() ?? '', MAX_NAME_LENGTH);
  const base = query.get('base') ?? '';
  if (base !== '' && !BASE_MODES.some((mode) => mode === base)) {
    throw bad(`base: expected ${BASE_MODES.join(', ')}, got ${JSON.stringify(base.slice(0, 40))}`);
  }
  return {
    choice: choiceIn(query.get('in') ?? '', choices),
    query: search,
    all: query.get('all') === '1',
    name,
    bag: readBag(query.getAll('bag').join(' ')),
    base: base === '' || base === (defaultBase ?? BASE_MODES[0]) ? undefined : (base as BaseMode),
    defaultBase,
  };
}

function choiceIn(id: string, choices: readonly Choice[]): Choice {
  if (id === '') return required(choices, 0);
  const found = choices.find((choice) => choice.id === id);
  if (found !== undefined) return found;
  const served = choices.map((choice) => choice.id).join(', ');
  throw new HttpError(404, 'NOT_FOUND', `${id.slice(0, 80)} is not served here; expected one of ${served}`);
}

function readBag(text: string): readonly string[] {
  bounded('bag', text, MAX_BAG_LENGTH);
  const names = [...new Set(text.split(/\s+/).filter((name) => name !== ''))];
  if (names.length > MAX_BAG) throw bad(`the bag holds at most ${MAX_BAG} packages, got ${names.length}`);
  for (const name of names) {
    bounded('bag', name, MAX_NAME_LENGTH);
    if (/^-|[\u0000-\u001f\u007f]/.test(name)) throw bad(`bag: not a package name: ${JSON.stringify(name)}`);
  }
  return names;
}

function bounded(what: string, text: string, most: number): string {
  if (text.length > most) throw bad(`${what}: expected at most ${most} characters, got ${text.length}`);
  return text;
}

function bad(message: string): HttpError {
  return new HttpError(400, 'BAD_REQUEST', message);
}

/** Makes the address of a page for the same visitor: distribution and bag are kept, and what `more` says. */
export function hrefOf(
  path: string,
  { choice, bag, base }: Pick<Visit, 'choice' | 'bag' | 'base'>,
  more: { readonly q?: string; readonly name?: string; readonly all?: string } = {},
): string {
  const pairs = Object.entries({
    q: '',
    name: '',
    all: '',
    ...more,
    in: choice.id,
    bag: bag.join(' '),
    base: base ?? '',
  });
  const query = pairs
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${encoded(value)}`)
    .join('&');
  return `${path}?${query}`;
}

/** As browsers write forms, but with the slashes and colons that a query may have (RFC 3986, 3.4). */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replaceAll('%3A', ':');
}

/** Returns the visit with one more package in the bag; undefined if the bag is full. */
export function withPackage<V extends Pick<Visit, 'bag'>>(visit: V, name: string): V | undefined {
  const bag = [...visit.bag, name];
  return bag.length > MAX_BAG || bag.join(' ').length > MAX_BAG_LENGTH ? undefined : { ...visit, bag };
}

/** Returns the visit without a package in the bag. */
export function withoutPackage<V extends Pick<Visit, 'bag'>>(visit: V, name: string): V {
  return { ...visit, bag: visit.bag.filter((other) => other !== name) };
}
