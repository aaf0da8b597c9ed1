import { AppError } from '../../model/app-error.ts';
import type { Architectures, Distro, Repositories } from '../distro.ts';
import { isAnyArchitecture } from '../shared/any-architecture.ts';
import { base } from './base.ts';
import { describe } from './describe.ts';
import { alpineFamily } from './family.ts';
import { database, metadata } from './image-files.ts';
import { keys } from './keys.ts';
import { isUnknownRelease, NEWEST_RELEASE } from './releases.ts';
import {
  DEFAULT_RELEASE,
  layout,
  repositories as official,
  parseRepositoryLine,
  resolveRelease,
} from './repositories.ts';
import { repositoryLines } from './repository-lines.ts';
import { resolverOf } from './resolver.ts';
import { APK_3, rulesFor } from './rules.ts';
import { tree } from './tree.ts';
import { unsigned } from './unsigned.ts';

/** Architectures for which Alpine builds packages. */
const architectures: Architectures = {
  words: {
    amd64: 'x86_64',
    arm64: 'aarch64',
    'arm64/v8': 'aarch64',
    '386': 'x86',
    'arm/v6': 'armhf',
    'arm/v7': 'armv7',
    arm: 'armv7',
    ppc64le: 'ppc64le',
    s390x: 's390x',
    riscv64: 'riscv64',
    loong64: 'loongarch64',
  },
  takes: (wanted, of) => of === wanted || isAnyArchitecture(of),
  isAny: isAnyArchitecture,
};

const repositories: Repositories = {
  official,
  lines: repositoryLines,
  parse(line, query) {
    const spec = parseRepositoryLine(line, query);
    if (spec !== null) return spec;
    throw new AppError(
      'USAGE',
      `not a repository: expected URL, DIR or "@tag URL", got ${JSON.stringify(line)}`,
    );
  },
  readIndex: async (input) => (await import('./index-reader.ts')).readIndex(input),
  layout,
};

/**
 * Code of the Alpine family: apk v2 packages and indexes, and the solver of the newest apk unless `forSystem` chooses another.
 */
export const alpine: Distro = {
  id: alpineFamily.id,
  architectures,
  releases: {
    default: DEFAULT_RELEASE,
    managerPackage: 'apk-tools',
    of: (clues, spec) =>
      spec.release === DEFAULT_RELEASE || spec.release === ''
        ? resolveRelease(clues) || spec.release
        : spec.release,
    unknown: ({ release }) =>
      isUnknownRelease(release)
        ? `Alpine ${release} is newer than the newest release known to this program: its packages are installed like those of ${NEWEST_RELEASE}`
        : undefined,
  },
  repositories,
  archives: {
    names: alpineFamily.archiveNames,
    read: async (input) => (await import('./archive-reader.ts')).readArchive(input),
    readUnverified: async (input) => (await import('./archive-reader.ts')).readUnverified(input),
    unsigned,
    describe,
    metadata,
  },
  resolver: { ...resolverOf(APK_3), forSystem: (system, solver) => resolverOf(rulesFor(system, solver)) },
  install: {
    environment: {
      path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      shells: ['/bin/sh'],
    },
    base,
    tree,
    installer: async (installation) => (await import('./installer.ts')).installer(installation),
    database,
  },
  keys,
};
