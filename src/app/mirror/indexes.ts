import { fileNameOf, redactUrl } from '../../fetch/url.ts';
import { AppError } from '../../model/app-error.ts';
import { digestOf } from '../../model/digest.ts';
import { append } from '../../model/lists.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import type { Context } from '../context.ts';
import { findIndex } from '../repositories/find-index.ts';
import { fileListsOf, indexFileLists } from '../repositories/index-file-lists.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { readDetachedSignature } from '../sources/detached-signature.ts';
import type { FoundIndex, IndexedRepository } from '../sources/indexed-repository.ts';
import { folderOf, type Generation, isMirrorPath } from '../sources/mirror-generation.ts';
import type { IndexFile } from './publish.ts';

/**
 * Returns the repositories by their folders in a mirror, which are those of the distribution's own mirrors.
 * @throws AppError USAGE if two have the same name, or a name cannot be a folder
 */
export function foldersOf({ sources, repositories }: Lookup): ReadonlyMap<string, IndexedRepository> {
  const folders = new Map<string, IndexedRepository>();
  for (const repository of repositories) {
    const { spec } = repository;
    const folder = sources.distro.repositories.layout.folder(spec);
    if (!isMirrorPath(`${folder}/index`)) {
      throw new AppError('USAGE', `a repository named ${JSON.stringify(spec.name)} cannot be mirrored`, {
        hint: 'Rename it: the name is the last part of its URL or folder and may contain letters, digits and ._+@-',
      });
    }
    if (folders.has(folder)) {
      throw new AppError(
        'USAGE',
        `two repositories are named ${spec.name}: ${redactUrl(spec.baseUrls[0] ?? '')} and another one`,
        {
          hint: 'Use a separate mirror or tag for each: --to REG/NAME:TAG',
        },
      );
    }
    folders.set(folder, repository);
  }
  return folders;
}

/** Index files to copy. */
export interface WantedFiles {
  readonly folders: ReadonlyMap<string, IndexedRepository>;
  /** The mirror's current generation */
  readonly base: Generation | undefined;
  /** Also copy the file lists */
  readonly files: boolean;
}

/**
 * Returns all index files of the folders in which one differs from the mirror's. They are the verified ones, fetched again, since
 * the catalog keeps the contents of indexes but not their bytes.
 * @throws AppError as findIndex; CONFLICT if they change in between
 */
export async function changedFiles(
  context: Context,
  lookup: Lookup,
  { folders, base, files }: WantedFiles,
): Promise<readonly IndexFile[]> {
  const { sources, repositories } = lookup;
  if (files) await indexFileLists(context, sources, repositories);
  const changed: IndexFile[] = [];
  for (const [folder, repository] of folders) {
    const wanted = wantedIndexes(context, lookup, { repository, files });
    const there = new Set<string>(
      base?.files.filter((file) => folderOf(file) === folder).map(({ digest }) => digest),
    );
    if (wanted.every(({ content }) => there.has(content))) continue;
    for (const index of wanted) append(changed, await readFiles(context, lookup, { folder, index }));
  }
  return changed;
}

interface WantedIndex {
  readonly spec: RepositorySpec;
  /** Digest of its verified bytes */
  readonly content: string;
}

function wantedIndexes(
  { catalog }: Context,
  { sources }: Lookup,
  { repository, files }: { readonly repository: IndexedRepository; readonly files: boolean },
): readonly WantedIndex[] {
  const { spec, row } = repository;
  const index = { spec, content: row.content };
  const lists = catalog.fileLists.find(row.id);
  if (!files || lists === undefined) return [index];
  const indexNames = fileListsOf(sources).indexNames(spec);
  return [index, { spec: { ...spec, indexNames }, content: lists.content }];
}

/** Reads an index and its signature, if it has one. */
async function readFiles(
  context: Context,
  { sources }: Lookup,
  { folder, index }: { readonly folder: string; readonly index: WantedIndex },
): Promise<readonly IndexFile[]> {
  const { spec, content } = index;
  const outcome = await findIndex(context, sources, {
    spec,
    accept: async (found) => verified(found, content),
  });
  if (outcome.status !== 'read') {
    throw new AppError(
      'USAGE',
      `${redactUrl(spec.baseUrls[0] ?? '')}: no index found: only a repository with an index can be mirrored`,
      {
        hint: `Create one first: ${sources.distro.repositories.layout.indexTool}`,
      },
    );
  }
  const found = outcome.value;
  const path = `${folder}/${indexFileName(found)}`;
  const signature = sources.distro.keys.detached
    ? await readDetachedSignature(context, sources, found.url)
    : undefined;
  return [
    { path, bytes: found.bytes },
    ...(signature === undefined ? [] : [{ path: `${path}.sig`, bytes: signature }]),
  ];
}

/** Returns a mirror's index if it is the one that was verified. @throws AppError CONFLICT */
function verified(found: FoundIndex, content: string): FoundIndex {
  if (digestOf(found.bytes) === content) return found;
  throw new AppError('CONFLICT', `${redactUrl(found.url)}: changed during mirroring`, {
    hint: 'Try again.',
  });
}

/** Returns the file name of an index: `core.db`. */
function indexFileName({ url }: FoundIndex): string {
  return fileNameOf(url);
}
