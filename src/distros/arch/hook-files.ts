/** alpm-hooks(5): the vendor's folder first, the administrator's overrides it. */
export const HOOK_FOLDERS = ['usr/share/libalpm/hooks', 'etc/pacman.d/hooks'] as const;

/** How the file names of hooks end (alpm-hooks(5)). */
export const HOOK_SUFFIX = '.hook';

/** Whether a path is a hook of one of the two folders (not of a folder below). */
export function isHookFile(path: string): boolean {
  if (!path.endsWith(HOOK_SUFFIX)) return false;
  return HOOK_FOLDERS.includes(path.slice(0, path.lastIndexOf('/')) as (typeof HOOK_FOLDERS)[number]);
}
