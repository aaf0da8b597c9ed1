import type { DiffReport, ImageSummary } from '../../src/model/diff-report.ts';
import { digestOf } from '../../src/model/digest.ts';
import type { EntryVerdict, VerifyReport } from '../../src/model/verify-report.ts';

const KEY = 'alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub';

const entry = (path: string, more: Partial<EntryVerdict>): EntryVerdict => ({
  path,
  type: 'file',
  sizeBytes: 100,
  origin: 'generated',
  package: '',
  note: '',
  ...more,
});

export const VERIFY: VerifyReport = {
  image: 'out.tar',
  tags: ['docker.io/pkgcompose/gcc:latest'],
  digest: digestOf('manifest'),
  imageId: digestOf('config'),
  platform: 'linux/amd64',
  layers: [
    {
      at: 0,
      digest: digestOf('a'),
      diffId: digestOf('a tar'),
      sizeBytes: 397_000,
      kind: 'package',
      packages: [
        {
          name: 'musl',
          version: '1.2.4-r2',
          architecture: 'x86_64',
          vouching: { by: 'signature', key: KEY },
        },
      ],
      entries: 9,
      verdicts: [],
      unsigned: [],
    },
    {
      at: 1,
      digest: digestOf('b'),
      diffId: digestOf('b tar'),
      sizeBytes: 4_000,
      kind: 'install',
      packages: [],
      entries: 5,
      verdicts: [
        entry('lib', { type: 'directory', sizeBytes: 0, origin: 'directory' }),
        entry('lib/moved', { origin: 'moved', package: 'musl-1.2.4-r2', note: 'is its lib/ld-musl' }),
        entry('.wh..PKGINFO', { sizeBytes: 0, origin: 'whiteout', note: 'hides the metadata of packages' }),
        entry('.pkg/install.sh', { origin: 'install' }),
        entry('etc/pass\nwd', { package: 'base-1-r0', note: "in place of base-1-r0's own" }),
      ],
      unsigned: [],
    },
  ],
  config: { asComposed: true, settings: { 'Env PATH': '/bin', Cmd: '["/bin/sh"]' } },
  packages: 1,
  unverifiedPackages: 0,
  verified: true,
  problems: [],
  notes: ['files that neither the layout nor a manifest lists: 1, the first: blobs/sha256/0'],
};

const summary = (image: string, more: Partial<ImageSummary>): ImageSummary => ({
  image,
  digest: digestOf(image),
  imageId: digestOf(`${image} config`),
  platform: 'linux/amd64',
  packages: 2,
  layers: 3,
  files: 30,
  sizeBytes: 1_000_000,
  ...more,
});

export const DIFF: DiffReport = {
  a: summary('old.tar', {}),
  b: summary('new.tar', { packages: 12, digest: null }),
  equal: false,
  packages: [
    { name: 'git', from: null, to: '2.43.0-r0' },
    { name: 'musl', from: '1.2.4-r1', to: '1.2.4-r2' },
    { name: 'zlib', from: '1.3-r0', to: null },
  ],
  layers: {
    shared: [{ digest: digestOf('s'), sizeBytes: 900_000, holds: 'busybox-1-r0' }],
    onlyA: [{ digest: digestOf('x'), sizeBytes: 100_000, holds: 'zlib-1.3-r0' }],
    onlyB: [{ digest: digestOf('y'), sizeBytes: 2_500_000, holds: '' }],
    reordered: false,
    fetchBytes: 2_500_000,
  },
  files: [
    { path: 'etc/conf', from: 'file 644 0:0 3', to: 'file 600 0:0 4', changes: ['content', 'mode'] },
    { path: 'usr/bin/git', from: null, to: 'file 755 0:0 4', changes: [] },
  ],
  config: [{ key: 'config.Env PATH', from: '/bin', to: '/usr/bin:/bin' }],
};
