import { test } from 'node:test';
import { checkSets } from './suite.ts';

/** Sets with scripts, the whole ISO among them. */
const SCRIPTED = [
  'alpine-baselayout',
  'busybox-suid',
  'alpine-base',
  'ca-certificates',
  'dhcpcd',
  'chrony',
  'tiny-cloud',
  'eudev',
  'toolchain',
  'iso',
  'fx-owners',
  'fx-scripts',
  'fx-hooks',
];

test('Alpine: every set’s image is what real apk add installs', { concurrency: true }, async (t) => {
  const manners = [
    { install: 'deferred', after: false },
    { install: 'deferred', after: true, sets: [...SCRIPTED, 'fx-failing'] },
    // tiny-cloud's script is left in the whole ISO, and with it busybox's trigger after it: neither of apk's two states.
    { install: 'static', after: false, sets: SCRIPTED.filter((name) => name !== 'iso') },
    { install: 'static', after: true, sets: SCRIPTED },
    { install: 'run', after: false, sets: ['alpine-base', 'iso', 'fx-owners', 'fx-scripts', 'fx-hooks'] },
  ] as const;
  await checkSets(t, 'alpine', { manners, every: true });
});
