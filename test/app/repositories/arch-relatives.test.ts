import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { plan } from '../../../src/app/query/plan.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { use } from '../harness.ts';
import { archShelf } from './index-folders.ts';

test('x86_64_v3 takes packages of x86_64_v3, x86_64 and any; x86_64 takes no x86_64_v3', async (t) => {
  const { cache, source } = archShelf(join(tempDir(t), 'r'), {
    'cachyos-v3': [{ name: 'fast', version: '1-1', arch: 'x86_64_v3', depends: ['plain'] }],
    core: [
      { name: 'plain', version: '1-1', arch: 'x86_64', depends: ['script'] },
      { name: 'script', version: '1-1', arch: 'any' },
    ],
  });
  const names = (architecture: string) =>
    use({ cache }, async (context) =>
      (
        await plan(context, { source: { ...source, architecture }, packages: ['fast'], base: 'none' })
      ).packages.map(({ name }) => name),
    );
  for (const architecture of ['x86_64_v3', 'amd64/v3', 'x86_64_v4'])
    assert.deepEqual(await names(architecture), ['script', 'plain', 'fast'], architecture);
  for (const architecture of ['x86_64', 'amd64/v2', 'pentium4'])
    await assert.rejects(names(architecture), /fast-1-1 is for x86_64_v3/, architecture);
});
