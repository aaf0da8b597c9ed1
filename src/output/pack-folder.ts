import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { TAR_END, tarHeader, tarPadding } from '../archive/tar-writer.ts';
import { errnoOf, reasonOf } from '../files/errno.ts';
import { AppError } from '../model/app-error.ts';
import { append } from '../model/lists.ts';
import { decodePath } from '../model/path-bytes.ts';
import { LinkJudge, type TreeNode } from './link-judge.ts';

const READ_BYTES = 256 * 1024;

export interface PackOptions {
  /** Path of the folder within the archive; '': its entries are at the top, and it has none itself */
  readonly prefix: string;
  /** Seconds since the epoch that no entry is newer than (SOURCE_DATE_EPOCH) */
  readonly newest: number | undefined;
}

interface Member {
  readonly file: Buffer;
  /** `name`, `folder/name`; '': the folder itself */
  readonly path: string;
}

/**
 * A folder as a tar: in the order of names, owned by root, whole seconds; what else there is of a file (names of its
 * owner, extended attributes, further hard links) is left out, so that the same tree gives the same bytes.
 * @throws AppError STORAGE, UNSUPPORTED (sockets, pipes, devices, links that lead out), LIMIT
 */
export function* packFolder(folder: string, options: PackOptions): Generator<Buffer, void, void> {
  const { prefix } = options;
  const nodes = new Map<string, TreeNode>();
  const members: Member[] = [{ file: Buffer.from(folder), path: '' }];
  for (let member = members.pop(); member !== undefined; member = members.pop()) {
    const { file, path } = member;
    // The folder itself may be given by a link.
    const stats = reading(file, () => (path === '' ? statSync(file) : lstatSync(file)));
    const inArchive = [prefix, path].filter((part) => part !== '').join('/');
    const shared = {
      path: inArchive,
      mode: stats.mode & 0o7777,
      uid: 0,
      gid: 0,
      mtime: Math.min(
        Math.max(0, Math.floor(stats.mtimeMs / 1000)),
        options.newest ?? Number.POSITIVE_INFINITY,
      ),
    };
    if (stats.isDirectory()) {
      nodes.set(path, { type: 'directory', linkTarget: '' });
      if (inArchive !== '') yield tarHeader({ ...shared, type: 'directory' });
      append(members, children(member));
    } else if (stats.isSymbolicLink()) {
      const linkTarget = decodePath(reading(file, () => readlinkSync(file, { encoding: 'buffer' })));
      nodes.set(path, { type: 'symlink', linkTarget });
      yield tarHeader({ ...shared, type: 'symlink', mode: 0o777, linkTarget });
    } else if (stats.isFile()) {
      yield tarHeader({ ...shared, type: 'file', sizeBytes: stats.size });
      yield* content(file, stats.size);
      yield tarPadding(stats.size);
    } else {
      throw new AppError('UNSUPPORTED', `${file}: expected a file, folder or symlink, got something else`);
    }
  }
  const out = new LinkJudge(nodes, folder).find();
  if (out !== undefined) throw leadsOut(`${folder}/${out}`, nodes.get(out)?.linkTarget ?? '');
  yield TAR_END;
}

/** Whoever unpacks the archive would refuse it. */
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
