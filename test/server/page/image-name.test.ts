import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repositoryOf } from '../../../src/server/page/image-name.ts';
import { source } from '../../app/harness.ts';

const CHOICE = {
  id: 'alpine/v3.19/x86_64',
  distro: 'alpine',
  release: 'v3.19',
  architecture: 'x86_64',
  platform: 'linux/amd64',
  source: source({ release: 'v3.19' }),
};
const visit = { choice: CHOICE, bag: ['gcc', 'libstdc++'], base: undefined, defaultBase: undefined };

test('a bag is pulled by the name that composes it', () => {
  assert.equal(repositoryOf(visit, 'host:5000'), 'alpine/v3.19/gcc/libstdc__2b2b');
  assert.equal(repositoryOf({ ...visit, base: 'none' }, 'host'), 'bare/alpine/v3.19/gcc/libstdc__2b2b');
  const choice = { ...CHOICE, release: 'latest-stable', source: source() };
  assert.equal(repositoryOf({ ...visit, choice }, 'host'), 'alpine/gcc/libstdc__2b2b');
});

test('there is no name for a base that is not the server’s, nor for too many packages', () => {
  assert.equal(repositoryOf({ ...visit, base: 'system' }, 'host'), undefined);
  assert.equal(
    repositoryOf({ ...visit, base: 'system', defaultBase: 'system' }, 'host'),
    'alpine/v3.19/gcc/libstdc__2b2b',
  );
  assert.equal(repositoryOf({ ...visit, base: 'minimal', defaultBase: 'none' }, 'host'), undefined);
  const bag = Array.from({ length: 30 }, (_, index) => `package-${index}`);
  assert.equal(repositoryOf({ ...visit, bag }, 'host'), undefined);
});
