import type { BaseQuery } from '../install.ts';

/**
 * Returns the package names that `--base` adds to a request. Minimal: a shell with its tools, and users; 41 packages and 40 MB in
 * March 2026 (without coreutils 10 packages and 17 MB, but no `ls`), without pacman, which would make it 117 packages and 115 MB.
 * System: the package `base`, of which the container image `archlinux:base` is made (archlinux-docker's Makefile).
 */
export function base({ mode }: BaseQuery): readonly string[] {
  return mode === 'minimal' ? ['filesystem', 'bash', 'coreutils'] : ['base'];
}
