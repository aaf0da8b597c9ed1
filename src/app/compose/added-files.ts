import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { TreeRoot } from '../../compose/root.ts';
import { directoryInode, type Inode, Tree } from '../../compose/tree.ts';
import { errnoOf, reasonOf } from '../../files/errno.ts';
import { AppError } from '../../model/app-error.ts';
import type { AddedPath } from '../../model/request.ts';

const DIRECTORY_MODE = 0o755;
const EXECUTABLE_BITS = 0o111;

/** Time and owner of what is added: the same sources give the same bytes, whoever copied them and when. */
type Attributes = Pick<AddedPath, 'mode' | 'uid' | 'gid'> & { readonly mtime: number };

/**
 * Returns the tree with files and folders of this machine. Directories of the tree stay as they are, symlinks to them are followed;
 * a file replaces one of the same path.
 * @param time of everything added, in seconds since the epoch
 * @throws AppError NOT_FOUND, STORAGE for a source that cannot be read; UNSUPPORTED for sockets, pipes and devices; CONFLICT if a
 * file is in the place of a directory or the other way round
 */
export async function withAddedFiles(tree: Tree, added: readonly AddedPath[], time: number): Promise<Tree> {
  const root = new TreeRoot(new Tree(tree), time);
  for (const { source, destination, ...attributes } of added) {
    // The source itself may be given by a link.
    const stats = reading(source, () => statSync(source));
    await add(root, { file: source, path: destination, stats }, { ...attributes, mtime: time });
  }
  return root.tree;
}

interface Source {
  readonly file: string;
  /** In the image */
  readonly path: string;
  readonly stats: Stats;
}

async function add(root: TreeRoot, source: Source, attributes: Attributes): Promise<void> {
  const { file, path, stats } = source;
  const where = `--add ${file}`;
  if (stats.isDirectory()) {
    const real = root.isDirectory(path) ? undefined : root.locate(path, where);
    if (real !== undefined) place(root, real, { where, inode: folder(attributes) });
    for (const name of reading(file, () => readdirSync(file)).sort()) {
      const child = join(file, name);
      await add(
        root,
        { file: child, path: `${path}/${name}`, stats: reading(child, () => lstatSync(child)) },
        attributes,
      );
    }
    return;
  }
  place(root, root.locate(path, where), { where, inode: await inodeOf(source, attributes) });
}

function place(
  root: TreeRoot,
  path: string,
  { where, inode }: { readonly where: string; readonly inode: Inode },
): void {
  const before = root.tree.get(path);
  if (before !== undefined && (before.type === 'directory' || inode.type === 'directory')) {
    throw new AppError(
      'CONFLICT',
      `${where}: /${path} is a ${before.type} in the image, and would be a ${inode.type}`,
    );
  }
  root.tree.set(path, inode);
}

function folder({ uid, gid, mtime }: Attributes): Inode {
  return directoryInode({ mode: DIRECTORY_MODE, uid, gid, mtime });
}

async function inodeOf({ file, stats }: Source, attributes: Attributes): Promise<Inode> {
  if (stats.isSymbolicLink()) {
    const linkTarget = reading(file, () => readlinkSync(file));
    return { ...folder(attributes), type: 'symlink', mode: 0o777, linkTarget };
  }
  if (!stats.isFile())
    throw new AppError(
      'UNSUPPORTED',
      `--add ${file}: expected a file, folder or symlink, got something else`,
    );
  const usual = (stats.mode & EXECUTABLE_BITS) === 0 ? 0o644 : 0o755;
  return {
    ...folder(attributes),
    type: 'file',
    mode: attributes.mode ?? usual,
    sizeBytes: stats.size,
    sha256: await hashOf(file),
    content: { kind: 'file', path: file },
  };
}

/** Returns the hash of what is read now; that it is still so when it is written is checked by its size alone. */
async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(file, error);
  }
  return hash.digest('hex');
}

function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): unknown {
  const code = errnoOf(error);
  if (code === undefined) return error;
  const cause = { cause: error };
  return new AppError(
    code === 'ENOENT' ? 'NOT_FOUND' : 'STORAGE',
    `--add ${file}: ${reasonOf(error)}`,
    cause,
  );
}
