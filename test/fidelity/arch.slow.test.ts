import { test } from 'node:test';
import { checkSets } from './suite.ts';

test('Arch: every set’s image is what real pacman -S installs', { concurrency: true }, async (t) => {
  const manners = [
    { install: 'deferred', after: false },
    { install: 'deferred', after: true, sets: ['bash', 'gnupg', 'pacman', 'systemd', 'fx-scripts'] },
    { install: 'static', after: false, sets: ['filesystem', 'bash', 'sudo', 'fx-owners'] },
    { install: 'static', after: true, sets: ['systemd', 'fx-owners'] },
    { install: 'run', after: false, sets: ['pacman', 'systemd', 'fx-scripts'] },
  ] as const;
  await checkSets(t, 'arch', { manners, every: true });
});
