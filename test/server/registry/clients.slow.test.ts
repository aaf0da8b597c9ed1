import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { imageBlobs } from '../../../src/output/image.ts';
import { startContainerd } from '../../fixtures/containerd.ts';
import { podmanEnv, startDocker } from '../../fixtures/engine.ts';
import { peer } from '../../fixtures/peers.ts';
import { startRegistry, type TestRegistry } from '../../fixtures/registries.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { makeImage } from '../../output/images.ts';
import { pushBlob } from './harness.ts';

const TIMEOUT_MS = 120_000;

interface Lab {
  readonly registry: TestRegistry;
  readonly digest: string;
  run(program: string, ...words: readonly string[]): Promise<string>;
}

/** A server with the image `lab/app:v1`, of two layers. */
async function setUp(t: TestContext, env: NodeJS.ProcessEnv = process.env): Promise<Lab | undefined> {
  const registry = await startRegistry(t, { program: 'compose-serve' });
  if (registry === undefined) return undefined;
  const { url } = registry;
  const send = (method: string, path: string, init?: RequestInit) =>
    fetch(new URL(path, url), { method, ...init });
  const image = makeImage(tempDir(t), [
    { tar: [{ path: 'etc/' }, { path: 'etc/one', content: 'one' }] },
    { tar: [{ path: 'etc/' }, { path: 'etc/two', content: 'two' }] },
  ]);
  for (const { content } of imageBlobs(image))
    await pushBlob({ send }, 'lab/app', typeof content === 'string' ? readFileSync(content) : content);
  const put = await send('PUT', '/v2/lab/app/manifests/v1', {
    headers: { 'content-type': MEDIA_TYPES.manifest },
    body: Buffer.from(image.manifest),
  });
  assert.equal(put.status, 201);
  const digest = image.manifestDigest;
  return {
    registry,
    digest,
    async run(program, ...words) {
      const options = { env, timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 };
      return (await promisify(execFile)(program, [...words], options)).stdout.trim();
    },
  };
}

/** What a client pushed is whole, says another client, and its layers hold the same. */
async function assertPushed(t: TestContext, { registry }: Lab, name: string): Promise<void> {
  const manifest = await (await fetch(`${registry.url}/v2/${name}/manifests/1`)).json();
  const { config, layers } = manifest as { config: { digest: string }; layers: { digest: string }[] };
  const { rootfs } = (await (await fetch(`${registry.url}/v2/${name}/blobs/${config.digest}`)).json()) as {
    rootfs: { diff_ids: string[] };
  };
  assert.equal(layers.length, 2);
  assert.equal(rootfs.diff_ids.length, 2);
  const crane = peer(t, 'crane');
  if (crane !== undefined)
    await promisify(execFile)(crane, ['validate', '--insecure', '--remote', `${registry.host}/${name}:1`]);
}

test('docker pulls, and pushes what it has under another name', async (t) => {
  const docker = await startDocker(t);
  const lab = await setUp(t, docker?.env);
  if (docker === undefined || lab === undefined) return t.skip('skipped: no docker here');
  const { host } = lab.registry;
  const pulled = await lab.run('docker', 'pull', `${host}/lab/app:v1`);
  assert.match(pulled, new RegExp(lab.digest));
  await lab.run('docker', 'tag', `${host}/lab/app:v1`, `${host}/by/docker:1`);
  assert.match(await lab.run('docker', 'push', `${host}/by/docker:1`), /digest: sha256:/);
  await assertPushed(t, lab, 'by/docker');
  await lab.run('docker', 'rmi', `${host}/lab/app:v1`, `${host}/by/docker:1`);
  await lab.run('docker', 'pull', `${host}/by/docker:1`);
  await assert.rejects(
    lab.run('docker', 'pull', `${host}/lab/app:v2`),
    /lab\/app has no tag v2|manifest unknown/,
  );
});

test('podman pulls and pushes', async (t) => {
  const podman = await podmanEnv(t);
  const lab = await setUp(t, podman?.env);
  if (podman === undefined || lab === undefined) return t.skip('skipped: no podman here');
  const { host } = lab.registry;
  await lab.run('podman', 'pull', '--tls-verify=false', `${host}/lab/app:v1`);
  await lab.run('podman', 'push', '--tls-verify=false', `${host}/lab/app:v1`, `${host}/by/podman:1`);
  await assertPushed(t, lab, 'by/podman');
  await lab.run('podman', 'pull', '--tls-verify=false', `${host}/by/podman:1`);
});

test('buildah builds from an image of the server, and pushes', async (t) => {
  const podman = await podmanEnv(t);
  const lab = await setUp(t, podman?.env);
  if (podman === undefined || lab === undefined || !existsSync('/usr/bin/buildah'))
    return t.skip('skipped: no buildah here');
  const { host } = lab.registry;
  const container = await lab.run('buildah', 'from', '--tls-verify=false', `${host}/lab/app:v1`);
  await lab.run('buildah', 'config', '--label', 'by=buildah', container);
  await lab.run('buildah', 'commit', '--tls-verify=false', container, `docker://${host}/by/buildah:1`);
  const inspected = await lab.run('buildah', 'pull', '--tls-verify=false', `${host}/by/buildah:1`);
  assert.match(inspected, /^[0-9a-f]{64}$/m);
});

test('skopeo copies in and out, with OCI and Docker types, and inspects', async (t) => {
  const lab = await setUp(t);
  if (lab === undefined || !existsSync('/usr/bin/skopeo')) return t.skip('skipped: no skopeo here');
  const { host } = lab.registry;
  const folder = join(tempDir(t), 'layout');
  const open = ['--insecure-policy', 'copy', '--src-tls-verify=false', '--dest-tls-verify=false'];
  await lab.run('skopeo', ...open, `docker://${host}/lab/app:v1`, `oci:${folder}:x`);
  await lab.run('skopeo', ...open, `oci:${folder}:x`, `docker://${host}/by/skopeo:1`);
  await assertPushed(t, lab, 'by/skopeo');
  await lab.run('skopeo', ...open, '--format', 'v2s2', `oci:${folder}:x`, `docker://${host}/by/v2s2:1`);
  await assertPushed(t, lab, 'by/v2s2');
  const inspected = await lab.run('skopeo', 'inspect', '--tls-verify=false', `docker://${host}/by/skopeo:1`);
  assert.deepEqual(JSON.parse(inspected).RepoTags, ['1']);
  await lab.run('skopeo', 'delete', '--tls-verify=false', `docker://${host}/by/skopeo:1`);
  await assert.rejects(lab.run('skopeo', 'inspect', '--tls-verify=false', `docker://${host}/by/skopeo:1`));
});

test('crane pulls, pushes, copies, lists and deletes', async (t) => {
  const crane = peer(t, 'crane');
  const lab = await setUp(t);
  if (crane === undefined || lab === undefined) return t.skip('skipped: no crane here');
  const { host } = lab.registry;
  const folder = join(tempDir(t), 'layout');
  await lab.run(crane, 'pull', '--insecure', '--format=oci', `${host}/lab/app:v1`, folder);
  await lab.run(crane, 'push', '--insecure', folder, `${host}/by/crane:1`);
  await assertPushed(t, lab, 'by/crane');
  await lab.run(crane, 'copy', '--insecure', `${host}/lab/app:v1`, `${host}/by/crane:2`);
  assert.equal(await lab.run(crane, 'digest', '--insecure', `${host}/by/crane:2`), lab.digest);
  assert.equal(await lab.run(crane, 'ls', '--insecure', `${host}/by/crane`), '1\n2');
  assert.equal(await lab.run(crane, 'catalog', '--insecure', host), 'by/crane\nlab/app');
  await lab.run(crane, 'delete', '--insecure', `${host}/by/crane:2`);
  assert.equal(await lab.run(crane, 'ls', '--insecure', `${host}/by/crane`), '1');
});

test('ctr (containerd) pulls and pushes', async (t) => {
  const lab = await setUp(t);
  const address = lab === undefined ? undefined : await startContainerd(t);
  if (lab === undefined || address === undefined) return t.skip('skipped: no containerd here');
  const { host } = lab.registry;
  const ctr = (...words: readonly string[]) => lab.run('ctr', '--address', address, 'image', ...words);
  await ctr('pull', '--plain-http', '--snapshotter', 'native', `${host}/lab/app:v1`);
  await ctr('tag', `${host}/lab/app:v1`, `${host}/by/ctr:1`);
  await ctr('push', '--plain-http', `${host}/by/ctr:1`);
  const head = await fetch(`${lab.registry.url}/v2/by/ctr/manifests/1`, { method: 'HEAD' });
  assert.equal(head.headers.get('docker-content-digest'), lab.digest);
});
