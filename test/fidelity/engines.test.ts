import { test } from 'node:test';
import { checkSets, type Manner } from './suite.ts';
import { dockerUnpacker, podmanUnpacker } from './unpack.ts';

const ALPINE: readonly Manner[] = [
  {
    install: 'deferred',
    after: false,
    sets: [
      'alpine-base',
      'iso',
      'fx-links',
      'fx-modes',
      'fx-devices',
      'fx-xattrs',
      'fx-names',
      'fx-usrmerge',
      'fx-directories',
    ],
  },
  { install: 'static', after: false, sets: ['toolchain'] },
];
const ARCH: readonly Manner[] = [
  { install: 'deferred', after: false, sets: ['filesystem', 'pool', 'fx-links', 'fx-xattrs', 'fx-names'] },
];

test('docker: its overlay of an image’s layers is what the real tool installs', async (t) => {
  const docker = await dockerUnpacker(t);
  if (docker === undefined) return t.skip('skipped: no docker engine');
  for (const [distro, manners] of [
    ['alpine', ALPINE],
    ['arch', ARCH],
  ] as const)
    await checkSets(t, distro, { manners, unpacker: docker, every: false });
});

test('podman: its overlay of an image’s layers, zstd ones too, is what the real tool installs', async (t) => {
  const podman = await podmanUnpacker(t);
  if (podman === undefined) return t.skip('skipped: no podman');
  for (const [distro, manners] of [
    ['alpine', ALPINE],
    ['arch', ARCH],
  ] as const)
    await checkSets(t, distro, { manners, unpacker: podman, every: false });
});
