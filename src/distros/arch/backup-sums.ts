import type { FileEntry } from '../../model/archive.ts';
import { PathNames } from '../../model/path-names.ts';

/**
 * Path → lower-case hex MD5 of what `backup` names, as pacman takes it right after it unpacked the entry (libalpm
 * add.c): through links, where what they lead to is the package's and came before. `md5`: of all its files.
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

/** Returns the path that a path leads to, through links of both kinds; undefined after too many. */
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
