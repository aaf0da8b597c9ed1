import type { BaseQuery } from '../install.ts';

/**
 * What `--base` adds to a request. Minimal is a shell with its tools, and users: 41 packages and 40 MB in March 2026 (without
 * coreutils 10 and 17 MB, and no `ls`). Without pacman, which would make that 117 and 115 MB, nearly all of the system.
 * System: the container image `archlinux:base` is the package `base` with what it needs (archlinux-docker's Makefile).
 */
export function base({ mode }: BaseQuery): readonly string[] {
  return mode === 'minimal' ? ['filesystem', 'bash', 'coreutils'] : ['base'];
}
