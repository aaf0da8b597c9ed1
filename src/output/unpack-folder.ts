import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../model/app-error.ts';
import { outputError } from './storage-error.ts';
import { readEntries } from './tar-entries.ts';
import { OWNER, type TreeOptions, UnpackedTree } from './unpacked-tree.ts';

/** How an archive of a folder is unpacked. */
export interface UnpackOptions extends TreeOptions {
  /** Folder that the archive's becomes; what is there stays, but for files of the same path */
  readonly target: string;
  /** Files that are there are an error */
  readonly keepOldFiles: boolean;
}

/** Number of entries that were unpacked or left out. */
export interface Unpacked {
  readonly entries: number;
  /** Devices and pipes, which are never made */
  readonly skipped: number;
}

/**
 * Unpacks a tar into a folder beside its target and moves it there once the bytes have come to their end without an error:
 * `chunks` throws when they are not the right ones. Nothing is ever written through a link: of the archive none is followed,
 * and where the target has one in a folder's place that is an error. Links that lead out of the folder are refused. Owners and set-uid bits
 * are left out, the umask counts.
 * @throws AppError BAD_ARCHIVE, UNSUPPORTED, LIMIT, CONFLICT, STORAGE, and what `chunks` throws
 */
export async function unpackFolder(chunks: AsyncIterable<Buffer>, options: UnpackOptions): Promise<Unpacked> {
  const { target, where, keepOldFiles } = options;
  const there = statOf(target);
  if (there !== undefined && !there.isDirectory()) throw inTheWay(target, 'a folder');
  // What is renamed into a folder that is there must lie in its file system.
  const folder = join(
    there === undefined ? dirname(target) : target,
    `.compose-${randomBytes(8).toString('hex')}`,
  );
  const discard = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', discard);
  const tree = new UnpackedTree(folder, options);
  try {
    mkdirSync(folder, { mode: OWNER });
    await readEntries(chunks, tree, where);
    tree.finish();
    if (there === undefined) renameSync(folder, target);
    else merge(folder, target, keepOldFiles);
    return { entries: tree.entries, skipped: tree.skipped };
  } catch (error) {
    throw outputError(error, target, 0);
  } finally {
    tree.close();
    discard();
    process.removeListener('exit', discard);
  }
}

/** All or nothing as far as it can be known before: what is in the way is found before the first is moved. */
function merge(from: string, to: string, keepOldFiles: boolean): void {
  const moves: (readonly [from: Buffer, to: Buffer])[] = [];
  const folders: (readonly [from: Buffer, to: Buffer])[] = [[Buffer.from(from), Buffer.from(to)]];
  for (let pair = folders.pop(); pair !== undefined; pair = folders.pop()) {
    for (const name of readdirSync(pair[0], { encoding: 'buffer' })) {
      const [source, target] = pair.map((folder) => Buffer.concat([folder, Buffer.from('/'), name]));
      if (source === undefined || target === undefined) continue;
      const there = statOf(target);
      const isFolder = lstatSync(source).isDirectory();
      if (there === undefined) moves.push([source, target]);
      else if (isFolder !== there.isDirectory())
        throw inTheWay(target, isFolder ? 'a folder' : 'something other than a folder');
      else if (isFolder) folders.push([source, target]);
      else if (keepOldFiles) throw keptFile(target);
      else moves.push([source, target]);
    }
  }
  for (const [source, target] of moves) renameSync(source, target);
}

function statOf(path: string | Buffer): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function inTheWay(path: string | Buffer, expected: string): AppError {
  return new AppError(
    'CONFLICT',
    `${path}: expected ${expected} or nothing; existing files are not overwritten`,
    {
      hint: 'Move it away, or choose another place with -o.',
      details: { path: String(path) },
    },
  );
}

/** Refuses files that already exist, for --keep-old-files. */
export function keptFile(path: string | Buffer): AppError {
  return new AppError(
    'CONFLICT',
    `${path}: already exists, and is not overwritten because of --keep-old-files`,
    {
      hint: 'Leave out --keep-old-files to overwrite it.',
      details: { path: String(path) },
    },
  );
}
