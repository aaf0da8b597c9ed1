import { test } from 'node:test';
import { checkSets } from './suite.ts';
import { dockerUnpacker, podmanUnpacker } from './unpack.ts';

const SETS = {
  alpine: [
    ...['alpine-base', 'iso', 'fx-links', 'fx-modes', 'fx-devices', 'fx-xattrs', 'fx-names'],
    ...['fx-usrmerge', 'fx-directories'],
  ],
  arch: ['filesystem', 'pool', 'fx-links', 'fx-xattrs', 'fx-names'],
} as const;

test('the overlays of docker and podman, with zstd layers too, are what the real tools install', async (t) => {
  const found = [await dockerUnpacker(t), await podmanUnpacker(t)];
  const engines = found.filter((unpacker) => unpacker !== undefined);
  if (engines.length === 0) return t.skip('skipped: neither docker nor podman');
  for (const distro of ['alpine', 'arch'] as const) {
    const manners = engines.map((unpacker) => ({
      ...({ install: 'deferred', after: false, unpacker } as const),
      sets: SETS[distro],
    }));
    await checkSets(t, distro, { manners, concurrency: 1, every: false });
  }
});
