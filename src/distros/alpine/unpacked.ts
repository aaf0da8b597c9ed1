import { AppError } from '../../model/app-error.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import { foldersOf } from '../../model/folders.ts';
import type { InstalledPackage } from '../install.ts';
import { entryOf } from './describe.ts';

/** Returns whether apk unpacks a package: if its installed size is 0 in the index, neither its files nor its scripts count. */
export function isUnpacked(installed: InstalledPackage): boolean {
  return entryOf(installed).installedSizeBytes !== 0;
}

/**
 * Returns whether apk 2 never installs the entry: one whose path starts with a dot, or abuild's `.keep_<something>` in any
 * folder, unless it is a directory.
 */
export function isMetadata(entry: Pick<FileEntry, 'path' | 'type'>): boolean {
  if (isHidden(entry)) return true;
  const { path, type } = entry;
  return type !== 'directory' && path.includes('.keep_') && /(?:^|\/)\.keep_[^/]+$/.test(path);
}

/**
 * Returns whether apk 3 never installs the entry: one whose path starts with a dot. It does install abuild's `.keep_<something>`.
 */
export function isHidden({ path }: Pick<FileEntry, 'path'>): boolean {
  return path.startsWith('.');
}

/** Returns the folder of a path, without a slash at either end; empty for the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

/**
 * Checks for entries that apk 2.14 reports as an error and does not install.
 * @throws AppError BAD_ARCHIVE naming the package and the entry
 */
export function checkEntries(
  facts: ArchiveFacts,
  isLeftOut: (entry: Pick<FileEntry, 'path' | 'type'>) => boolean,
): void {
  const { files } = facts;
  // Then only names can be wrong.
  const { plain, root } = foldersOf(files);
  const isPlain = plain[root] === 1;
  const folders = new Set(['']);
  const seen = new Set<string>();
  for (let index = 0; index < files.length; index += 1) {
    const path = files.path(index);
    const { type } = files.head(index);
    if (isLeftOut({ path, type })) continue;
    if (CONTROL_CHARACTER.test(path)) throw refused(facts, path, 'control characters in its name');
    if (isPlain) continue;
    if (type === 'directory') {
      folders.add(path);
      continue;
    }
    if (!folders.has(folderOf(path))) throw refused(facts, path, 'no entry for its folder before it');
    if (seen.has(path)) throw refused(facts, path, 'the same file twice');
    if (type === 'hardlink' && !seen.has(files.at(index).linkTarget))
      throw refused(
        facts,
        path,
        `a hard link to ${files.at(index).linkTarget}, which does not come before it`,
      );
    seen.add(path);
  }
}

const CONTROL_CHARACTER = /[\0-\x1f\x7f]/;

function refused({ name, version }: ArchiveFacts, path: string, why: string): AppError {
  return new AppError(
    'BAD_ARCHIVE',
    `${name}-${version}: ${JSON.stringify(path)} cannot be installed by apk: ${why}`,
    { hint: 'Ask the packager to fix it: the package is broken.', details: { package: name, path } },
  );
}
