import { digestOf } from '../../src/model/digest.ts';
import type { MirrorAddReport, MirrorListReport } from '../../src/model/mirror-report.ts';

const repositories = [
  { folder: 'main/x86_64', files: ['APKINDEX.tar.gz'], sizeBytes: 461_000 },
  { folder: 'core/os/x86_64', files: ['core.db', 'core.db.sig'], sizeBytes: 123_000 },
];

export const MIRRORED: MirrorAddReport = {
  reference: 'registry.example/alpine:v3.19',
  digest: digestOf('generation'),
  generation: 'v3.19-0123456789ab',
  changed: true,
  repositories,
  packages: { wanted: 64, added: 12, mounted: 2 },
  sentBytes: 5_400_000,
};

export const MIRRORS: MirrorListReport = {
  mirror: 'registry.example/alpine',
  releases: [
    {
      reference: 'registry.example/alpine:v3.19',
      digest: digestOf('generation'),
      distro: 'alpine',
      release: 'v3.19',
      repositories,
      generations: ['v3.19-0123456789ab', 'v3.19-ba9876543210'],
    },
    {
      reference: 'registry.example/alpine:own',
      digest: digestOf('own'),
      distro: 'alpine',
      release: '\u001b[2J',
      repositories: [],
      generations: [],
    },
  ],
  packages: 5443,
};
