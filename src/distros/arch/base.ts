import type { BaseQuery } from '../distro.ts';

/**
 * What `--base` adds to a request. Minimal is a shell and users. Without pacman: of the 117 packages and 115 MB that
 * `filesystem bash pacman` came to in March 2026, 107 and 98 MB were there for pacman alone, nearly all of the system.
 * System: the container image `archlinux:base` is the package `base` with what it needs (archlinux-docker's Makefile).
 */
export function base({ mode }: BaseQuery): readonly string[] {
  return mode === 'minimal' ? ['filesystem', 'bash'] : ['base'];
}
