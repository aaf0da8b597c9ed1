import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { errnoOf, reasonOf } from '../files/errno.ts';
import { AppError } from '../model/app-error.ts';
import { append } from '../model/lists.ts';
import { decodePath } from '../model/path-bytes.ts';
import { LinkJudge, type TreeNode } from './link-judge.ts';

const READ_BYTES = 256 * 1024;

/** Options of packing a folder. */
export interface PackOptions {
  /** Path of the folder within the archive; '': its entries are at the top, and the folder itself has none */
  readonly prefix: string;
  /** Maximum modification time of entries in seconds since the epoch (SOURCE_DATE_EPOCH) */
  readonly newest: number | undefined;
}

interface Member {
  readonly file: Buffer;
  /** `name`, `folder/name`; '': the folder itself */
  readonly path: string;
}

/** Type bits of a mode. tar-stream gives an entry without any bits a mode of its own, and leaves the type bits out. */
const TYPE_BITS = constants.S_IFMT;
/** tar-stream writes 31-bit times; later ones go into a pax record as well. */
const MAX_HEADER_TIME = 2 ** 31 - 1;

/**
 * Packs a folder as a tar: sorted by name, owned by root, times in whole seconds. Everything else that a file has (owner's name,
 * extended attributes, hard links) is left out, so that the same tree gives the same bytes.
 * @throws AppError STORAGE, UNSUPPORTED (sockets, pipes, devices, links that lead out, names that are not UTF-8), LIMIT
 */
export function packFolder(folder: string, options: PackOptions): AsyncIterable<Uint8Array> {
  const tar = pack();
  fill(tar, folder, options).then(
    () => tar.finalize(),
    (error) => tar.destroy(error),
  );
  return tar as AsyncIterable<Uint8Array>;
}

async function fill(tar: Pack, folder: string, { prefix, newest }: PackOptions): Promise<void> {
  const nodes = new Map<string, TreeNode>();
  const members: Member[] = [{ file: Buffer.from(folder), path: '' }];
  for (let member = members.pop(); member !== undefined; member = members.pop()) {
    const { file, path } = member;
    // The folder itself may be given by a link.
    const stats = reading(file, () => (path === '' ? statSync(file) : lstatSync(file)));
    const name = utf8([prefix, path].filter((part) => part !== '').join('/'));
    const { mode } = stats;
    const shared = { uid: 0, gid: 0, mode, ...timeOf(stats, newest) };
    if (stats.isDirectory()) {
      nodes.set(path, { type: 'directory', linkTarget: '' });
      if (name !== '') tar.entry({ ...shared, name: `${name}/`, type: 'directory' });
      append(members, children(member));
    } else if (stats.isSymbolicLink()) {
      const linkTarget = utf8(decodePath(reading(file, () => readlinkSync(file, { encoding: 'buffer' }))));
      nodes.set(path, { type: 'symlink', linkTarget });
      tar.entry({ ...shared, name, type: 'symlink', mode: TYPE_BITS | 0o777, linkname: linkTarget });
    } else if (stats.isFile()) {
      const entry = tar.entry({ ...shared, name, type: 'file', size: stats.size });
      await pipeline(content(file, stats.size), entry as unknown as NodeJS.WritableStream);
    } else {
      throw new AppError('UNSUPPORTED', `${file}: expected a file, folder or symlink, got something else`);
    }
  }
  const out = new LinkJudge(nodes, folder).find();
  if (out !== undefined) throw leadsOut(`${folder}/${out}`, nodes.get(out)?.linkTarget ?? '');
}

function timeOf(
  { mtimeMs }: Stats,
  newest = Number.POSITIVE_INFINITY,
): { mtime: Date; pax?: { mtime: string } } {
  const seconds = Math.min(Math.max(0, Math.floor(mtimeMs / 1000)), newest);
  if (seconds <= MAX_HEADER_TIME) return { mtime: new Date(seconds * 1000) };
  return { mtime: new Date(MAX_HEADER_TIME * 1000), pax: { mtime: String(seconds) } };
}

/** tar-stream writes names as UTF-8, and would write others wrongly. */
function utf8(name: string): string {
  if (name.isWellFormed()) return name;
  throw new AppError('UNSUPPORTED', `${JSON.stringify(name)}: expected a name in UTF-8`, {
    hint: 'Rename it, or pack the folder with tar and push the archive as a file.',
    details: { path: name },
  });
}

/** Unpacking the archive would refuse it. */
function leadsOut(path: string, linkTarget: string): AppError {
  return new AppError('UNSUPPORTED', `${path}: symlink out of the folder: ${linkTarget.slice(0, 200)}`, {
    hint: 'Remove the link or move its target into the folder, since pulling the artifact would be refused.',
    details: { path, linkTarget },
  });
}

/** Last first, to be taken from the end. */
function children({ file, path }: Member): readonly Member[] {
  return reading(file, () => readdirSync(file, { encoding: 'buffer' }))
    .sort((a, b) => Buffer.compare(b, a))
    .map((name) => ({
      file: Buffer.concat([file, Buffer.from('/'), name]),
      path: path === '' ? decodePath(name) : `${path}/${decodePath(name)}`,
    }));
}

function* content(file: Buffer, sizeBytes: number): Generator<Buffer, void, void> {
  const descriptor = reading(file, () => openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW));
  try {
    for (let left = sizeBytes; left > 0; ) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, left));
      const got = reading(file, () => readSync(descriptor, buffer));
      if (got === 0) throw new AppError('STORAGE', `${file}: truncated while it was read`);
      left -= got;
      yield buffer.subarray(0, got);
    }
  } finally {
    closeSync(descriptor);
  }
}

function reading<T>(file: Buffer, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw new AppError('STORAGE', `cannot read ${decodePath(file)}: ${reasonOf(error)}`, { cause: error });
  }
}
