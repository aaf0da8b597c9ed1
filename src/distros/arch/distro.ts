import { AppError } from '../../model/app-error.ts';
import type { Distro } from '../distro.ts';
import { ARCHITECTURES, takesArchitecture } from './architectures.ts';
import { base } from './base.ts';
import { fileLists, readDatabase } from './database.ts';
import { describe } from './describe.ts';
import { installer } from './installer.ts';
import { readPackageArchive, readUnverified } from './package-archive.ts';
import { providersOf, satisfies } from './providers.ts';
import { DEFAULT_RELEASE, parseRepositoryLine, repositories } from './repositories.ts';
import { solve } from './solver.ts';
import { tree } from './tree.ts';
import { compareVersions } from './version.ts';

/** Arch Linux and its kin: pacman databases and packages, libalpm's solver. */
export const arch: Distro = {
  id: 'arch',
  defaults: {
    release: DEFAULT_RELEASE,
    path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    shells: ['/bin/bash', '/usr/bin/bash', '/bin/sh', '/usr/bin/sh'],
    architectures: Object.fromEntries(
      Object.entries(ARCHITECTURES).flatMap(([word, { oci, aliases = [] }]) =>
        [oci, ...aliases].map((name) => [name, word]),
      ),
    ),
    platforms: Object.fromEntries(Object.entries(ARCHITECTURES).map(([word, { oci }]) => [word, oci])),
    takesArchitecture,
    archiveName: /^(?<name>.+)-(?<version>[^-]+-[^-]+)-(?<architecture>[^-]+)\.pkg\.tar(?:\.[^.]+)?$/,
    // PKGEXT of makepkg.conf(5); the last five are told by name, and refused by what they are.
    archiveSuffixes: ['zst', 'xz', 'gz', 'bz2', '', 'lz4', 'lzo', 'lz', 'lrz', 'Z'].map(
      (ending) => `.pkg.tar${ending === '' ? '' : `.${ending}`}`,
    ),
    keysPackage: 'archlinux-keyring',
    managerPackage: 'pacman',
    solvers: [],
    isKeyFile: (path) => path.startsWith('usr/share/pacman/keyrings/') && !path.endsWith('/'),
    detachedSignatures: true,
  },
  repositories,
  repository(line, query) {
    const spec = parseRepositoryLine(line, query);
    if (spec === undefined) {
      throw new AppError(
        'USAGE',
        `not a repository: expected URL, DIR or NAME=URL, got ${JSON.stringify(line)}`,
      );
    }
    return spec;
  },
  readIndex: readDatabase,
  fileLists,
  releaseOf: (_index, spec) => spec.release,
  readArchive: readPackageArchive,
  readUnverified,
  // A signature and a checksum are over all of an archive.
  unsigned: () => ({ endsAt: 0, tarEndsAt: 0, parts: [] }),
  compareVersions,
  solve,
  satisfies,
  providersOf,
  describe,
  base,
  tree,
  installer,
};
