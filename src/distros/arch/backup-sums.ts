import type { FileEntry } from '../../model/file-entry.ts';
import { PathNames } from '../../model/path-names.ts';

/**
 * Returns path → MD5, in lower-case hex, of the files that `backup` names. pacman computes it right after it has unpacked the
 * entry (libalpm add.c), so links are followed if they lead to an earlier entry of the package.
 * @param md5 path → MD5 of all the package's files
 */
export function backupSums(
  files: readonly FileEntry[],
  backup: ReadonlySet<string>,
  md5: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  const sums = new Map<string, string>();
  const unpacked = new Map<string, FileEntry>();
  for (const entry of backup.size === 0 ? [] : files) {
    unpacked.set(entry.path, entry);
    if (!backup.has(entry.path)) continue;
    const real = realPath(entry.path, unpacked);
    const sum = real !== undefined && unpacked.has(real) ? md5.get(real) : undefined;
    if (sum === undefined) sums.delete(entry.path);
    else sums.set(entry.path, sum);
  }
  return Object.fromEntries(sums);
}

/** Follows symbolic and hard links; undefined after too many. */
function realPath(path: string, unpacked: ReadonlyMap<string, FileEntry>): string | undefined {
  let real: string[] = [];
  const names = new PathNames(path);
  for (let name = names.next(); name !== undefined; name = names.next()) {
    if (name === '..') {
      real.pop();
      continue;
    }
    const entry = unpacked.get([...real, name].join('/'));
    if (entry?.type !== 'symlink' && entry?.type !== 'hardlink') {
      real.push(name);
      continue;
    }
    if (!names.follow(entry.linkTarget)) return undefined;
    if (entry.type === 'hardlink' || entry.linkTarget.startsWith('/')) real = [];
  }
  return real.join('/');
}
