import type { RepositoryRow } from '../../catalog/repositories.ts';
import type { IndexInput } from '../../distros/inputs.ts';
import { redactUrl, withoutSecrets } from '../../fetch/url.ts';
import { AppError } from '../../model/app-error.ts';
import { digestOf } from '../../model/digest.ts';
import type { RepositoryIndex, RepositorySpec } from '../../model/repository.ts';
import { fetchKeysBesideIndex } from '../archives/fetch-keys.ts';
import { retryWithKeys } from '../archives/retry-with-keys.ts';
import { type Context, expectFetching } from '../context.ts';
import { readDetachedSignature } from '../sources/detached-signature.ts';
import {
  type FoundIndex,
  type IndexedRepository,
  identityOf,
  storedRow,
  withoutRelease,
  writeOptions,
} from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';
import { findIndex } from './find-index.ts';
import { indexFolder } from './folder-index.ts';
import { newestDate, noteOlder, noteUnreachable } from './index-notes.ts';
import { keepFile, keptFile } from './kept-index.ts';

/**
 * Adds the request's repositories to the catalog. `asked: 'if-missing'` uses indexes from earlier; `'always'` asks each
 * repository whether it has changed, with one conditional request. They are requested in parallel, then verified and written one
 * after another.
 * @throws AppError NOT_FOUND, NETWORK, BAD_INDEX, SIGNATURE, UNTRUSTED_KEY of the first repository without an index, after all
 * have been asked
 */
export async function ensureIndexed(
  context: Context,
  sources: Sources,
  asked: 'always' | 'if-missing',
): Promise<readonly IndexedRepository[]> {
  const inTurn = sequentially();
  const work = sources.repositories.map((spec) => {
    const row = knownRow(context, sources, spec);
    if (row !== undefined && asked === 'if-missing') return { spec, row, changed: false };
    expectFetching(context, `index of ${spec.name}`, 'index');
    return indexRepository(context, sources, { spec, row, inTurn });
  });
  const outcomes = await Promise.allSettled(work);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

/**
 * Reads the index of a repository anew, whatever is known of it, and keeps its bytes (kept-index.ts).
 * @throws AppError as ensureIndexed; NOT_FOUND for a folder of archives without an index
 */
export async function indexAndKeep(
  context: Context,
  sources: Sources,
  spec: RepositorySpec,
): Promise<IndexedRepository> {
  const known = context.catalog.repositories.find(spec.distro, spec.architecture, identityOf(spec));
  const outcome = await findIndex(context, sources, {
    spec,
    async accept(found) {
      // Where indexes come from elsewhere, the catalog stays as it is.
      if (context.fetching === 'archives' && digestOf(found.bytes) !== known?.content)
        throw new AppError('NOT_FOUND', `${redactUrl(found.url)}: not the index that the catalog has`);
      return store(context, sources, { spec, found, keeps: true });
    },
  });
  if (outcome.status === 'read') return outcome.value;
  throw new AppError('NOT_FOUND', `${redactUrl(spec.baseUrls[0] ?? '')}: no index found`, {
    hint: `Create one first: ${sources.distro.repositories.layout.indexTool}`,
  });
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a function that runs the given work in sequence. */
function sequentially(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

async function indexRepository(
  context: Context,
  sources: Sources,
  { spec, row, inTurn }: { spec: RepositorySpec; row: RepositoryRow | undefined; inTurn: InTurn },
): Promise<IndexedRepository> {
  const outcome = await findIndex(context, sources, {
    spec,
    known: row,
    accept: (found) => inTurn(() => store(context, sources, { spec, found })),
  });
  if (outcome.status === 'read') return outcome.value;
  if (outcome.status === 'folder') return inTurn(() => indexFolder(context, sources, spec));
  if (row === undefined) throw new Error(`${spec.name}: ${outcome.status}, but never indexed`);
  if (outcome.status === 'unreachable') {
    noteUnreachable(context, { name: spec.name, known: row, ...outcome, date: newestDate(context, row) });
    return { spec, row, changed: false, unreachable: true };
  }
  const base = withoutSecrets(outcome.base);
  if (base === row.base) return { spec, row, changed: false };
  context.catalog.repositories.refresh(row.id, { ...row, base });
  return { spec, row: { ...row, base }, changed: false };
}

/** Returns the catalog's row, if it was verified here under this trust. */
function acceptedRow(context: Context, sources: Sources, spec: RepositorySpec): RepositoryRow | undefined {
  const row = knownRow(context, sources, spec);
  return row !== undefined && sources.trust.accepts(row.trust) ? row : undefined;
}

/** Returns the catalog's row, if it was verified under this trust, here or by the publisher of a catalog. */
function knownRow({ catalog }: Context, { trust }: Sources, spec: RepositorySpec): RepositoryRow | undefined {
  const row = catalog.repositories.find(spec.distro, spec.architecture, identityOf(spec));
  return row !== undefined && (trust.accepts(row.trust) || trust.acceptsClaim(row.trust)) ? row : undefined;
}

async function store(
  context: Context,
  sources: Sources,
  { spec, found, keeps = false }: { spec: RepositorySpec; found: FoundIndex; keeps?: boolean },
): Promise<IndexedRepository> {
  const { repositories } = context.catalog;
  const content = digestOf(found.bytes);
  const old = acceptedRow(context, sources, spec);
  if (old?.content === content) {
    const row = {
      ...old,
      base: withoutSecrets(found.base),
      etag: found.etag,
      lastModified: found.lastModified,
    };
    repositories.refresh(old.id, row);
    if (keeps) {
      const { signature } = await readIndex(context, sources, { spec, found });
      await keepFile(context, 'index', { id: old.id, spec, found, index: content, signature });
    }
    return { spec, row, changed: false };
  }
  const { index, signature } = await readIndex(context, sources, { spec, found });
  const before = repositories.find(spec.distro, spec.architecture, identityOf(spec));
  const newestBefore = before === undefined ? 0 : repositories.newestBuild(before.id);
  const id = await repositories.replace(
    {
      distro: spec.distro,
      architecture: spec.architecture,
      url: identityOf(spec),
      base: withoutSecrets(found.base),
      release: '',
      name: spec.name,
      etag: found.etag,
      lastModified: found.lastModified,
      content,
      description: '',
      signedBy: index.signedBy,
      trust: sources.trust.label,
      described: (versionOf) => {
        const description = index.description();
        const release = sources.distro.releases.of({ description, versionOf }, withoutRelease(spec, sources));
        return { description, release };
      },
    },
    index.packages,
    writeOptions(context, spec.name),
  );
  if (keeps || keptFile(context, 'index', { id }) !== undefined)
    await keepFile(context, 'index', { id, spec, found, index: content, signature });
  if (newestBefore > 0) noteOlder(context, { name: spec.name, found, newestBefore, id });
  return { spec, row: storedRow(context, spec), changed: true };
}

async function readIndex(
  context: Context,
  sources: Sources,
  { spec, found }: { spec: RepositorySpec; found: FoundIndex },
): Promise<{ readonly index: RepositoryIndex; readonly signature: Uint8Array | undefined }> {
  return readVerified(context, sources, {
    spec,
    found,
    read: async (input) => ({
      index: await sources.distro.repositories.readIndex(input),
      signature: input.signature,
    }),
  });
}

/** Reads an index and verifies it; if a pinned key is missing, the keys are fetched. @throws what `read` throws */
export async function readVerified<T>(
  context: Context,
  sources: Sources,
  { spec, found, read }: { spec: RepositorySpec; found: FoundIndex; read: (input: IndexInput) => Promise<T> },
): Promise<T> {
  const { distro, trust } = sources;
  const signature = distro.keys.detached
    ? await readDetachedSignature(context, sources, found.url)
    : undefined;
  const withKeys = retryWithKeys(trust, () => fetchKeysBesideIndex(context, sources, { spec, found }));
  return withKeys(async () =>
    read({
      bytes: found.bytes,
      policy: await trust.policy(),
      where: redactUrl(found.url),
      ...(signature === undefined ? {} : { signature }),
    }),
  );
}
