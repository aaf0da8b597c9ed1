import { AppError } from '../../model/app-error.ts';
import { parseJson } from '../../model/json.ts';
import { familiarName, parseReference, parseRepository } from '../../model/reference.ts';
import type { AddedPath } from '../../model/request.ts';
import { nearest } from './nearest.ts';

/** A bad value, for the message and for the details of `--json`. */
interface BadValue {
  readonly where: string;
  readonly expected: string;
  readonly got: string | undefined;
  readonly hint?: string | undefined;
}

/** Refuses a value. @throws AppError USAGE: `<where>: expected …, got …` */
export function refuse({ where, expected, got, hint }: BadValue): never {
  throw new AppError(
    'USAGE',
    `${where}: expected ${expected}, got ${got === undefined ? 'none' : JSON.stringify(got)}`,
    {
      ...(hint === undefined ? {} : { hint }),
      details: { option: where, expected, got: got ?? null },
    },
  );
}

/** Characters that line-based formats (os-release, pacman.conf, apk's repositories) cannot hold. */
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Returns the last of `texts`, as for any option that is given twice. */
function last(texts: readonly string[]): string {
  return texts.at(-1) ?? '';
}

/**
 * Reads a value that may be given once. Other programs accept such an option several times, each with its own effect, so that
 * silently using the last one would be wrong.
 * @throws AppError USAGE
 */
export function onlyWord(texts: readonly string[], where: string): string {
  const different = [...new Set(texts)];
  if (different.length > 1) refuse({ where, expected: 'one', got: different.join(' and ') });
  return word(texts, where);
}

function checkWord(text: string, where: string): string {
  if (text.trim() === '') refuse({ where, expected: 'a non-empty value', got: text });
  if (CONTROL.test(text)) refuse({ where, expected: 'text without control characters', got: text });
  return text;
}

/** Reads a text that is not empty; the last one wins. @throws AppError USAGE */
export function word(texts: readonly string[], where: string): string {
  return checkWord(last(texts), where);
}

/** Reads texts that are not empty. @throws AppError USAGE */
export function words(texts: readonly string[], where: string): readonly string[] {
  return texts.map((text) => checkWord(text, where));
}

/** Reads one of the known words. @throws AppError USAGE with the nearest word as a hint */
export function choice<T extends string>(allowed: readonly T[], texts: readonly string[], where: string): T {
  const got = last(texts);
  const found = allowed.find((value) => value === got);
  if (found !== undefined) return found;
  const near = nearest(got, allowed);
  return refuse({
    where,
    expected: allowed.join(', ').replace(/, ([^,]*)$/, ' or $1'),
    got: texts.length === 0 ? undefined : got,
    hint: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}

/** Reads `true` or `false`. @throws AppError USAGE */
export function yesNo(texts: readonly string[], where: string): boolean {
  return choice(['true', 'false'], texts, where) === 'true';
}

/** Reads a whole number within bounds. @throws AppError USAGE */
export function integer(
  range: { readonly from: number; readonly to: number },
  texts: readonly string[],
  where: string,
): number {
  const got = last(texts);
  const value = /^\d{1,15}$/.test(got) ? Number(got) : Number.NaN;
  if (value >= range.from && value <= range.to) return value;
  return refuse({ where, expected: `a whole number from ${range.from} to ${range.to}`, got });
}

/** pacman.conf(5) "PACKAGE AND DATABASE SIGNATURE CHECKING". */
const SIG_LEVEL = /^(Package|Database)?(Never|Optional|Required|TrustedOnly|TrustAll)$/;

/** Reads pacman's SigLevel (pacman.conf(5)). @throws AppError USAGE */
export function sigLevel(texts: readonly string[], where: string): string {
  const got = texts.join(' ').trim().split(/\s+/);
  if (!got.every((level) => SIG_LEVEL.test(level))) {
    refuse({
      where,
      expected:
        "pacman's words Never, Optional, Required, TrustedOnly, TrustAll (with Package or Database before them)",
      got: got.join(' '),
    });
  }
  return got.join(' ');
}

/** Reads names of packages and relations. @throws AppError USAGE */
export function packages(texts: readonly string[], where: string): readonly string[] {
  for (const text of texts) {
    if (text === '' || /\s/.test(text) || CONTROL.test(text)) {
      refuse({ where, expected: 'a package name such as gcc, git>2.40 or core/bash', got: text });
    }
  }
  return texts;
}

/** Reads names for an image, each with a tag, `latest` by default. @throws AppError USAGE */
export function tags(texts: readonly string[], where: string): readonly string[] {
  return texts.map((got) => {
    const isName = isAccepted(() => parseReference(got)) && !got.includes('@');
    if (isName) return isAccepted(() => parseRepository(got)) ? `${got}:latest` : got;
    const name = got.replace(/:[^:/]*$/, '');
    return refuse({
      where,
      expected: 'an image name such as name, name:tag or registry.example/team/name:tag',
      got,
      hint: /[A-Z+]/.test(name) ? 'Image names are lower case, and + is not allowed in them.' : undefined,
    });
  });
}

function isAccepted(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/** Reads names to push to, each with its tag, `latest` by default. @throws AppError USAGE */
export function pushReferences(texts: readonly string[], where: string): readonly string[] {
  return texts.map((got) => {
    const reference = parseReference(got);
    if (reference.digest === undefined) return familiarName(reference);
    return refuse({ where, expected: 'a name without a digest, which is only known after composing', got });
  });
}

/** Merges `NAME=value` settings: later values replace earlier ones of the same name, in the place of the first. */
export function mergeEnvironment(assignments: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const assignment of assignments) byName.set(assignment.slice(0, assignment.indexOf('=')), assignment);
  return [...byName.values()];
}

function checkPair(text: string, where: string): void {
  if (text.indexOf('=') > 0 && !text.includes('\u0000')) return;
  refuse({ where, expected: 'NAME=value', got: text });
}

/** Reads `NAME=value` settings; later ones replace earlier ones. @throws AppError USAGE */
export function environment(texts: readonly string[], where: string): readonly string[] {
  for (const text of texts) checkPair(text, where);
  return mergeEnvironment(texts);
}

/** Reads `NAME=value` pairs. @throws AppError USAGE */
export function pairs(texts: readonly string[], where: string): Readonly<Record<string, string>> {
  const entries = texts.map((text) => {
    checkPair(text, where);
    const equals = text.indexOf('=');
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * Reads a command as a Dockerfile does: a JSON array of strings is the exec form, any other text the shell form (`/bin/sh -c
 * TEXT`); `[]` and the empty text clear it.
 * @throws AppError USAGE
 */
export function command(texts: readonly string[], where: string): readonly string[] {
  const text = last(texts);
  if (text.trim() === '') return [];
  if (!text.trimStart().startsWith('[')) return ['/bin/sh', '-c', text];
  try {
    const value = parseJson(text, where);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  // `[ -f /x ] && …` is a shell's test: only `["` begins an exec form.
  if (/^\s*\[\s/.test(text) && !/^\s*\[\s*"/.test(text)) return ['/bin/sh', '-c', text];
  return refuse({ where, expected: 'a JSON array of strings or a shell command', got: text });
}

/** The largest id that runc and Docker accept. */
const LAST_ID = 2_147_483_647;

/** Reads OCI image-spec's config "User": user, uid, user:group, uid:gid and the mixed forms. @throws AppError USAGE */
export function user(texts: readonly string[], where: string): string {
  const got = last(texts);
  const tooLarge = got.split(':').find((part) => /^\d+$/.test(part) && Number(part) > LAST_ID);
  if (tooLarge !== undefined) refuse({ where, expected: `ids of at most ${LAST_ID}`, got });
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?(:[A-Za-z0-9_][A-Za-z0-9_.-]*\$?)?$/.test(got)) return got;
  return refuse({ where, expected: 'user, uid, user:group or uid:gid', got });
}

/** Reads an absolute path in the image. @throws AppError USAGE */
export function absolutePath(texts: readonly string[], where: string): string {
  const got = last(texts);
  if (got.startsWith('/') && !CONTROL.test(got)) return got;
  return refuse({ where, expected: 'an absolute path in the image such as /app', got });
}

/** Reads a directory in the image, and returns it without slashes at its ends. @throws AppError USAGE */
export function prefix(texts: readonly string[], where: string): string {
  const parts = absolutePath(texts, where)
    .split('/')
    .filter((part) => part !== '');
  if (parts.length > 0 && !parts.some((part) => part === '.' || part === '..' || part.startsWith('.wh.'))) {
    return parts.join('/');
  }
  return refuse({ where, expected: 'a directory in the image such as /opt/tools', got: last(texts) });
}

/**
 * Reads files to add, `SRC:DEST[:MODE[:UID[.GID]]]`: `dist:/opt/app`, `run.sh:/run.sh:755`, `data:/srv:644:1000.1000`. A destination
 * that ends with a slash is a folder for a source of the same name.
 * @throws AppError USAGE
 */
export function addedPaths(texts: readonly string[], where: string): readonly AddedPath[] {
  return texts.map((got) => {
    const parts = /^(.+?):(\/[^:]*)(?::([0-7]{3,4})(?::(\d{1,10})(?:\.(\d{1,10}))?)?)?$/s.exec(got);
    const [, source = '', path = '', mode, uid = '0', gid = uid] = parts ?? [];
    const parted = (text: string) => text.split('/').filter((part) => part !== '');
    const names = [...parted(path), ...(path.endsWith('/') ? parted(source).slice(-1) : [])];
    const isPath = names.length > 0 && names.every((name) => !/^(?:\.{1,2}|\.wh\..*)$/.test(name));
    if (parts === null || !isPath || CONTROL.test(path) || Math.max(Number(uid), Number(gid)) > LAST_ID) {
      return refuse({
        where,
        expected: 'SRC:DEST[:MODE[:UID[.GID]]] such as dist:/opt/app or run.sh:/run.sh:755',
        got,
      });
    }
    return {
      source,
      destination: names.join('/'),
      mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
      uid: Number(uid),
      gid: Number(gid),
    };
  });
}

/** Reads OCI image-spec's config "ExposedPorts". @throws AppError USAGE */
export function ports(texts: readonly string[], where: string): readonly string[] {
  for (const got of texts) {
    const [, digits] = /^(\d{1,5})(?:\/(?:tcp|udp|sctp))?$/.exec(got) ?? [];
    const port = Number(digits ?? 0);
    if (port < 1 || port > 65_535) refuse({ where, expected: 'a port such as 80 or 53/udp', got });
  }
  return texts;
}

/** 9999-12-31T23:59:59Z, the last second that RFC 3339 (the image's `created`) can write. */
const LAST_EPOCH = 253_402_300_799;

/**
 * Reads SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/), in seconds; an empty value counts as
 * unset.
 * @throws AppError USAGE
 */
export function sourceDateEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  return integer({ from: 0, to: LAST_EPOCH }, [text], 'SOURCE_DATE_EPOCH');
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/** Reads a size, `500MB`, `10G` (1024³), `1.5GiB`, `0`, and returns bytes. @throws AppError USAGE */
export function size(texts: readonly string[], where: string): number {
  const got = last(texts);
  const [, digits, unit] = /^(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]*)$/.exec(got) ?? [];
  const factor = UNITS[(unit ?? '').toUpperCase()];
  const bytes = Math.floor(Number(digits) * (factor ?? Number.NaN));
  if (Number.isSafeInteger(bytes)) return bytes;
  return refuse({ where, expected: 'a size such as 500MB, 10G or 1.5GiB', got });
}

/**
 * Reads an address to listen on: `127.0.0.1:5000`, `[::1]:5000`, `:5000` (all addresses).
 * @throws AppError USAGE
 */
export function listenAddress(
  texts: readonly string[],
  where: string,
): { readonly host: string; readonly port: number } {
  const text = onlyWord(texts, where);
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/\s]*)):([0-9]{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    return refuse({ where, expected: 'HOST:PORT, such as 127.0.0.1:5000', got: text });
  }
  const host = match[1] ?? match[2] ?? '';
  return { host: host === '' ? '::' : host, port };
}

const DURATION_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** The longest time that a timer takes. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** Reads a time in seconds, minutes, hours or days, `15m`, or 0; returns milliseconds. @throws AppError USAGE */
export function duration(texts: readonly string[], where: string): number {
  const got = word(texts, where);
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(got) ?? [];
  const milliseconds = got === '0' ? 0 : Number(count) * (DURATION_MS[unit] ?? Number.NaN);
  if (milliseconds <= MAX_DURATION_MS) return milliseconds;
  return refuse({ where, expected: 'a time such as 30s, 15m, 6h or 1d, or 0', got });
}
