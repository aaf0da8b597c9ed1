import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { digestOf, hexOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { parseRepository, parseTagName, withTag } from '../../src/model/reference.ts';
import { systemCredentials } from '../../src/registry/credentials.ts';
import { getManifest } from '../../src/registry/manifests.ts';
import { ping } from '../../src/registry/ping.ts';
import { listReferrers } from '../../src/registry/referrers.ts';
import { listTags } from '../../src/registry/tags.ts';
import { cli, json } from '../app/harness.ts';
import { tempDir } from '../fixtures/temp.ts';
import { alice, fails, start } from '../registry/harness.ts';

/** Text that is nested deeper than a call stack, from each place that others write: an error that says so, never a crash. */
const DEEP = '['.repeat(1_500_000);

interface Files {
  config: string;
  manifest(config: Descriptor): string;
  index(manifest: Descriptor): string;
}

const descriptor = (mediaType: string, text: string): Descriptor => ({
  mediaType,
  digest: digestOf(text),
  size: text.length,
});

const SOUND: Files = {
  config: JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
  manifest: (config) =>
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers: [] }),
  index: (manifest) => JSON.stringify({ schemaVersion: 2, manifests: [manifest] }),
};

/** `value` in place of the last brace. */
const within = (text: string, name: string): string => `${text.slice(0, -1)},"${name}":${DEEP}`;

function layout(folder: string, files: Files): void {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const put = (mediaType: string, text: string): Descriptor => {
    const made = descriptor(mediaType, text);
    writeFileSync(join(folder, 'blobs/sha256', hexOf(made.digest)), text);
    return made;
  };
  const manifest = files.manifest(put(MEDIA_TYPES.config, files.config));
  writeFileSync(join(folder, 'index.json'), files.index(put(MEDIA_TYPES.manifest, manifest)));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

for (const [what, files] of [
  ['config', { ...SOUND, config: within(SOUND.config, 'history') }],
  ['manifest', { ...SOUND, manifest: (config) => within(SOUND.manifest(config), 'annotations') }],
  ['index.json', { ...SOUND, index: (manifest) => within(SOUND.index(manifest), 'annotations') }],
] satisfies readonly (readonly [string, Files])[]) {
  test(`${what} of an image: each command that reads it`, { timeout: 120_000 }, async (t) => {
    const folder = tempDir(t);
    const image = join(folder, 'image');
    layout(image, files);
    const tar = join(folder, 'image.tar');
    execFileSync('tar', ['-C', image, '-cf', tar, '.']);
    for (const words of [
      ['verify', image],
      ['verify', tar],
      ['diff', image, tar],
      ['inspect', image],
      ['push', image, '127.0.0.1:1/a:1'],
    ]) {
      const ended = await cli([...words, '--cache', join(folder, 'cache'), '--json']);
      const { error } = json<{ error: { code: string; message: string } }>(ended);
      const fine = words[0] === 'push' ? /^(LIMIT|BAD_ARCHIVE|NETWORK)$/ : /^(LIMIT|BAD_ARCHIVE)$/;
      assert.match(error.code, fine, `${words[0]}: ${error.message}`);
      assert.ok(error.message.length < 2000);
    }
  });
}

test(
  'a docker archive, a recipe in YAML and in JSON, and lines of a batch',
  { timeout: 120_000 },
  async (t) => {
    const folder = tempDir(t);
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    write('manifest.json', DEEP);
    execFileSync('tar', ['-C', folder, '-cf', join(folder, 'docker.tar'), 'manifest.json']);
    const flow = `distro: alpine\npackages: ${DEEP}`;
    const blocks = Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n');
    for (const words of [
      ['verify', join(folder, 'docker.tar')],
      ['build', write('flow.yaml', flow)],
      ['build', write('blocks.yaml', blocks)],
      ['build', write('recipe.json', DEEP)],
    ]) {
      const ended = await cli([...words, '--cache', join(folder, 'cache'), '--json']);
      const { error } = json<{ error: { code: string; message: string } }>(ended);
      assert.match(
        error.code,
        /^(LIMIT|BAD_ARCHIVE|USAGE|BAD_RECIPE)$/,
        `${words.join(' ')}: ${error.message}`,
      );
      assert.doesNotMatch(error.message, /call stack/);
      assert.ok(error.message.length < 2000);
    }
  },
);

test('whatever a registry and its token server answer', async (t) => {
  for (const status of [200, 400, 401, 403, 404, 429, 500]) {
    const { session, app, registry } = await start(t, {}, { retries: 0 });
    registry.switches.intercept = (_, response) => {
      response.writeHead(status, { 'content-type': MEDIA_TYPES.manifest });
      response.end(DEEP);
      return true;
    };
    const tag = withTag(app, parseTagName('v1'));
    for (const ask of [
      () => listTags(session, app),
      () => getManifest(session, tag),
      () => listReferrers(session, app, { of: digestOf('x') }),
      () => ping(session, app.domain),
    ]) {
      await ask().catch((error: Error) => {
        assert.equal(error.name, 'AppError', `${status}: ${error.stack}`);
        assert.ok(error.message.length < 2000);
      });
    }
  }
  const auth = { kind: 'bearer' as const, users: { alice: alice.password } };
  const { session, app, registry } = await start(t, { auth }, { credentials: { find: async () => alice } });
  registry.switches.intercept = (request, response) => {
    if (!request.url?.startsWith('/token')) return false;
    response.end(DEEP.slice(0, 500_000));
    return true;
  };
  await fails(ping(session, app.domain), 'LIMIT', /nested at most/);
});

test('a file of logins', async (t) => {
  const home = tempDir(t);
  mkdirSync(join(home, '.docker'));
  writeFileSync(join(home, '.docker/config.json'), `{"auths":{"a.example":${DEEP}`);
  await fails(
    systemCredentials({ HOME: home }).find(parseRepository('a.example/b')),
    'LIMIT',
    /config\.json: expected JSON nested at most 100 deep/,
  );
});
