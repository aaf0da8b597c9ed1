import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RepositoryRow } from '../catalog/repositories.ts';
import type { IndexInput } from '../distros/distro.ts';
import { type ConditionalResult, fetchBytes, type Validators } from '../fetch/http.ts';
import { isLocal, joinUrl, localPath, redactUrl } from '../fetch/url.ts';
import { AppError, isAppError } from '../model/app-error.ts';
import { digestOf } from '../model/digest.ts';
import type { RepositorySpec } from '../model/repository.ts';
import { fetchKeys } from './bootstrap-keys.ts';
import type { Context } from './context.ts';
import { indexFolder } from './folder-index.ts';
import { type FoundIndex, type IndexedRepository, identityOf, withoutRelease } from './indexed-repository.ts';
import { readSignature } from './signatures.ts';
import type { Sources } from './sources.ts';

/** Arch's `extra.files` is 60 MiB; an index beyond this is somebody's mistake. */
const MAX_INDEX_BYTES = 512 * 1024 * 1024;

/**
 * Brings the request's repositories into the catalog. `asked: 'if-missing'` trusts what was indexed earlier,
 * `'always'` asks the repository whether it changed (one conditional request each).
 * @throws AppError NOT_FOUND, NETWORK, BAD_INDEX, SIGNATURE, UNTRUSTED_KEY
 */
export async function ensureIndexed(
  context: Context,
  sources: Sources,
  asked: 'always' | 'if-missing',
): Promise<readonly IndexedRepository[]> {
  const known = sources.repositories.map((spec) => knownRow(context, sources, spec));
  const found = await Promise.all(
    sources.repositories.map((spec, at) => {
      const row = known[at];
      return row !== undefined && asked === 'if-missing'
        ? 'unchanged'
        : findIndex(context, sources, { spec, row });
    }),
  );
  const result: IndexedRepository[] = [];
  for (const [at, spec] of sources.repositories.entries()) {
    const outcome = found[at] as Outcome;
    const row = known[at];
    if (outcome === 'unchanged') {
      result.push({ spec, row: row as RepositoryRow, changed: false });
    } else if (outcome === 'folder') {
      result.push(await indexFolder(context, sources, spec));
    } else {
      result.push(await store(context, sources, { spec, found: outcome }));
    }
  }
  return result;
}

/** `folder`: no index, but archives. */
export type Outcome = 'unchanged' | 'folder' | FoundIndex;

/** What is known of an index that was read before. */
export type KnownIndex = Pick<RepositoryRow, 'base' | 'etag' | 'lastModified'>;

/** What is in the catalog, unless another trust accepted it, or it is only believed. */
function acceptedRow(context: Context, sources: Sources, spec: RepositorySpec): RepositoryRow | undefined {
  const row = knownRow(context, sources, spec);
  return row !== undefined && sources.trust.accepts(row.trust) ? row : undefined;
}

/** What is in the catalog, accepted or, of a catalog of others, believed under this trust. */
function knownRow({ catalog }: Context, { trust }: Sources, spec: RepositorySpec): RepositoryRow | undefined {
  const row = catalog.repositories.find(spec.distro, spec.architecture, identityOf(spec));
  return row !== undefined && (trust.accepts(row.trust) || trust.believes(row.trust)) ? row : undefined;
}

/** An index's bytes, unless they are those of last time. @throws AppError NOT_FOUND, NETWORK, LIMIT */
export async function findIndex(
  context: Context,
  sources: Sources,
  { spec, row }: { spec: RepositorySpec; row: KnownIndex | undefined },
): Promise<Outcome> {
  const local = spec.baseUrls.filter(isLocal);
  for (const base of local) {
    const name = spec.indexNames.find((candidate) => existsSync(join(localPath(base), candidate)));
    if (name !== undefined) return readLocal(join(localPath(base), name), base, row);
  }
  if (local.length === spec.baseUrls.length) {
    const folder = local.find((base) =>
      holdsArchives(localPath(base), sources.distro.defaults.archiveSuffixes),
    );
    if (folder !== undefined) return 'folder';
    throw new AppError('NOT_FOUND', `${spec.baseUrls.join(', ')}: no index and no packages there`, {
      hint: `Expected ${spec.indexNames[0]} or ${sources.distro.defaults.archiveSuffixes.join(', ')} files for ${spec.architecture}.`,
    });
  }
  return fetchIndex(context, sources, { spec, row });
}

/** Each name of an index in turn, of the mirrors that answered and did not have it under the one before. */
async function askBases(
  bases: readonly string[],
  spec: RepositorySpec,
  ask: (urls: readonly string[]) => Promise<ConditionalResult>,
): Promise<Outcome> {
  let left = bases;
  let first: unknown;
  for (const name of spec.indexNames) {
    const urls = left.map((base) => joinUrl(base, name));
    try {
      const result = await ask(urls);
      return result.modified ? { ...result, base: left[urls.indexOf(result.url)] as string } : 'unchanged';
    } catch (error) {
      first ??= error;
      const reasons = isAppError(error)
        ? (error.details.urls as readonly { code: string }[] | undefined)
        : undefined;
      if (reasons === undefined) throw error;
      left = left.filter((_, at) => reasons[at]?.code === 'NOT_FOUND');
      if (left.length === 0) break;
    }
  }
  throw first;
}

/** Of two places on one mirror where the index may be, the one where it was. */
function inOrder(bases: readonly string[], row: KnownIndex | undefined): readonly string[] {
  const known = row?.base ?? '';
  const isBelow = bases.some((base) => base.startsWith(`${known}/`));
  return isBelow && bases.includes(known) ? [known, ...bases.filter((base) => base !== known)] : bases;
}

function readLocal(path: string, base: string, row: KnownIndex | undefined): Outcome {
  try {
    const stat = statSync(path);
    const etag = `${stat.size}-${stat.mtimeMs}-${stat.ino}`;
    if (row?.etag === etag) return 'unchanged';
    if (stat.size > MAX_INDEX_BYTES) {
      throw new AppError(
        'LIMIT',
        `${path}: expected an index of at most ${MAX_INDEX_BYTES} bytes, got ${stat.size}`,
      );
    }
    return { url: path, base, bytes: readFileSync(path), etag, lastModified: '' };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('NOT_FOUND', `${path}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function fetchIndex(
  context: Context,
  { files }: Sources,
  { spec, row }: { spec: RepositorySpec; row: KnownIndex | undefined },
): Promise<Outcome> {
  const remote = inOrder(
    spec.baseUrls.filter((base) => !isLocal(base)),
    row,
  );
  const validators: Validators | undefined =
    row === undefined ? undefined : { etag: row.etag, lastModified: row.lastModified };
  try {
    return await askBases(remote, spec, (urls) =>
      fetchBytes(urls, {
        remote: files,
        signal: context.signal,
        progress: context.progress,
        label: `${spec.name} index`,
        maxBytes: MAX_INDEX_BYTES,
        // With the index of last time at hand, a mirror that does not answer is not waited for.
        ...(validators === undefined ? {} : { validators, retries: 1 }),
      }),
    );
  } catch (error) {
    if (row !== undefined && isAppError(error, 'NETWORK')) {
      context.progress.note(`${spec.name}: not reachable, using the index of last time (${error.message})`);
      return 'unchanged';
    }
    throw error;
  }
}

async function store(
  context: Context,
  sources: Sources,
  { spec, found }: { spec: RepositorySpec; found: FoundIndex },
): Promise<IndexedRepository> {
  const { repositories } = context.catalog;
  const content = digestOf(found.bytes);
  const old = acceptedRow(context, sources, spec);
  if (old?.content === content) {
    repositories.refresh(old.id, { ...old, etag: found.etag, lastModified: found.lastModified });
    return { spec, row: old, changed: false };
  }
  const index = await readVerified(context, sources, {
    spec,
    found,
    read: (input) => sources.distro.readIndex(input),
  });
  repositories.replace(
    {
      distro: spec.distro,
      architecture: spec.architecture,
      url: identityOf(spec),
      base: found.base,
      release: sources.distro.releaseOf(index, withoutRelease(spec, sources)),
      name: spec.name,
      etag: found.etag,
      lastModified: found.lastModified,
      content,
      description: index.description,
      signedBy: index.signedBy,
      trust: sources.trust.fingerprint,
    },
    index.packages,
  );
  const row = repositories.find(spec.distro, spec.architecture, identityOf(spec)) as RepositoryRow;
  return { spec, row, changed: true };
}

/** Verifies with the keys at hand; where they are pinned and one is missing, fetches the keys and tries again. */
export async function readVerified<T>(
  context: Context,
  sources: Sources,
  wanted: { spec: RepositorySpec; found: FoundIndex; read: (input: IndexInput) => Promise<T> },
): Promise<T> {
  const { distro, trust } = sources;
  const { spec, found } = wanted;
  const signature = distro.defaults.detachedSignatures
    ? await readSignature(context, sources, found.url)
    : undefined;
  const read = async () =>
    wanted.read({
      bytes: found.bytes,
      policy: await trust.policy(),
      where: redactUrl(found.url),
      ...(signature === undefined ? {} : { signature }),
    });
  try {
    return await read();
  } catch (error) {
    if (!isAppError(error, 'UNTRUSTED_KEY') || !trust.pinned) throw error;
    await fetchKeys(context, sources, { spec, found, cause: error });
    return read();
  }
}

function holdsArchives(folder: string, suffixes: readonly string[]): boolean {
  try {
    return readdirSync(folder).some((name) => suffixes.some((suffix) => name.endsWith(suffix)));
  } catch {
    return false;
  }
}
