import type { FileEntry } from '../../model/archive.ts';
import { append } from '../../model/lists.ts';

/** Symlinks followed before a path is called a loop, as Linux does (path_resolution(7): 40). */
const MAX_SYMLINKS = 40;

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

/** The file that a path leads to. */
function realPath(path: string, unpacked: ReadonlyMap<string, FileEntry>): string | undefined {
  let real: string[] = [];
  const left = path.split('/').reverse();
  for (let links = 0; left.length > 0; ) {
    const part = left.pop() as string;
    if (part === '..') real.pop();
    if (part === '' || part === '.' || part === '..') continue;
    const entry = unpacked.get([...real, part].join('/'));
    if (entry?.type !== 'symlink' && entry?.type !== 'hardlink') {
      real.push(part);
      continue;
    }
    links += 1;
    if (links > MAX_SYMLINKS) return undefined;
    if (entry.type === 'hardlink' || entry.linkTarget.startsWith('/')) real = [];
    append(left, entry.linkTarget.split('/').reverse());
  }
  return real.join('/');
}
