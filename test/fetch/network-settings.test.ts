import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { closeConnections } from '../../src/fetch/connections.ts';
import { fetchBytes } from '../../src/fetch/http.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { startMirror } from '../fake/mirror.ts';
import { tempDir } from '../fixtures/temp.ts';

after(closeConnections);

const quick = { maxBytes: 1 << 20, retries: 0 };

/** Sets environment variables for one test, with fresh connections before and after. */
async function withEnvironment(t: TestContext, settings: Readonly<Record<string, string>>): Promise<void> {
  const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'];
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) delete process.env[name];
  Object.assign(process.env, settings);
  await closeConnections();
  t.after(async () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await closeConnections();
  });
}

async function startProxy(t: TestContext): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
    get(request.url ?? '', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
  });
  server.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

test('HTTP_PROXY is used, with its user name, and NO_PROXY goes around it', async (t) => {
  const mirror = await startMirror(() => ({ bytes: Buffer.from('index') }));
  t.after(() => mirror.close());
  const proxy = await startProxy(t);
  const location = proxy.url.replace('//', '//user:pass@');
  await withEnvironment(t, { HTTP_PROXY: location });
  const result = await fetchBytes([`${mirror.url}/i`], quick);
  assert.ok(result.modified && result.bytes.toString() === 'index');
  assert.deepEqual(proxy.seen, [`GET ${mirror.url}/i Basic ${Buffer.from('user:pass').toString('base64')}`]);
  await withEnvironment(t, { HTTP_PROXY: location, NO_PROXY: '127.0.0.1' });
  await fetchBytes([`${mirror.url}/i`], quick);
  assert.equal(proxy.seen.length, 1);
});

test('a proxy that is not there is NETWORK, without its password', async (t) => {
  await withEnvironment(t, {
    HTTP_PROXY: 'http://user:s3cret@127.0.0.1:1',
    HTTPS_PROXY: 'http://user:s3cret@127.0.0.1:1',
  });
  for (const url of ['http://mirror.invalid/i', 'https://mirror.invalid/i']) {
    await assert.rejects(fetchBytes([url], quick), (error) => {
      assert.ok(isAppError(error, 'NETWORK'), String(error));
      assert.match(error.message, /connection refused/);
      assert.doesNotMatch(`${error.message} ${error.hint} ${JSON.stringify(error.details)}`, /s3cret/);
      return true;
    });
  }
});

test('unknown hosts are NETWORK with a reason', async (t) => {
  await withEnvironment(t, {});
  await assert.rejects(fetchBytes(['http://mirror.invalid/i'], quick), (error) => {
    assert.ok(isAppError(error, 'NETWORK'), String(error));
    assert.match(error.message, /host name not found|name server does not answer/);
    return true;
  });
});

test('TLS: unknown authorities are refused, NODE_EXTRA_CA_CERTS works, https never goes on as http', async (t) => {
  if (spawnSync('openssl', ['version']).status !== 0) {
    t.skip('skipped: no openssl here to make a certificate');
    return;
  }
  const directory = tempDir(t);
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const request = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${certificate}`;
  execFileSync('openssl', request.split(' '), { stdio: 'ignore' });
  const plain = await startMirror(() => ({ bytes: Buffer.from('plain') }));
  t.after(() => plain.close());
  const server = createTlsServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (incoming, response) => {
      if (incoming.url === '/down') response.writeHead(302, { location: `${plain.url}/i` }).end();
      else response.end('secret');
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await withEnvironment(t, {});
  await assert.rejects(fetchBytes([`${base}/i`], quick), (error) => {
    assert.ok(isAppError(error, 'NETWORK'), String(error));
    assert.match(error.message, /certificate is not accepted/);
    assert.match(error.hint ?? '', /NODE_EXTRA_CA_CERTS/);
    return true;
  });
  const proxy = await startProxy(t);
  for (const [path, expected, https] of [
    ['/i', 'secret', ''],
    ['/i', 'secret', proxy.url],
    ['/down', 'redirected from https to http', ''],
  ] as const) {
    assert.match(
      await fetchInChild(`${base}${path}`, { NODE_EXTRA_CA_CERTS: certificate, HTTPS_PROXY: https }),
      new RegExp(expected),
    );
  }
  assert.deepEqual(proxy.seen, [`CONNECT ${base.slice('https://'.length)}`]);
  assert.equal(plain.requests.length, 0);
});

async function fetchInChild(url: string, settings: Readonly<Record<string, string>>): Promise<string> {
  const http = new URL('../../src/fetch/http.ts', import.meta.url).href;
  const code = `import { fetchBytes } from ${JSON.stringify(http)};
    fetchBytes([process.argv[1]], { maxBytes: 100, retries: 0 }).then((r) => console.log(String(r.bytes)), (e) => console.log(e.message));`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code, url], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const part of child.stdout) said += part;
  return said;
}
