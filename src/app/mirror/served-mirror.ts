import type { KeptFile } from '../../catalog/kept-files.ts';
import { redactUrl } from '../../fetch/url.ts';
import { isAppError } from '../../model/app-error.ts';
import { parseDigest } from '../../model/digest.ts';
import type { SourceOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import type { ServedFile, ServedKey, ServedMirror, ServedRepository } from '../../model/served-mirror.ts';
import { type Context, expectFetching } from '../context.ts';
import { indexAndKeep, readVerified } from '../repositories/ensure-indexed.ts';
import { findIndex } from '../repositories/find-index.ts';
import { fileListsOf } from '../repositories/index-file-lists.ts';
import { keepFile, keptFile } from '../repositories/kept-index.ts';
import { openLookup } from '../repositories/open-lookup.ts';
import { type IndexedRepository, releaseIn } from '../sources/indexed-repository.ts';
import { isMirrorPath } from '../sources/mirror-generation.ts';
import type { Sources } from '../sources/sources.ts';

/** Request of `servedMirror`. */
export interface ServedMirrorRequest {
  readonly source: SourceOptions;
}

/**
 * Returns what a mirror of the source's repositories serves. Their indexes are in the cache afterwards, byte for byte as they were
 * verified; a repository whose index has to be fetched and cannot be is left out, with a note.
 * @throws AppError as openLookup
 */
export async function servedMirror(context: Context, { source }: ServedMirrorRequest): Promise<ServedMirror> {
  const { sources, repositories } = await openLookup(context, source, 'if-missing');
  const notes: string[] = [];
  const served: ServedRepository[] = [];
  const signers = new Set<string>();
  for (const [rank, repository] of repositories.entries()) {
    const outcome = await servedRepository(context, sources, { repository, rank });
    if (typeof outcome === 'string') notes.push(outcome);
    else served.push(outcome);
    if (repository.row.signedBy !== '') signers.add(repository.row.signedBy);
  }
  return { distro: sources.distro.id, repositories: served, keys: await keysOf(sources, signers), notes };
}

async function keysOf(
  { distro, trust }: Sources,
  signers: ReadonlySet<string>,
): Promise<readonly ServedKey[]> {
  const keys = distro.keys.installed(await trust.policy(), [...signers].sort());
  return keys.map(({ name, content }) => ({ name, content }));
}

/** A sentence: why it cannot be served. */
async function servedRepository(
  context: Context,
  sources: Sources,
  { repository, rank }: { readonly repository: IndexedRepository; readonly rank: number },
): Promise<ServedRepository | string> {
  const { spec, row } = repository;
  const folders = foldersOf(sources, repository);
  if (folders.length === 0) return `a repository named ${JSON.stringify(spec.name)} cannot be served`;
  try {
    const kept = await keptIndex(context, sources, repository);
    return {
      folders,
      rank,
      index: servedFile(spec.indexNames, kept),
      fileLists: sources.distro.repositories.fileLists?.indexNames(spec) ?? [],
      packages: row.packageCount,
    };
  } catch (error) {
    if (!isAppError(error, 'NOT_FOUND') && !isAppError(error, 'NETWORK')) throw error;
    if (context.fetching === 'never') throw error;
    return `${spec.name} cannot be served: ${redactUrl(error.message)}`;
  }
}

/** Returns the folders of a repository as the distribution's mirrors have it: below the release, by both of its names. */
function foldersOf(sources: Sources, repository: IndexedRepository): readonly string[] {
  const { layout } = sources.distro.repositories;
  const { spec } = repository;
  const folder = layout.folder(spec);
  const releases = new Set([releaseIn(repository, sources), spec.release].filter((name) => name !== ''));
  const folders =
    layout.releaseAtEnd === undefined ? [folder] : [...releases].map((release) => `${release}/${folder}`);
  return folders.filter((path) => isMirrorPath(`${path}/index`));
}

function servedFile(names: readonly string[], kept: KeptFile): ServedFile {
  const { digest, sizeBytes, lastModified, signature } = kept;
  return { names, digest, sizeBytes, lastModified, signature };
}

/** Returns the bytes of the index that the catalog has, which are fetched again if they are not in the cache. */
async function keptIndex(
  context: Context,
  sources: Sources,
  { spec, row }: IndexedRepository,
): Promise<KeptFile> {
  const kept = keptFile(context, 'index', row);
  if (kept?.index === row.content && context.store.has(kept.digest, kept.sizeBytes)) {
    context.store.touch(kept.digest);
    return kept;
  }
  expectFetching(context, `index of ${spec.name}`);
  const { row: now } = await indexAndKeep(context, sources, spec);
  const anew = keptFile(context, 'index', now);
  if (anew === undefined) throw new Error(`${spec.name}: not kept`);
  return anew;
}

/** Request of `servedFileLists`. */
export interface ServedFileListsRequest extends ServedMirrorRequest {
  /** As in ServedRepository */
  readonly rank: number;
}

/**
 * Returns the file lists of a repository, verified, byte for byte: fetched if the index has changed since, or the earlier ones if no
 * mirror answers.
 * @throws AppError NOT_FOUND, NETWORK, BAD_INDEX, SIGNATURE, UNTRUSTED_KEY, LIMIT
 */
export async function servedFileLists(
  context: Context,
  { source, rank }: ServedFileListsRequest,
): Promise<ServedFile> {
  const { sources, repositories } = await openLookup(context, source, 'if-missing');
  const { spec, row } = required(repositories, rank);
  const reader = fileListsOf(sources);
  const indexNames = reader.indexNames(spec);
  const kept = keptFile(context, 'files', row);
  const isHere = kept !== undefined && context.store.has(kept.digest, kept.sizeBytes);
  if (isHere && kept.index === row.content) return servedFile(indexNames, kept);
  expectFetching(context, `file lists of ${spec.name}`);
  const listSpec = { ...spec, indexNames };
  const outcome = await findIndex(context, sources, {
    spec: listSpec,
    ...(isHere ? { known: { base: row.base, etag: '', lastModified: '' } } : {}),
    async accept(found) {
      const signature = await readVerified(context, sources, {
        spec: listSpec,
        found,
        async read(input) {
          const { lists } = await reader.read(input);
          for await (const _ of lists) context.signal.throwIfAborted();
          return input.signature;
        },
      });
      const index = parseDigest(row.content);
      return keepFile(context, 'files', { id: row.id, spec, found, index, signature });
    },
  });
  if (outcome.status === 'read') return servedFile(indexNames, outcome.value);
  if (isHere) return servedFile(indexNames, kept);
  throw new Error(`${spec.name}: ${outcome.status}, but never kept`);
}
