import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Returns the folder of the cache: $PKGCOMPOSE_CACHE; else the checkout's cache/, if `checkoutRoot` is one (it has .git and
 * cache) and this user can write there; else $XDG_CACHE_HOME/pkgcompose (an absolute path, XDG Base Directory section 3); else
 * ~/.cache/pkgcompose. Empty variables count as unset.
 */
export function cacheDirectory(env: NodeJS.ProcessEnv, checkoutRoot?: string): string {
  if (env.PKGCOMPOSE_CACHE) return resolve(env.PKGCOMPOSE_CACHE);
  if (checkoutRoot !== undefined) {
    const cache = join(checkoutRoot, 'cache');
    if (existsSync(join(checkoutRoot, '.git')) && existsSync(cache) && isUsable(cache)) return cache;
  }
  if (env.XDG_CACHE_HOME?.startsWith('/')) return join(env.XDG_CACHE_HOME, 'pkgcompose');
  return join(env.HOME || homedir(), '.cache', 'pkgcompose');
}

/** Tells whether this user can use the checkout's cache: if several users run a checkout, it belongs to the one who made it. */
function isUsable(cache: string): boolean {
  try {
    accessSync(cache, constants.W_OK | constants.X_OK);
    const catalog = join(cache, 'catalog.sqlite');
    if (existsSync(catalog)) accessSync(catalog, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
