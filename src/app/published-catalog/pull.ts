import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NewRepository } from '../../catalog/repositories.ts';
import { claimed } from '../../catalog/trust-label.ts';
import { distroOf, familyIds } from '../../distros/families.ts';
import { AppError } from '../../model/app-error.ts';
import type { CatalogPullReport } from '../../model/catalog-report.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { digestOf } from '../../model/digest.ts';
import type { Reader } from '../../model/json-readers.ts';
import { fullName, parseReference, type Reference } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import { readSmallBlob } from '../../output/image-content.ts';
import type { Context } from '../context.ts';
import { fetchBlobs } from '../images/fetch-blobs.ts';
import { openRegistryContent } from '../images/registry-content.ts';
import { withRegistries } from '../registries/sessions.ts';
import { sourceOptions } from '../settings/settings.ts';
import { writeOptions } from '../sources/indexed-repository.ts';
import { Trust } from '../sources/trust.ts';
import { type ArchiveRecord, archiveRecord } from './archive-record.ts';
import { type CatalogConfig, readCatalogConfig, readCatalogManifest, type Section } from './artifact.ts';
import { recordsOf } from './chunks.ts';
import { type DerivedRecord, derivedRecord, type KeyRecord, keyRecord, packageRecord } from './records.ts';
import { malformed } from './strict-json.ts';

/** Records that are stored in one transaction: the files of a few large packages take 50 ms. */
const BATCH_RECORDS = 50;

/** Request of `catalog pull`. */
export interface CatalogPullRequest {
  readonly reference: string;
  /** Trust whatever has that name; otherwise the reference must have the digest */
  readonly believe: boolean;
  readonly access: RegistryAccess;
}

/**
 * Adds a published catalog's records to the catalog, after all of them could be read. They are trusted, not checked: facts of an
 * archive count until its bytes are here, and a repository's packages until its index is fetched.
 * @throws AppError USAGE if the user has not said that this catalog is trusted; UNSUPPORTED, BAD_INDEX, LIMIT; as getManifest
 */
export async function pullCatalog(context: Context, request: CatalogPullRequest): Promise<CatalogPullReport> {
  const reference = parseReference(request.reference);
  return withRegistries(context, request, async (session) => {
    const content = await openRegistryContent(session, reference);
    const { root } = content;
    const { digest } = root.descriptor;
    const where = fullName({ ...reference, digest });
    const { config, chunks } = readCatalogManifest(root, where);
    if (reference.digest === undefined && !request.believe) throw unconfirmed(reference, where);
    const what = readCatalogConfig(await readSmallBlob(content, config), chunks, `${where}: config`);
    const { fetched, cached } = await fetchBlobs(
      context,
      {
        root,
        documents: [root],
        blobs: [...new Map(chunks.map((chunk) => [chunk.digest, chunk])).values()],
        blob: (blob, offset) => content.blob(blob, offset),
      },
      where,
    );
    const { repositories, archives, derived, keys } = await readRecords(context, { what, chunks, where });
    const taken = await storeArchives(context, archives);
    await context.catalog.longWrite(context.signal, BATCH_RECORDS).rows(derived, ({ key, ...blob }) => {
      if (context.catalog.derived.get(key) === undefined) context.catalog.derived.put(key, blob);
    });
    const changed = repositories.filter(({ row }) => isChanged(context, row));
    // One state of a distribution's repositories: never a new one beside an old one.
    await context.catalog.repositories.replaceAll(changed, writeOptions(context, where));
    await cacheKeys(context, keys);
    return { reference: where, digest, repositories: changed.length, archives: taken, fetched, cached };
  });
}

function unconfirmed(reference: Reference, where: string): AppError {
  return new AppError(
    'USAGE',
    `${fullName(reference)}: a catalog cannot be verified: pin it by digest, or pass --trust-catalog`,
    {
      hint: `If you trust its publisher: compose catalog pull ${where}`,
      details: { expected: where, got: fullName(reference) },
    },
  );
}

interface FetchedCatalog {
  readonly what: CatalogConfig;
  readonly chunks: readonly Descriptor[];
  readonly where: string;
}

interface ReadRecords {
  readonly repositories: readonly NewRepository[];
  /** Read a second time when they are stored: their files may take gigabytes */
  readonly archives: AsyncIterable<readonly ArchiveRecord[]>;
  readonly derived: readonly DerivedRecord[];
  readonly keys: readonly KeyRecord[];
}

/** Reads all records, so that nothing is stored of a catalog that is damaged anywhere. */
async function readRecords(context: Context, { what, chunks, where }: FetchedCatalog): Promise<ReadRecords> {
  let next = 0;
  const section = <T>({ records, chunks: length }: Section, read: Reader<T>): AsyncIterable<readonly T[]> => {
    const own = chunks.slice(next, next + length);
    next += length;
    return {
      async *[Symbol.asyncIterator]() {
        let found = 0;
        for (const { digest } of own) {
          const bytes = readFileSync(context.store.get(digest));
          if (digestOf(bytes) !== digest) throw malformed(`chunk ${digest}`, digest, digestOf(bytes));
          const items = [...recordsOf(bytes, read, `${where}: chunk ${digest}`)];
          found += items.length;
          yield items;
          await nextTurn();
        }
        if (found !== records) throw malformed(where, `${records} records`, found);
      },
    };
  };
  const repositories: NewRepository[] = [];
  for (const { packages, ...repository } of what.repositories) {
    repositories.push({
      // Without validators, so that the next request for its index gets it in full and verifies it.
      row: { ...repository, trust: claimed(repository.trust), etag: '', lastModified: '' },
      packages: await all(section(packages, packageRecord)),
    });
  }
  const archives = section(what.archives, archiveRecord);
  for await (const _ of archives);
  const derived = await all(section(what.derived, derivedRecord));
  return { repositories, archives, derived, keys: await all(section(what.keys, keyRecord)) };
}

async function all<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const records: T[] = [];
  for await (const batch of batches) for (const record of batch) records.push(record);
  return records;
}

/** Stores the facts of archives that were not checked here. @returns their number */
async function storeArchives(context: Context, records: ReadRecords['archives']): Promise<number> {
  const { archives } = context.catalog;
  let taken = 0;
  await context.catalog.longWrite(context.signal, BATCH_RECORDS).rows(records, ({ facts, trust }) => {
    if (archives.trustOf(facts.digest)?.basis === 'checked') return;
    archives.put(facts, claimed(trust));
    taken += 1;
  });
  return taken;
}

function isChanged(
  { catalog }: Context,
  { distro, architecture, url, content }: NewRepository['row'],
): boolean {
  const known = catalog.repositories.find(distro, architecture, url);
  return known?.content !== content || known.trust === undefined;
}

/** Stores the key files that the product pins. */
async function cacheKeys(context: Context, keys: readonly KeyRecord[]): Promise<void> {
  for (const id of familyIds()) {
    const files = keys
      .filter(({ distro }) => distro === id)
      .map(({ name, content }) => ({ name, bytes: Buffer.from(content, 'base64') }));
    const trust = new Trust(context, await distroOf(id), sourceOptions({ distro: id }));
    if (files.length > 0 && trust.cachedKeys().length === 0) await trust.cacheKeys(files);
  }
}
