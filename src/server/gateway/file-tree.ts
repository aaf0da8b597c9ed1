import { type Artifact, titlePath } from '../../app/artifact/manifest.ts';
import { AppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import { hexOf } from '../../model/digest.ts';
import type { ListedEntry } from './listing.ts';

/** A file of a tree. */
export interface TreeFile {
  readonly digest: Digest;
  /** Bytes (a descriptor's own name) */
  readonly size: number;
  /** The file is the archive of a folder */
  readonly isArchive: boolean;
}

/** Files of an artifact by their paths. */
export interface FileTree {
  readonly files: ReadonlyMap<string, TreeFile>;
  /** Sentences for people */
  readonly notes: readonly string[];
}

/** Makes the tree of an artifact. Files whose names lead elsewhere, or take the place of others, are left out with a note. */
export function fileTree({ files: listed, unnamed }: Pick<Artifact, 'files' | 'unnamed'>): FileTree {
  const files = new Map<string, TreeFile>();
  const folders = new Set<string>();
  let refused = 0;
  const add = (path: string, file: TreeFile): void => {
    const above = parentsOf(path);
    if (path === '' || files.has(path) || folders.has(path) || above.some((folder) => files.has(folder))) {
      refused++;
      return;
    }
    for (const folder of above) folders.add(folder);
    files.set(path, file);
  };
  for (const file of listed) {
    const { digest, size } = file.descriptor;
    add(pathOf(file), { digest, size, isArchive: file.isFolder });
  }
  for (const { digest, size } of unnamed) add(`sha256-${hexOf(digest)}`, { digest, size, isArchive: false });
  const notes = refused === 0 ? [] : [`${refused} files have names that cannot be served.`];
  return { files, notes };
}

/** Empty if it cannot be served. */
function pathOf(file: Artifact['files'][number]): string {
  try {
    const path = titlePath(file);
    return /[\u0000-\u001f\u007f]/.test(path) ? '' : path;
  } catch (error) {
    if (error instanceof AppError) return '';
    throw error;
  }
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Returns what is directly in a folder, in order; undefined: there is no such folder. @param folder with a slash at its end; empty: the root */
export function entriesIn(
  { files }: Pick<FileTree, 'files'>,
  folder: string,
): readonly ListedEntry[] | undefined {
  const entries = new Map<string, ListedEntry>();
  for (const [path, { size, digest }] of files) {
    if (!path.startsWith(folder)) continue;
    const rest = path.slice(folder.length);
    const end = rest.indexOf('/');
    const name = end < 0 ? rest : rest.slice(0, end);
    if (end < 0) entries.set(name, { name, kind: 'file', sizeBytes: size, digest });
    else if (!entries.has(name)) entries.set(name, { name, kind: 'folder' });
  }
  if (entries.size === 0 && folder !== '') return undefined;
  return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
