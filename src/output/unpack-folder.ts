import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../model/app-error.ts';
import { outputError } from './storage-error.ts';
import { readEntries } from './tar-entries.ts';
import { OWNER, type TreeOptions, UnpackedTree } from './unpacked-tree.ts';

/** Options of unpacking an archive. */
export interface UnpackOptions extends TreeOptions {
  /** Folder to unpack into; its files stay unless the archive has the same path */
  readonly target: string;
  /** Existing files are an error */
  readonly keepOldFiles: boolean;
}

/** Number of entries that were unpacked or left out. */
export interface Unpacked {
  readonly entries: number;
  /** Devices and pipes, which are never made */
  readonly skipped: number;
}

/**
 * Unpacks a tar into a folder beside its target, and moves it there once `chunks` has ended without an error: it throws if the
 * bytes are wrong. Nothing is ever written through a link: links of the archive are not followed, and a link in place of a folder
 * in the target is an error. Links that lead out of the folder are refused. Owners and set-uid bits are not restored; the umask
 * applies.
 * @throws AppError BAD_ARCHIVE, UNSUPPORTED, LIMIT, CONFLICT, STORAGE, and what `chunks` throws
 */
export async function unpackFolder(chunks: AsyncIterable<Buffer>, options: UnpackOptions): Promise<Unpacked> {
  const { target, where, keepOldFiles } = options;
  const there = statOf(target);
  if (there !== undefined && !there.isDirectory()) throw inTheWay(target, 'a folder');
  // A file can only be renamed into a folder of the same file system.
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

/** Moves all or nothing, as far as that can be known: conflicts are found before the first file is moved. */
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

/** Makes the error for an existing file, for --keep-old-files. */
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
