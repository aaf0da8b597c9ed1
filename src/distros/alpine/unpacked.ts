import { AppError } from '../../model/app-error.ts';
import type { ArchiveFacts, FileEntry } from '../../model/archive.ts';
import type { InstalledPackage } from '../install.ts';
import { entryOf } from './describe.ts';

/** apk does not open a package whose installed size is 0 in the index: neither its files nor its scripts count. */
export function isUnpacked(installed: InstalledPackage): boolean {
  return entryOf(installed).installedSizeBytes !== 0;
}

/** Members that apk 2 never installs: what starts with a dot, and abuild's `.keep_<something>` anywhere but directories. */
export function isMetadata(entry: Pick<FileEntry, 'path' | 'type'>): boolean {
  if (isHidden(entry)) return true;
  const { path, type } = entry;
  return type !== 'directory' && path.includes('.keep_') && /(?:^|\/)\.keep_[^/]+$/.test(path);
}

/** Members that apk 3 never installs; it installs abuild's `.keep_<something>` like any file. */
export function isHidden({ path }: Pick<FileEntry, 'path'>): boolean {
  return path.startsWith('.');
}

/** Without a slash at either end; '' is the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

/**
 * What apk 2.14 reports as an error and leaves out.
 * @throws AppError BAD_ARCHIVE naming the package and the entry
 */
export function checkEntries(facts: ArchiveFacts, isLeftOut: (entry: FileEntry) => boolean): void {
  const folders = new Set(['']);
  const files = new Set<string>();
  for (const entry of facts.files) {
    const { path } = entry;
    if (isLeftOut(entry)) continue;
    if (CONTROL_CHARACTER.test(path)) throw refused(facts, entry, 'control characters in its name');
    if (entry.type === 'directory') {
      folders.add(path);
      continue;
    }
    if (!folders.has(folderOf(path))) throw refused(facts, entry, 'no entry for its folder before it');
    if (files.has(path)) throw refused(facts, entry, 'the same file twice');
    if (entry.type === 'hardlink' && !files.has(entry.linkTarget))
      throw refused(facts, entry, `a hard link to ${entry.linkTarget}, which does not come before it`);
    files.add(path);
  }
}

const CONTROL_CHARACTER = /[\0-\x1f\x7f]/;

function refused({ name, version }: ArchiveFacts, { path }: FileEntry, why: string): AppError {
  return new AppError(
    'BAD_ARCHIVE',
    `${name}-${version}: ${JSON.stringify(path)} cannot be installed by apk: ${why}`,
    { hint: 'Ask the packager to fix it: the package is broken.', details: { package: name, path } },
  );
}
