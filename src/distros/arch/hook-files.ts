/** Folders of hooks (alpm-hooks(5)), without a leading slash: the vendor's, then the administrator's, which overrides it. */
export const HOOK_FOLDERS = ['usr/share/libalpm/hooks', 'etc/pacman.d/hooks'] as const;

/** Suffix of the file names of hooks (alpm-hooks(5)). */
export const HOOK_SUFFIX = '.hook';

/** Returns whether a path is a hook directly in one of the two folders. */
export function isHookFile(path: string): boolean {
  if (!path.endsWith(HOOK_SUFFIX)) return false;
  return HOOK_FOLDERS.includes(path.slice(0, path.lastIndexOf('/')) as (typeof HOOK_FOLDERS)[number]);
}
