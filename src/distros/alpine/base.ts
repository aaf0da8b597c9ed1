import type { BaseQuery } from '../install.ts';
import { isBefore } from './releases.ts';

const MINIMAL = ['alpine-baselayout', 'alpine-release', 'alpine-keys', 'busybox', 'apk-tools'];

/**
 * World of the container images that Alpine publishes, made by aports' scripts/genrootfs.sh. Source: the lists of packages in
 * docker-library/repo-info for 3.20.3, 3.21.8, 3.22.6, 3.23.4, 3.24.2 and edge 20260805, and etc/apk/world of the image tarballs
 * of 3.20.3 and 3.23.4. Up to 3.20 the images have alpine-release's files without the package.
 */
const SYSTEM = [...MINIMAL, 'musl-utils'];
const SYSTEM_BEFORE_3_21 = [...MINIMAL, 'libc-utils'];

/** Base images of Wolfi and its relatives are made of one package, which depends on the layout, the keys, busybox and apk. */
const WOLFI = ['wolfi-base'];

/** Returns the package names that `--base` adds to a request. */
export function base({ mode, release, has }: BaseQuery): readonly string[] {
  if (!has('alpine-baselayout') && WOLFI.every(has)) return WOLFI;
  const system = isBefore(release, 'v3.21') ? SYSTEM_BEFORE_3_21 : SYSTEM;
  const names = mode === 'minimal' ? MINIMAL : system;
  // The package exists since 3.17; before, etc/alpine-release belonged to alpine-base.
  return names.filter((name) => name !== 'alpine-release' || has(name));
}
