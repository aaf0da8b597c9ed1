import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the cache is: `$PKGCOMPOSE_CACHE`, else `cache/` of the checkout that the program runs from, else
 * `$XDG_CACHE_HOME/pkgcompose`, else `~/.cache/pkgcompose` (XDG Base Directory Specification).
 */
export function cacheDirectory(env: NodeJS.ProcessEnv, root: string): string {
  const named = env.PKGCOMPOSE_CACHE;
  if (named !== undefined && named !== '') return named;
  if (existsSync(join(root, '.git')) && existsSync(join(root, 'cache'))) return join(root, 'cache');
  const xdg = env.XDG_CACHE_HOME;
  // The specification: a relative path there is invalid and ignored.
  if (xdg?.startsWith('/')) return join(xdg, 'pkgcompose');
  return join(env.HOME ?? homedir(), '.cache/pkgcompose');
}
