import { test } from 'node:test';
import { checkJobs, jobs } from './suite.ts';

test('Arch: every set’s image is what real pacman -S installs', { concurrency: true }, async (t) => {
  const all = [
    ...jobs('arch', { install: 'deferred', after: false }),
    ...jobs('arch', { install: 'deferred', after: true }, [
      'bash',
      'gnupg',
      'pacman',
      'systemd',
      'fx-scripts',
    ]),
    ...jobs('arch', { install: 'static', after: false }, ['filesystem', 'bash', 'sudo', 'fx-owners']),
    ...jobs('arch', { install: 'static', after: true }, ['systemd', 'fx-owners']),
    ...jobs('arch', { install: 'run', after: false }, ['pacman', 'fx-scripts']),
  ];
  await checkJobs(t, all, { every: true });
});
