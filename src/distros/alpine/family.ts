import type { Family } from '../family.ts';

const ARCHIVE = /^(?<name>.+)-(?<version>\d[^-]*(?:-r\d+)?)\.apk$/;

/** The Alpine family: Alpine and its relatives, such as Wolfi and Chainguard. */
export const alpineFamily: Family = {
  id: 'alpine',
  tool: 'apk',
  purlType: 'apk',
  releases: ['latest-stable', 'edge'],
  releasePattern: /^v?\d+\.\d+$/,
  solvers: ['apk2', 'apk3'],
  archiveNames: {
    suffixes: ['.apk'],
    read(fileName) {
      const { name, version } = ARCHIVE.exec(fileName)?.groups ?? {};
      return name === undefined || version === undefined ? undefined : { name, version };
    },
    write: ({ name, version }) => `${name}-${version}.apk`,
  },
  load: async () => (await import('./distro.ts')).alpine,
};
