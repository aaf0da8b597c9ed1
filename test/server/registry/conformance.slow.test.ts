import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runConformance } from './conformance.ts';
import { descriptorOf, digestOf, pushImage, startServer } from './harness.ts';

test('the official conformance suite passes in full on stored content', async (t) => {
  const { host } = await startServer(t);
  const result = await runConformance(t, host);
  if (result === undefined) return;
  const { Pass, ...others } = result.counts;
  assert.deepEqual(others, { FAIL: 0, Error: 0, Skip: 0, Disabled: 0 }, result.log);
  assert.ok(Pass > 900, result.log);
  t.diagnostic(`${Pass} pass`);
});

test('its read-only mode passes on a registry that takes no pushes', async (t) => {
  const server = await startServer(t);
  const image = await pushImage(server, 'app', { by: 'v1' });
  const subject = descriptorOf(image.text, 'application/vnd.oci.image.manifest.v1+json');
  await pushImage(server, 'app', { subject });
  const { stored } = server;
  const readOnly = await startServer(t, { origins: [stored], stored: undefined });
  const result = await runConformance(t, readOnly.host, {
    repository: 'app',
    tags: ['v1'],
    manifests: [image.digest],
    blobs: [digestOf('a layer'), digestOf('{}')],
    referrers: [image.digest],
  });
  if (result === undefined) return;
  const { FAIL, Error: errors, Pass } = result.counts;
  assert.deepEqual([FAIL, errors], [0, 0], result.log);
  assert.ok(Pass > 10, result.log);
  t.diagnostic(`${Pass} pass`);
});
