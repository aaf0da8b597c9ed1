import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openImage } from '../../../src/output/open-image.ts';
import { choicesOf } from '../../../src/server/page/choices.ts';
import { source } from '../../app/harness.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { startComposing } from '../composed/harness.ts';
import { startSite } from './site.ts';

test('the file of a bag is the image that its name pulls, and its layers are known as shared from then on', async (t) => {
  const server = await startComposing(t);
  const { mirror, pool, composed, stored } = server;
  const keyring = join(server.directory, '..', 'keys');
  const sources = ['x86_64', 'aarch64'].map((architecture) =>
    source({ release: 'v3.19', mirrors: [mirror.url], keyring, architecture }),
  );
  const site = await startSite(t, {
    choices: await choicesOf(sources),
    defaultBase: 'none',
    work: pool,
    images: composed.origin,
    known: stored.content,
  });
  const shared = async (): Promise<readonly string[]> => {
    const answer = await site.get('/image?bag=tool', 'application/json');
    const { layers } = (await answer.json()) as {
      layers: { label: string; sharedWith: readonly string[] }[];
    };
    return layers.map(({ label, sharedWith }) => `${label}: ${sharedWith.join()}`);
  };
  assert.deepEqual((await shared()).toSorted(), ['lib: ', 'tool: ']);
  const answer = await site.get('/image/image.tar?bag=tool+other&in=alpine/v3.19/aarch64');
  assert.equal(answer.status, 200);
  const path = join(tempDir(t), 'image.tar');
  writeFileSync(path, Buffer.from(await answer.arrayBuffer()));
  const image = await openImage(path);
  assert.deepEqual(image.tags, [`${new URL(site.url).host}/alpine/v3.19/tool/other:latest`]);
  const pulled = await server.manifest('alpine/v3.19/tool/other');
  const arm = pulled.json.manifests.find(({ platform }) => platform.architecture === 'arm64');
  assert.equal(image.manifestDigest, arm?.digest);
  await composed.close();
  const name = 'alpine/v3.19/tool/other';
  assert.deepEqual((await shared()).toSorted(), [`lib: ${name}`, `tool: ${name}`]);
});

test('a bag that cannot be composed is refused as its name is', async (t) => {
  const server = await startComposing(t);
  const site = await startSite(t, { images: server.composed.origin, defaultBase: 'none' });
  const answer = await site.get('/image/image.tar?bag=tool+rival');
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /Error 404<\/h2><p class="lines">[^<]*tool/);
});
