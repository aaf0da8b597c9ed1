import { test } from 'node:test';
import { openAlpine3 } from './alpine3.ts';
import { checkSets } from './suite.ts';

/** Sets whose scripts look at what apk 2 makes of a root and apk 3 does not, the whole ISO among them. */
const SCRIPTED = [
  'alpine-baselayout',
  'busybox-suid',
  'alpine-base',
  'ca-certificates',
  'eudev',
  'iso',
  'fx-merged-root',
  'fx-hooks',
];

test(
  'Alpine: every set’s image of a release with apk 3 is what real apk 3 installs',
  { concurrency: true },
  async (t) => {
    const manners = [
      { install: 'deferred', after: false },
      { install: 'static', after: false, sets: SCRIPTED.filter((name) => name !== 'iso') },
      { install: 'static', after: true, sets: [...SCRIPTED, 'fx-owners', 'fx-scripts', 'fx-failing'] },
      { install: 'run', after: false, sets: ['alpine-base', 'fx-owners', 'fx-scripts', 'fx-hooks'] },
    ] as const;
    await checkSets(t, 'alpine', { manners, every: false, open: openAlpine3 });
  },
);
