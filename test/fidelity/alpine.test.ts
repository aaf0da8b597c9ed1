import { test } from 'node:test';
import { checkJobs, jobs } from './suite.ts';

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
];

test('Alpine: every set’s image is what real apk add installs', { concurrency: true }, async (t) => {
  const all = [
    ...jobs('alpine', { install: 'deferred', after: false }),
    ...jobs('alpine', { install: 'deferred', after: true }, [...SCRIPTED, 'fx-failing']),
    ...jobs('alpine', { install: 'static', after: false }, SCRIPTED),
    ...jobs('alpine', { install: 'static', after: true }, SCRIPTED),
    ...jobs('alpine', { install: 'run', after: false }, ['alpine-base', 'iso', 'fx-owners', 'fx-scripts']),
  ];
  await checkJobs(t, all, { every: true });
});
