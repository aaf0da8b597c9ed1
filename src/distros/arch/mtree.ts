import { decompress } from '../../archive/decompress.ts';
import { sniff } from '../../archive/sniff.ts';
import { isAppError } from '../../model/app-error.ts';
import { append } from '../../model/lists.ts';
import { oneChunk } from '../../model/one-chunk.ts';
import { decodePath } from '../../model/path-bytes.ts';

/** `.MTREE` of the largest packages inflates to 60 MiB. */
const MAX_MTREE_BYTES = 256 * 1024 * 1024;
/** Repeated lines compress well; real listings stay below 20. */
const MAX_RATIO = 2000;
/** libarchive rejects longer lines. */
const MAX_LINE_BYTES = 65_536;
const SNIFFED_BYTES = 1024;

const ANY = /^/;
const digest = (bytes: number) => new RegExp(`^[0-9a-f]{${2 * bytes}}$`);
/** Keywords with the form of their values; libarchive warns of all others, and pacman then does not use the listing. */
const KEYWORDS: ReadonlyMap<string, RegExp> = new Map([
  ...['cksum', 'content', 'contents', 'flags', 'gid', 'gname', 'inode', 'link'].map(
    (key) => [key, ANY] as const,
  ),
  ...['nlink', 'size', 'tags', 'time', 'uid', 'uname'].map((key) => [key, ANY] as const),
  ...['device', 'resdevice'].map((key) => [key, /^(?:[^,]*|\w+(?:,\w+){2,})$/] as const),
  ['mode', /^[0-9]/],
  ['type', /^(?:block|char|dir|fifo|file|link)$/],
  ...['', 'digest'].flatMap((end) => [
    [`md5${end}`, digest(16)] as const,
    [`rmd160${end}`, digest(20)] as const,
    [`sha1${end}`, digest(20)] as const,
    [`sha256${end}`, digest(32)] as const,
    [`sha384${end}`, digest(48)] as const,
    [`sha512${end}`, digest(64)] as const,
  ]),
]);
const FLAGS: readonly string[] = ['ignore', 'nochange', 'optional'];

/**
 * Reads the paths of an mtree(5) listing, plain or compressed, as pacman does (libalpm be_package.c and libarchive's mtree
 * reader): in the order of the listing, directories with a slash at the end, without paths that begin with a dot. Undefined if
 * pacman does not use the listing, but the archive's entries.
 */
export async function mtreePaths(mtree: Uint8Array): Promise<readonly string[] | undefined> {
  const text = await textOf(mtree);
  const lines = text === undefined ? undefined : linesOf(text);
  const paths = lines === undefined ? undefined : pathsOf(lines);
  // Without the line `#mtree`, only its entries identify a listing.
  return paths?.length === 0 && text?.startsWith('#mtree') !== true ? undefined : paths;
}

async function textOf(mtree: Uint8Array): Promise<string | undefined> {
  const magic = sniff(mtree.subarray(0, SNIFFED_BYTES));
  if (magic === 'unknown') return Buffer.from(mtree).toString('latin1');
  if (magic === 'none' || magic === 'apk3') return undefined;
  const limits = { maxUncompressedBytes: MAX_MTREE_BYTES, maxRatio: MAX_RATIO };
  const pieces: Buffer[] = [];
  try {
    for await (const { bytes } of decompress(oneChunk(mtree), magic, limits).chunks) pieces.push(bytes);
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
  return Buffer.concat(pieces).toString('latin1');
}

/** Splits a listing into lines: a backslash at the end joins a line with the next; text after the last line feed is dropped. */
function linesOf(text: string): readonly string[] | undefined {
  const lines: string[] = [];
  let open = '';
  for (const piece of text.split('\n').slice(0, -1)) {
    const line = open + piece;
    if (line.length >= MAX_LINE_BYTES) return undefined;
    const isJoined = /^(?:[^\\]|\\.)*\\$/s.test(line);
    open = isJoined ? line.slice(0, -1) : '';
    if (!isJoined) lines.push(line.replace(/^[ \t]+/, ''));
  }
  return lines;
}

interface Entry {
  readonly name: string;
  /** Words of later lines with the same name come last. */
  readonly words: string[];
}

function pathsOf(lines: readonly string[]): readonly string[] | undefined {
  const entries: Entry[] = [];
  const byName = new Map<string, Entry>();
  let common: readonly string[] = [];
  for (const line of lines) {
    if (/^(?:#|\r|$)/.test(line)) continue;
    const [word = '', ...words] = line.split(/[ \t]+/).filter((part) => part !== '');
    if (word === '/set') common = merged(common, words);
    else if (word === '/unset') {
      if (line.includes('=')) return undefined;
      common = words.includes('all') ? [] : common.filter((shared) => !words.includes(keyOf(shared)));
    } else if (line.startsWith('/')) return undefined;
    else {
      const name = unescaped(word);
      const same = isFull(word) ? byName.get(name) : undefined;
      if (same !== undefined) {
        append(same.words, merged(common, words));
        continue;
      }
      const entry = { name, words: [...merged(common, words)] };
      if (isFull(word)) byName.set(name, entry);
      entries.push(entry);
    }
  }
  return resolved(entries, byName);
}

/** Resolves entries to paths: a name without a slash is below the last directory named without one; `..` leaves that directory. */
function resolved(
  entries: readonly Entry[],
  full: ReadonlyMap<string, Entry>,
): readonly string[] | undefined {
  const paths: string[] = [];
  let folder: readonly string[] = [];
  for (const entry of entries) {
    const { name, words } = entry;
    if (name === '..') {
      folder = folder.slice(0, -1);
      continue;
    }
    const type = typeOf(words);
    if (type === undefined) return undefined;
    const isRelative = full.get(name) !== entry;
    const path = (isRelative ? [...folder, name].join('/') : name).replace(/^\.\//, '');
    if (isRelative && type === 'dir') folder = [...folder, name];
    if (path.startsWith('.')) continue;
    const bytes = decodePath(Buffer.from(path, 'latin1'));
    paths.push(type === 'dir' && path !== '' && !path.endsWith('/') ? `${bytes}/` : bytes);
  }
  return paths;
}

/** Returns an entry's type; undefined if it has none, or a word that libarchive does not know. */
function typeOf(words: readonly string[]): string | undefined {
  let type: string | undefined;
  for (const word of words) {
    if (FLAGS.includes(word)) continue;
    const equals = word.indexOf('=');
    const value = word.slice(equals + 1);
    if (equals < 0 || KEYWORDS.get(keyOf(word))?.test(value) !== true) return undefined;
    if (keyOf(word) === 'type') type = value;
  }
  return type;
}

function merged(before: readonly string[], words: readonly string[]): readonly string[] {
  const keys = new Set(words.map(keyOf));
  return [...before.filter((word) => !keys.has(keyOf(word))), ...words];
}

function keyOf(word: string): string {
  const equals = word.indexOf('=');
  return equals < 0 ? word : word.slice(0, equals);
}

function isFull(word: string): boolean {
  return word === '.' || word.includes('/');
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  s: ' ',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

function unescaped(word: string): string {
  return word.replaceAll(/\\([0-3][0-7]{2}|[abfnrstv\\])/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] as string),
  );
}
