import type { IndexPackage } from './package.ts';

const NONE: readonly string[] = [];

/** A package with every field empty, for readers of indexes to fill in. */
export const BLANK_PACKAGE: IndexPackage = {
  name: '',
  version: '',
  architecture: '',
  description: '',
  url: '',
  license: '',
  origin: '',
  maintainer: '',
  buildTime: 0,
  commit: '',
  sizeBytes: 0,
  installedSizeBytes: 0,
  fileName: '',
  checksum: '',
  depends: NONE,
  provides: NONE,
  replaces: NONE,
  conflicts: NONE,
  installIf: NONE,
  groups: NONE,
  providerPriority: 0,
  replacesPriority: 0,
  signature: '',
  extra: {},
};
