import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../model/app-error.ts';
import type { TarEntry } from './tar-entry.ts';
import { buildEntry, type EntryPlace, type Extensions } from './tar-header.ts';

/** Differences between a package manager and engines in reading a tar. */
export interface TarDialect {
  /** Checks every header block, including those of extended headers. @throws AppError if the tool refuses the archive */
  header(block: Buffer, context: string): void;
  /** Keys of pax records that the tool ignores */
  readonly ignoredRecords: ReadonlySet<string>;
  readonly readsGlobalHeaders: boolean;
  /** Reads GNU long link names (type `K`) */
  readonly readsLongLinks: boolean;
}

/**
 * Returns the entry as the tool of a dialect reads it.
 * @throws AppError as buildEntry; BAD_ARCHIVE if tool and engines would end its content at different bytes
 */
export function asReadBy(
  dialect: TarDialect,
  {
    block,
    extensions,
    entry,
    place,
  }: { block: Buffer; extensions: Extensions; entry: TarEntry; place: EntryPlace },
): TarEntry {
  const { globalPax, localPax, longName, longLink } = extensions;
  const isPlain =
    (dialect.readsGlobalHeaders || globalPax.length === 0) &&
    (dialect.readsLongLinks || longLink === undefined) &&
    !localPax.some(([key]) => dialect.ignoredRecords.has(key));
  if (isPlain) return entry;
  const own = buildEntry(
    block,
    {
      globalPax: dialect.readsGlobalHeaders ? globalPax : [],
      localPax: localPax.filter(([key]) => !dialect.ignoredRecords.has(key)),
      longName,
      longLink: dialect.readsLongLinks ? longLink : undefined,
    },
    place,
  );
  if (own.sizeBytes !== entry.sizeBytes) {
    const text = `size of ${JSON.stringify(own.path.slice(0, 200))} is ${own.sizeBytes} in its header and ${entry.sizeBytes} in pax records`;
    throw new AppError('BAD_ARCHIVE', `${place.context}: ${text}`);
  }
  const mtime = Math.floor(entry.mtime) === own.mtime ? entry.mtime : own.mtime;
  const read = { ...own, mtime, pax: entry.pax };
  return {
    ...read,
    isAmbiguous:
      own.isAmbiguous || SEEN_BY_ENGINES.some((field) => !isDeepStrictEqual(read[field], entry[field])),
  };
}

/** Fields that engines use; they take owners by number alone. */
const SEEN_BY_ENGINES = ['path', 'type', 'uid', 'gid', 'mtime', 'linkTarget', 'xattrs'] as const;
