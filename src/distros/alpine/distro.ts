import { AppError } from '../../model/app-error.ts';
import type { Distro } from '../distro.ts';
import { readArchive, readUnverified } from './archive-reader.ts';
import { base } from './base.ts';
import { describe } from './describe.ts';
import { readIndex } from './index-reader.ts';
import { installer } from './installer.ts';
import { providersOf, satisfies } from './providers.ts';
import { isUnknownRelease, NEWEST_RELEASE } from './releases.ts';
import { DEFAULT_RELEASE, parseRepositoryLine, repositories, resolveRelease } from './repositories.ts';
import { repositoryLines } from './repository-lines.ts';
import { rulesFor, type SolverRules } from './rules.ts';
import { solve } from './solver.ts';
import { tree } from './tree.ts';
import { unsigned } from './unsigned.ts';
import { compareVersions } from './version.ts';

/** Where alpine-keys puts the keys that apk itself would read, and all that there are. */
const KEY_FILE = /^(?:etc|usr\/share)\/apk\/keys\/(?:[^/]+\/)?[^/]+\.rsa\.pub$/;

/** Alpine and its kin: apk v2 packages and indexes; the newest apk's solver until `forSystem` says which. */
export const alpine: Distro = {
  id: 'alpine',
  defaults: {
    release: DEFAULT_RELEASE,
    path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    shells: ['/bin/sh'],
    architectures: {
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
    archiveName: /^(?<name>.+)-(?<version>\d[^-]*(?:-r\d+)?)\.apk$/,
    archiveSuffixes: ['.apk'],
    keysPackage: 'alpine-keys',
    managerPackage: 'apk-tools',
    solvers: ['apk2', 'apk3'],
    isKeyFile: (path) => KEY_FILE.test(path),
    detachedSignatures: false,
  },
  repositories,
  repositoryLines,
  repository(line, query) {
    const spec = parseRepositoryLine(line, query);
    if (spec !== null) return spec;
    throw new AppError(
      'USAGE',
      `not a repository: expected URL, DIR or "@tag URL", got ${JSON.stringify(line)}`,
    );
  },
  readIndex,
  releaseOf: (index, spec) =>
    spec.release === DEFAULT_RELEASE || spec.release === ''
      ? resolveRelease(index) || spec.release
      : spec.release,
  unknownOf: ({ release }) =>
    isUnknownRelease(release)
      ? `Alpine ${release} is newer than the newest release known to this program: its packages are installed like those of ${NEWEST_RELEASE}`
      : undefined,
  readArchive,
  readUnverified,
  unsigned,
  forSystem: (system, solver) => withRules(rulesFor(system, solver)),
  compareVersions,
  solve,
  satisfies,
  providersOf,
  describe,
  base,
  tree,
  installer,
};

function withRules(rules: SolverRules): Distro {
  return {
    ...alpine,
    compareVersions: rules.compareVersions,
    solve: (request, source) => solve(request, source, rules),
    satisfies: (relation, provider) => satisfies(relation, provider, rules),
    providersOf: (relation, source) => providersOf(relation, source, rules),
  };
}
