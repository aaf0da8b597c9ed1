import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { imageBlobs } from '../../../src/output/image.ts';
import type { AccessOptions } from '../../../src/server/access/options.ts';
import { registryService } from '../../../src/server/registry/registry-service.ts';
import { StoredContent } from '../../../src/server/registry/stored-content.ts';
import { htpasswd } from '../../fixtures/htpasswd.ts';
import { PULL_CLIENTS, startPullClient } from '../../fixtures/pull-clients.ts';
import { startTokenServer } from '../../fixtures/registry-token-server.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { makeImage } from '../../output/images.ts';
import { startFronted } from '../operations/fronted.ts';
import { pushBlob, type TestServer } from '../registry/harness.ts';
import { basic } from './guarded.ts';

type Image = ReturnType<typeof makeImage>;

interface Registry {
  readonly host: string;
  /** As alice */
  push(repository: string, image: Image): Promise<void>;
}

/** A registry where alice has a password. */
async function startRegistry(t: TestContext, access: AccessOptions): Promise<Registry> {
  const directory = tempDir(t);
  const users = join(directory, 'users');
  writeFileSync(users, htpasswd({ alice: 'secret' }));
  const stored = new StoredContent(directory);
  t.after(() => stored.close());
  const service = registryService({ origins: [stored], stored });
  const { url } = await startFronted(t, { access: { htpasswd: users, ...access } }, { service });
  const { headers } = basic('alice', 'secret');
  const send: TestServer['send'] = (method, path, init = {}) =>
    fetch(new URL(path, url), { method, ...init, headers: { ...init.headers, ...headers } });
  const { host } = new URL(url);
  return {
    host,
    async push(repository, image) {
      for (const { content } of imageBlobs(image)) {
        const bytes = typeof content === 'string' ? readFileSync(content) : Buffer.from(content);
        await pushBlob({ send }, repository, bytes);
      }
      const init = { headers: { 'content-type': MEDIA_TYPES.manifest }, body: Buffer.from(image.manifest) };
      assert.equal((await send('PUT', `/v2/${repository}/manifests/v1`, init)).status, 201);
    },
  };
}

const someImage = (t: TestContext) =>
  makeImage(tempDir(t), [{ tar: [{ path: 'etc/' }, { path: 'etc/one', content: 'x' }] }]);

for (const name of PULL_CLIENTS) {
  test(`${name} pulls without a login, with a password, and is refused with a wrong one`, async (t) => {
    const client = await startPullClient(t, name);
    if (client === undefined) return t.skip(`skipped: no ${name} here`);
    const image = someImage(t);
    const expected = image.manifestDigest;
    const open = await startRegistry(t, { anonymous: ['pull'] });
    await open.push('app', image);
    assert.equal((await client.pull(`${open.host}/app:v1`)).manifestDigest, expected);
    assert.equal((await client.pull(`${open.host}/app:v1`, 'alice:secret')).manifestDigest, expected);
    await assert.rejects(client.pull(`${open.host}/app:v1`, 'alice:wrong'), /401|unauthorized|denied/i);
    const closed = await startRegistry(t, {});
    await closed.push('app', image);
    await assert.rejects(
      client.pull(`${closed.host}/app:v1`),
      /401|unauthorized|authentication|no basic auth/i,
    );
    assert.equal((await client.pull(`${closed.host}/app:v1`, 'alice:secret')).manifestDigest, expected);
    return undefined;
  });
}

test('skopeo pushes with a password where anybody may pull, and nobody without', async (t) => {
  const { host, push } = await startRegistry(t, { anonymous: ['pull'] });
  const skopeo = (...words: string[]) => promisify(execFile)('skopeo', words, { timeout: 60_000 });
  if ((await skopeo('--version').catch(() => undefined)) === undefined)
    return t.skip('skipped: no skopeo here');
  await push('app', someImage(t));
  const copy = (to: string, ...words: string[]) =>
    skopeo(
      'copy',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      ...words,
      `docker://${host}/app:v1`,
      `docker://${host}/${to}`,
    );
  await copy('copy:v1', '--dest-creds', 'alice:secret');
  await assert.rejects(copy('other:v1', '--dest-no-creds'), /unauthorized|authentication/i);
  await assert.rejects(copy('other:v1', '--dest-creds', 'alice:no'), /unauthorized|authentication/i);
  await skopeo('inspect', '--raw', '--tls-verify=false', `docker://${host}/copy:v1`);
  return undefined;
});

for (const name of ['docker', 'podman', 'skopeo'] as const) {
  test(`${name} fetches a token from the issuer that the configuration names`, async (t) => {
    const client = await startPullClient(t, name);
    if (client === undefined) return t.skip(`skipped: no ${name} here`);
    const issuer = await startTokenServer(t, {
      users: { bob: 'b' },
      grant: ({ user }) => (user === 'bob' ? ['pull'] : []),
    });
    const jwks = join(tempDir(t), 'jwks.json');
    const key = createPublicKey(readFileSync(issuer.rootCertificate)).export({ format: 'jwk' });
    writeFileSync(jwks, JSON.stringify({ keys: [key] }));
    const { realm, service } = issuer;
    const tokens = { issuer: [issuer.issuer], audience: [service], jwks, realm, service };
    const { host, push } = await startRegistry(t, { tokens });
    const image = someImage(t);
    await push('app', image);
    const { manifestDigest } = await client.pull(`${host}/app:v1`, 'bob:b');
    assert.equal(manifestDigest, image.manifestDigest);
    assert.ok(issuer.requests.some(({ scopes }) => scopes.includes('repository:app:pull')));
    await assert.rejects(client.pull(`${host}/app:v1`, 'bob:wrong'), /401|unauthorized|incorrect|denied/i);
    return undefined;
  });
}
