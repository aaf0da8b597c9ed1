import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect, inspectRaw } from '../../../src/app/images/inspect.ts';
import { pull } from '../../../src/app/images/pull.ts';
import { push } from '../../../src/app/images/push.ts';
import { remove } from '../../../src/app/images/remove.ts';
import { tags } from '../../../src/app/images/tags.ts';
import { login, logout } from '../../../src/app/registries/login.ts';
import { type RegistryContext, withRegistries } from '../../../src/app/registries/sessions.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import { digestOf, hexOf } from '../../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { parseReference } from '../../../src/model/reference.ts';
import { writeOciDirectory } from '../../../src/output/oci-dir.ts';
import { putManifest } from '../../../src/registry/manifests.ts';
import { type FakeRegistry, type RegistrySwitches, startFakeRegistry } from '../../fake/registry.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { refused } from '../harness.ts';
import { ACCESS, imageOf, inCache, indexOf, tarOf } from './registry-images.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

function contextOf(t: TestHooks): RegistryContext & { readonly home: string } {
  const home = tempDir(t);
  return {
    home,
    env: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home },
    progress: silentProgress,
    signal: new AbortController().signal,
  };
}

const ANNOTATIONS = {
  'dev.pkgcompose.purl': 'pkg:apk/alpine/libstdc++@13.2-r0?arch=x86_64&distro=alpine-v3.19',
  'dev.pkgcompose.package': 'libstdc++',
  'dev.pkgcompose.layer': 'package',
};

async function setUp(t: TestHooks, switches: Partial<RegistrySwitches> = {}) {
  const registry = await startFakeRegistry(t, switches);
  const image = imageOf(t, ['a', 'b'], { annotations: { one: '1' }, layerAnnotations: [ANNOTATIONS] });
  const app = `${registry.host}/team/app`;
  const path = await tarOf(t, image);
  await inCache(tempDir(t), async (context) => {
    for (const tag of ['1', '2']) {
      await push(context, { image: path, to: `${app}:${tag}`, platform: '', access: ACCESS });
    }
  });
  registry.requests.length = 0;
  return { registry, image, app, context: contextOf(t) };
}

test('tags', async (t) => {
  const { app, context } = await setUp(t);
  assert.deepEqual(await tags(context, { repository: app, access: ACCESS }), {
    repository: app,
    tags: ['1', '2'],
  });
  await refused(tags(context, { repository: `${app}:1`, access: ACCESS }), 'USAGE', 'without a tag');
  await refused(tags(context, { repository: `${app}/none`, access: ACCESS }), 'NOT_FOUND');
});

const asking = (reference: string) => ({ image: reference, platform: '', referrers: false, access: ACCESS });

test('inspect: an image with its packages, in two requests', async (t) => {
  const { registry, image, app, context } = await setUp(t);
  const report = await inspect(context, asking(`${app}:1`));
  assert.deepEqual(
    [report.reference, report.digest, report.platform, report.referrers, report.index],
    [`${app}:1@${image.manifestDigest}`, image.manifestDigest, 'linux/amd64', null, null],
  );
  assert.deepEqual(report.annotations, { one: '1' });
  assert.deepEqual(
    report.layers.map(({ kind, packages, sizeBytes }) => [kind, packages, sizeBytes]),
    [
      ['package', ['libstdc++-13.2-r0'], image.layers[0]!.sizeBytes],
      ['', [], image.layers[1]!.sizeBytes],
    ],
  );
  assert.deepEqual((report.configuration as { os: string }).os, 'linux');
  assert.equal(registry.requests.length, 2);
  assert.equal(await inspectRaw(context, asking(`${app}:1`)), Buffer.from(image.manifest).toString());
});

test('inspect: an index, one image of it, and what is no image', async (t) => {
  const { registry, app, context } = await setUp(t);
  const index = indexOf(t, ['amd64', 'arm64']);
  await inCache(tempDir(t), (own) =>
    push(own, { image: index.path, to: `${app}:multi`, platform: '', access: ACCESS }),
  );
  const report = await inspect(context, asking(`${app}:multi`));
  assert.deepEqual(
    report.images.map(({ platform, digest }) => [platform, digest]),
    index.images.map(({ manifestDigest }, at) => [['linux/amd64', 'linux/arm64'][at], manifestDigest]),
  );
  assert.deepEqual([report.config, report.layers], [null, []]);
  const one = await inspect(context, { ...asking(`${app}:multi`), platform: 'linux/arm64' });
  assert.deepEqual([one.digest, one.index], [index.images[1]!.manifestDigest, index.digest]);

  const config = Buffer.from('{}');
  registry.blobs.set(`team/app ${digestOf(config)}`, config);
  const artifact = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    artifactType: 'text/x-sbom',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(config), size: 2 },
    layers: [],
  };
  const bytes = Buffer.from(JSON.stringify(artifact));
  registry.manifests.set('team/app sbom', { mediaType: MEDIA_TYPES.manifest, bytes });
  const other = await inspect(context, asking(`${app}:sbom`));
  assert.deepEqual([other.artifactType, other.platform, other.configuration], ['text/x-sbom', null, null]);
});

for (const referrers of [true, false]) {
  test(`inspect --referrers, ${referrers ? 'by the API' : 'by the fallback tag'}`, async (t) => {
    const { registry, image, app, context } = await setUp(t, { referrers });
    const config = Buffer.from('{}');
    registry.blobs.set(`team/app ${digestOf(config)}`, config);
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.manifest,
        artifactType: 'text/x-sbom',
        config: { mediaType: MEDIA_TYPES.config, digest: digestOf(config), size: 2 },
        layers: [],
        subject: {
          mediaType: MEDIA_TYPES.manifest,
          digest: image.manifestDigest,
          size: image.manifest.byteLength,
        },
      }),
    );
    await withRegistries(context, {}, (session) =>
      putManifest(session, parseReference(`${app}@${digestOf(bytes)}`), {
        mediaType: MEDIA_TYPES.manifest,
        bytes,
      }),
    );
    const report = await inspect(context, { ...asking(`${app}:1`), referrers: true });
    assert.deepEqual(
      report.referrers?.map(({ digest, artifactType }) => [digest, artifactType]),
      [[digestOf(bytes), 'text/x-sbom']],
    );
    const none = await inspect(context, { ...asking(`${app}@${digestOf(bytes)}`), referrers: true });
    assert.deepEqual(none.referrers, []);
  });
}

test('rm: a tag alone where the registry can; a manifest by its digest', async (t) => {
  const { registry, image, app, context } = await setUp(t);
  const removing = (reference: string) => remove(context, { reference, access: ACCESS });
  assert.deepEqual(await removing(`${app}:1`), { reference: `${app}:1`, digest: null });
  assert.equal(registry.manifests.has('team/app 2'), true);
  const byDigest = `${app}@${image.manifestDigest}`;
  assert.deepEqual(await removing(byDigest), { reference: byDigest, digest: image.manifestDigest });
  await refused(removing(byDigest), 'NOT_FOUND', 'compose tags');
  await refused(removing(`${app}:1`), 'NOT_FOUND');
});

/** As docker-registry: manifests go by digest only, with all their tags. */
function deletesByDigest(registry: FakeRegistry): void {
  registry.switches.intercept = (request, response) => {
    const [, tag] = /\/manifests\/([^/:]+)$/.exec(request.url ?? '') ?? [];
    if (request.method !== 'DELETE' || tag === undefined) return false;
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end('{"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match"}]}');
    return true;
  };
}

test('rm of a tag where only digests go: refused while other tags are of the same manifest', async (t) => {
  const { registry, image, app, context } = await setUp(t);
  deletesByDigest(registry);
  const removing = (reference: string) => remove(context, { reference, access: ACCESS });
  const error = await refused(removing(`${app}:1`), 'CONFLICT', /would also remove 2/, image.manifestDigest);
  assert.deepEqual(error.details, { digest: image.manifestDigest, tags: ['2'] });
  assert.equal(registry.manifests.has(`team/app ${image.manifestDigest}`), true);
  registry.manifests.delete('team/app 2');
  assert.deepEqual(await removing(`${app}:1`), { reference: `${app}:1`, digest: image.manifestDigest });
  assert.equal(registry.manifests.has(`team/app ${image.manifestDigest}`), false);
});

test('rm says when a registry does not delete', async (t) => {
  const { registry, image, app, context } = await setUp(t, { deletes: false });
  registry.manifests.delete('team/app 2');
  for (const reference of [`${app}:1`, `${app}@${image.manifestDigest}`]) {
    await refused(
      remove(context, { reference, access: ACCESS }),
      'UNSUPPORTED',
      'does not allow deleting manifests',
    );
  }
});

const SECRET = 'a pass:word ü';
const users = { alice: SECRET };

for (const kind of ['basic', 'bearer'] as const) {
  test(`login with ${kind}: checked, then kept, then used; logout forgets it`, async (t) => {
    const { registry, app, context } = await setUp(t);
    registry.switches.auth = { kind, users, anonymous: true };
    const file = join(context.home, '.docker/config.json');
    const logIn = (username: string, password: string) =>
      login(context, { registry: registry.host, username, password, access: ACCESS });
    const error = await refused(logIn('alice', 'wrong secret'), 'AUTH');
    assert.doesNotMatch(JSON.stringify([error.message, error.details]), /wrong secret/);
    assert.equal(existsSync(file), false);
    const report = await logIn('alice', SECRET);
    assert.deepEqual([report.registry, report.verified], [registry.host, true]);
    assert.equal(report.storedAt, file);
    assert.match(report.notes.join(), /stored unencrypted/);
    assert.doesNotMatch(JSON.stringify(report), /pass:word/);
    assert.ok(readFileSync(file, 'utf8').includes(registry.host));
    registry.switches.auth = { kind, users };
    assert.deepEqual((await tags(context, { repository: app, access: ACCESS })).tags, ['1', '2']);

    assert.deepEqual(await logout(context, { registry: registry.host }), {
      registry: registry.host,
      removed: true,
    });
    await refused(tags(context, { repository: app, access: ACCESS }), 'AUTH', 'compose login');
    assert.equal((await logout(context, { registry: registry.host })).removed, false);
  });
}

test('login says when a registry asks nobody who they are', async (t) => {
  const { registry, context } = await setUp(t);
  const report = await login(context, {
    registry: `http://${registry.host}/`,
    username: 'alice',
    password: 'x',
    access: ACCESS,
  });
  assert.equal(report.verified, false);
  assert.match(report.notes[0] ?? '', /without a login/);
});

test('login: what is no login, no registry, or nobody there', async (t) => {
  const context = contextOf(t);
  const registry = '127.0.0.1:1';
  const base = { registry, username: 'a', password: 'b', access: ACCESS };
  await refused(login(context, { ...base, password: '' }), 'USAGE', 'password');
  await refused(login(context, { ...base, username: '' }), 'USAGE', 'user name');
  await refused(login(context, { ...base, username: 'a:b' }), 'USAGE', 'colon');
  await refused(login(context, { ...base, registry: 'no such' }), 'USAGE');
  const server = await startFakeRegistry(t, {
    intercept: (_request, response) => {
      response.writeHead(404).end('nothing here');
      return true;
    },
  });
  await refused(login(context, { ...base, registry: server.host }), 'UNSUPPORTED', 'not a registry');
  assert.equal(existsSync(join(context.home, '.docker')), false);
});

test('inspect: a tar and a folder as an image of a registry, with what refers to it there', async (t) => {
  const { context, image } = await setUp(t);
  const tar = await tarOf(t, image);
  const folder = tempDir(t);
  const report = await inspect(context, asking(tar));
  assert.deepEqual(
    [report.reference, report.digest, report.platform, report.layers.length],
    [`${tar}#${image.manifestDigest}`, image.manifestDigest, 'linux/amd64', image.layers.length],
  );
  assert.equal(await inspectRaw(context, asking(tar)), Buffer.from(image.manifest).toString());
  const index = indexOf(t, ['amd64', 'arm64']);
  const all = await inspect(context, { ...asking(index.path), referrers: true });
  assert.deepEqual([all.digest, all.images.length, all.referrers], [index.digest, 2, []]);
  const digest = index.images[1]!.manifestDigest;
  assert.equal((await inspect(context, asking(`${index.path}#${digest}`))).digest, digest);

  await writeOciDirectory(image, folder);
  const about = {
    mediaType: MEDIA_TYPES.manifest,
    digest: image.manifestDigest,
    size: image.manifest.length,
  };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      artifactType: 'text/x-sbom',
      subject: about,
      config: about,
      layers: [],
    }),
  );
  const referrer = { mediaType: MEDIA_TYPES.manifest, digest: digestOf(bytes), size: bytes.length };
  writeFileSync(join(folder, 'blobs/sha256', hexOf(referrer.digest)), bytes);
  const path = join(folder, 'index.json');
  const json = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...json, manifests: [...json.manifests, referrer] }));
  const named = await inspect(context, { ...asking(`${folder}#${image.manifestDigest}`), referrers: true });
  assert.deepEqual(
    named.referrers?.map((one) => [one.digest, one.artifactType]),
    [[referrer.digest, 'text/x-sbom']],
  );
});

test('a tar copied to a folder and back is the same image', async (t) => {
  const image = imageOf(t, ['a', 'b'], { tags: ['team/app:1'] });
  const [tar, folder] = [await tarOf(t, image), join(tempDir(t), 'layout')];
  const again = join(tempDir(t), 'again.tar');
  await inCache(tempDir(t), async (context) => {
    const copy = (from: string, path: string, format: 'tar' | 'oci-dir') =>
      pull(context, { image: from, platform: '', output: { path, format }, access: ACCESS });
    assert.equal((await copy(tar, folder, 'oci-dir')).digest, image.manifestDigest);
    assert.equal((await copy(folder, again, 'tar')).digest, image.manifestDigest);
  });
  assert.deepEqual(readFileSync(again), readFileSync(tar));
});

test('a bare name that is no file is looked up in a registry, and the error says so', async (t) => {
  const { context } = await setUp(t);
  await assert.rejects(inspect(context, asking('registry.invalid/no-such-thing')), (error) => {
    assert.ok(isAppError(error), String(error));
    assert.match(
      error.hint ?? '',
      /^No file or folder "registry\.invalid\/no-such-thing" exists, so it was looked up as registry\.invalid\/no-such-thing:latest\./,
    );
    return true;
  });
  for (const path of ['no-such.tar', './no-such', '/no/such', 'no-such/']) {
    await assert.rejects(inspect(context, asking(path)), (error) => isAppError(error, 'NOT_FOUND'), path);
  }
});

test('an unknown tag is told with those that there are', async (t) => {
  const registry = await startFakeRegistry(t);
  const image = imageOf(t, ['one']);
  const file = await tarOf(t, image);
  const cache = tempDir(t);
  const put = (to: string) =>
    inCache(cache, (context) => push(context, { image: file, to, platform: '', access: ACCESS }));
  const asked = (name: string) =>
    inCache(cache, (context) =>
      inspect(context, { image: name, platform: '', referrers: false, access: ACCESS }),
    );
  const name = `${registry.host}/team/git`;
  await refused(
    asked(`${name}:99`),
    'NOT_FOUND',
    `${name}: no such tag: 99 (`,
    `the repository ${name} does not exist`,
  );
  await put(`${name}:1`);
  await refused(asked(`${name}:99`), 'NOT_FOUND', 'hint: Available: the tag 1.');
  for (const tag of ['2.0', '2.1', '2.2', '3.0', '3.1', '3.2']) await put(`${name}:${tag}`);
  await refused(
    asked(`${name}:2.9`),
    'NOT_FOUND',
    /Did you mean 2\.0, 2\.1, 2\.2/,
    `List all 7: compose tags ${name}`,
  );
  await refused(
    inCache(cache, (context) =>
      push(context, { image: `${name}:1`, to: file, platform: '', access: ACCESS }),
    ),
    'USAGE',
    `Put the image first: compose push ${file} ${name}:1`,
  );
});
