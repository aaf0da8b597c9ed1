import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { registryService } from '../../src/server/registry/registry-service.ts';
import { StoredContent } from '../../src/server/registry/stored-content.ts';
import { htpasswd } from '../fixtures/htpasswd.ts';
import { tempDir } from '../fixtures/temp.ts';
import { makeTestCertificates } from '../fixtures/tls.ts';
import { basic } from '../server/access/guarded.ts';
import { startFronted } from '../server/operations/fronted.ts';
import { pushImage, type TestServer } from '../server/registry/harness.ts';
import { nginxText } from './deploy-files.ts';

const run = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** nginx with the page's file before a server; returns its port, undefined if this machine does not have it. */
async function startNginx(t: TestContext, upstream: string): Promise<number | undefined> {
  const folder = tempDir(t);
  const { serverCertificate: cert, serverKey: key } = makeTestCertificates(folder);
  const port = await freePort();
  const path = join(folder, 'nginx.conf');
  writeFileSync(path, nginxText(folder, { cert, key, listen: `127.0.0.1:${port}`, upstream }));
  const words = ['-c', path, '-p', folder, '-g', 'daemon off; user root;'];
  const nginx = spawn('nginx', words, { stdio: 'ignore' });
  const hasStarted = await new Promise<boolean>((resolve) => {
    nginx.once('error', () => resolve(false));
    nginx.once('spawn', () => resolve(true));
  });
  if (!hasStarted) return undefined;
  t.after(() => void nginx.kill('SIGTERM'));
  await sleep(500);
  return port;
}

test('skopeo pushes and pulls through nginx, which speaks TLS, and the log has the address of the client', async (t) => {
  if ((await run('skopeo', ['--version']).catch(() => undefined)) === undefined) {
    return t.skip('skipped: no skopeo here');
  }
  const directory = tempDir(t);
  const [users, log] = [join(directory, 'users'), join(directory, 'access.log')];
  writeFileSync(users, htpasswd({ ann: 'secret' }));
  const stored = new StoredContent(directory);
  t.after(() => stored.close());
  const proxies = [['127.0.0.1', 32]] as const;
  const { url, front } = await startFronted(
    t,
    { access: { htpasswd: users, anonymous: ['pull'] }, proxies, accessLog: log },
    { service: registryService({ origins: [stored], stored }) },
  );
  const port = await startNginx(t, url);
  if (port === undefined) return t.skip('skipped: no nginx here');
  const send: TestServer['send'] = (method, path, init = {}) =>
    fetch(new URL(path, url), {
      method,
      ...init,
      headers: { ...init.headers, ...basic('ann', 'secret').headers },
    });
  const layer = 'a layer'.repeat(1_000_000);
  await pushImage({ send } as TestServer, 'app', { by: 'v1', layer });
  const host = `127.0.0.1:${port}`;
  const copy = (to: string, ...words: string[]) =>
    run(
      'skopeo',
      ['copy', '--src-tls-verify=false', '--dest-tls-verify=false', ...words, `docker://${host}/app:v1`, to],
      { timeout: 60_000 },
    );
  await copy(`dir:${join(directory, 'pulled')}`);
  await copy(`docker://${host}/copy:v1`, '--dest-creds', 'ann:secret');
  await assert.rejects(copy(`docker://${host}/other:v1`, '--dest-no-creds'), /unauthorized|authentication/i);
  await front.close();
  const lines = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const pushed = lines.filter(({ method, path }) => method === 'PUT' && path === '/v2/copy/manifests/v1');
  assert.deepEqual(
    pushed.map(({ user, client, status }) => [user, client, status]),
    [['ann', '127.0.0.1', 201]],
  );
  assert.ok(lines.some(({ path }) => path === '/token'));
  return undefined;
});
