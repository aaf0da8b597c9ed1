import type { Compression } from '../../model/archive.ts';
import type { Family } from '../family.ts';

const ARCHIVE = /^(?<name>.+)-(?<version>[^-]+-[^-]+)-(?<architecture>[^-]+)\.pkg\.tar(?:\.[^.]+)?$/;

const ENDINGS: Readonly<Record<Compression, string>> = {
  gzip: '.gz',
  zstd: '.zst',
  xz: '.xz',
  bzip2: '.bz2',
  none: '',
};

/** The Arch family: Arch Linux and its relatives. */
export const archFamily: Family = {
  id: 'arch',
  tool: 'pacman',
  purlType: 'alpm',
  releases: ['rolling'],
  solvers: [],
  archiveNames: {
    // PKGEXT of makepkg.conf(5); the last five are recognised by name, and rejected by their content.
    suffixes: ['.zst', '.xz', '.gz', '.bz2', '', '.lz4', '.lzo', '.lz', '.lrz', '.Z'].map(
      (ending) => `.pkg.tar${ending}`,
    ),
    read(fileName) {
      const { name, version, architecture } = ARCHIVE.exec(fileName)?.groups ?? {};
      return name === undefined || version === undefined ? undefined : { name, version, architecture };
    },
    write: ({ name, version, architecture }, compression) =>
      `${name}-${version}-${architecture}.pkg.tar${ENDINGS[compression]}`,
  },
  load: async () => (await import('./distro.ts')).arch,
};
