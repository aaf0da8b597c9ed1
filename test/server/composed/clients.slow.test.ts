import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PULL_CLIENTS, startPullClient } from '../../fixtures/pull-clients.ts';
import { runConformance } from '../registry/conformance.ts';
import { startComposing } from './harness.ts';

test('the read-only mode of the official conformance suite passes on composed names', async (t) => {
  const server = await startComposing(t);
  const index = await server.manifest('alpine/tool');
  const [image] = index.json.manifests;
  const { config, layers } = (await server.manifest('alpine/tool', image?.digest)).json;
  const result = await runConformance(t, server.host, {
    repository: 'alpine/tool',
    tags: ['latest', '1.0-r0'],
    manifests: [index.digest, image?.digest ?? ''],
    blobs: [config.digest, ...layers.map(({ digest }) => digest)],
    referrers: [],
  });
  if (result === undefined) return;
  const { FAIL, Error: errors, Pass } = result.counts;
  assert.deepEqual([FAIL, errors], [0, 0], result.log);
  assert.ok(Pass > 10, result.log);
  t.diagnostic(`${Pass} pass`);
});

for (const name of PULL_CLIENTS)
  test(`${name} pulls an image that is composed for it, and shows why another one cannot be`, async (t) => {
    const client = await startPullClient(t, name);
    if (client === undefined) return;
    const server = await startComposing(t);
    const { layerCount } = await client.pull(`${server.host}/alpine/tool/libc__2b2b:latest`);
    assert.equal(layerCount, 4);
    const refusal = await client.pull(`${server.host}/alpine/tol:latest`).then(
      () => assert.fail('pulled'),
      (error: Error & { stderr?: string }) => `${error.message}\n${error.stderr ?? ''}`,
    );
    if (name === 'docker' || name === 'skopeo')
      assert.match(refusal, /no such package: tol\. Did you mean tool\?/);
  });
