import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { closeConnections, connectTimeoutMs } from '../../src/fetch/connections.ts';
import { fetchBytes } from '../../src/fetch/http.ts';
import { proxyOf } from '../../src/fetch/proxies.ts';
import { isAppError } from '../../src/model/app-error.ts';
import { startMirror } from '../fake/mirror.ts';
import { tempDir } from '../fixtures/temp.ts';
import { makeTestCertificates } from '../fixtures/tls.ts';

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
      assert.ok(
        error.message.includes(`${url}: the proxy http://***@127.0.0.1:1 (HTTP`),
        `the proxy is named: ${error.message}`,
      );
      assert.match(error.message, /_PROXY\): connection refused/);
      assert.match(error.hint ?? '', /HTTP_PROXY.*NO_PROXY/);
      assert.doesNotMatch(`${error.message} ${error.hint} ${JSON.stringify(error.details)}`, /s3cret/);
      return true;
    });
  }
});

test('unknown hosts are NETWORK with a reason', async (t) => {
  await withEnvironment(t, {});
  await assert.rejects(fetchBytes(['http://mirror.invalid/i'], quick), (error) => {
    assert.ok(isAppError(error, 'NETWORK'), String(error));
    assert.match(error.message, /host name not found|name server did not answer/);
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
    assert.match(error.message, /certificate was rejected: it is self-signed/);
    assert.match(error.hint ?? '', /NODE_EXTRA_CA_CERTS.*SSL_CERT_FILE.*--ca/);
    assert.doesNotMatch(`${error.message} ${error.hint}`, /Node\.js|use-system-ca/);
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

test('SSL_CERT_FILE and SSL_CERT_DIR stand for the authorities of the system and of Node.js, NODE_EXTRA_CA_CERTS beside them', async (t) => {
  await withEnvironment(t, {});
  const folder = tempDir(t);
  const pem = makeTestCertificates(folder);
  const server = createTlsServer(
    { key: readFileSync(pem.serverKey), cert: readFileSync(pem.serverCertificate) },
    (_, response) => void response.end('content'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/i`;
  const certificates = join(tempDir(t), 'certs');
  mkdirSync(certificates);
  copyFileSync(pem.ca, join(certificates, '0123abcd.0'));
  const others = join(tempDir(t), 'others.pem');
  writeFileSync(others, tls.rootCertificates.slice(0, 3).join('\n'));
  const missing = join(folder, 'not-there.pem');
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{}, /signed by an authority that this machine does not trust/],
    [{ SSL_CERT_FILE: pem.ca }, /^content$/m],
    [{ SSL_CERT_DIR: `${folder}/nowhere:${certificates}` }, /^content$/m],
    [{ SSL_CERT_FILE: others, SSL_CERT_DIR: certificates }, /^content$/m],
    [{ SSL_CERT_FILE: others }, /that this machine does not trust/],
    [{ SSL_CERT_FILE: missing }, /that this machine does not trust/],
    [{ SSL_CERT_FILE: others, NODE_EXTRA_CA_CERTS: pem.ca }, /^content$/m],
    [{ NODE_EXTRA_CA_CERTS: pem.ca }, /^content$/m],
  ];
  for (const [settings, expected] of cases) {
    assert.match(await fetchInChild(url, settings), expected, JSON.stringify(settings));
  }
});

test("the system's own bundle is read, beside what Node.js brings; every authority once", (t) => {
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  if (!existsSync(bundle)) {
    t.skip(`skipped: no ${bundle} here`);
    return;
  }
  const authoritiesOf = (settings: Readonly<Record<string, string>>): readonly string[] => {
    const file = new URL('../../src/fetch/authorities.ts', import.meta.url).href;
    const code = `import { authorities } from ${JSON.stringify(file)}; console.log(JSON.stringify(authorities()));`;
    const env = { PATH: process.env.PATH, ...settings };
    const words = ['--input-type=module-typescript', '-e', code];
    return JSON.parse(
      String(execFileSync(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'ignore'] })),
    );
  };
  const spelled = (pems: readonly string[]) => pems.map((pem) => pem.replace(/\s/g, ''));
  const ofSystem = spelled(
    String(readFileSync(bundle)).match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? [],
  );
  const found = spelled(authoritiesOf({ NODE_EXTRA_CA_CERTS: bundle }));
  for (const pem of [...ofSystem, ...spelled(tls.rootCertificates)]) assert.ok(found.includes(pem));
  assert.equal(new Set(found).size, found.length);
  assert.deepEqual(spelled(authoritiesOf({ SSL_CERT_FILE: bundle })), [...new Set(ofSystem)]);
});

test('which proxy a URL goes through', () => {
  const env = { http_proxy: 'http://small:1', HTTP_PROXY: 'http://large:1', HTTPS_PROXY: 'tls-proxy:3128' };
  const through = (url: string, more: Readonly<Record<string, string>> = {}) => {
    const proxy = proxyOf(new URL(url), { ...env, ...more });
    return proxy === undefined ? 'direct' : `${proxy.variable} ${proxy.url.host}`;
  };
  assert.equal(through('http://a.example/'), 'http_proxy small:1');
  assert.equal(through('https://a.example/'), 'HTTPS_PROXY tls-proxy:3128');
  assert.equal(through('https://a.example/', { HTTPS_PROXY: '' }), 'http_proxy small:1');
  const exempt: readonly (readonly [list: string, url: string, direct: boolean])[] = [
    ['*', 'http://a.example/', true],
    ['a.example', 'http://a.example/', true],
    ['A.Example.', 'https://a.example./', true],
    ['example', 'http://a.example/', true],
    ['.example', 'http://a.example/', true],
    ['*.example', 'http://a.example/', true],
    ['*.a.example', 'http://a.example/', false],
    ['xample', 'http://a.example/', false],
    ['a.example:8080', 'http://a.example/', false],
    ['a.example:80', 'http://a.example/', true],
    ['a.example:443', 'https://a.example/', true],
    ['b, c  a.example', 'http://a.example/', true],
    ['10.0.0.0/8', 'http://10.1.2.3/', true],
    ['10.0.0.0/8', 'http://11.1.2.3/', false],
    ['10.0.0.0/99', 'http://10.1.2.3/', false],
    ['10.0.0.0/8', 'http://ten.example/', false],
    ['127.0.0.1', 'http://127.0.0.1:5000/', true],
    ['::1', 'http://[::1]:5000/', true],
    ['[::1]:5000', 'http://[::1]:5000/', true],
    ['[::1]:5001', 'http://[::1]:5000/', false],
    ['fd00::/8', 'http://[fd12::1]/', true],
    ['', 'http://a.example/', false],
  ];
  for (const [list, url, direct] of exempt) {
    assert.equal(through(url, { NO_PROXY: list }) === 'direct', direct, `${list} ${url}`);
  }
  for (const wrong of ['socks5://h:1', 'http://', 'http://user:s3cret@h:x']) {
    assert.throws(
      () => through('http://a.example/', { http_proxy: wrong }),
      (error) =>
        isAppError(error, 'USAGE') && /http_proxy/.test(error.message) && !/s3cret/.test(error.message),
      wrong,
    );
  }
});

test('how long a connection may take', () => {
  const ms = (text: string) => connectTimeoutMs({ PKGCOMPOSE_CONNECT_TIMEOUT: text });
  assert.deepEqual(['', '1', '0.25', '600'].map(ms), [10_000, 1000, 250, 600_000]);
  for (const wrong of ['0', '-1', '601', '1e3', '5s', 'x'])
    assert.throws(() => ms(wrong), /PKGCOMPOSE_CONNECT_TIMEOUT: expected seconds/, wrong);
});

test('what a proxy refuses is told as what the proxy said', async (t) => {
  for (const [status, expected] of [
    [407, 'requires a user name and password (HTTP 407)'],
    [403, 'refused (HTTP 403)'],
    [502, 'cannot reach the host (HTTP 502)'],
  ] as const) {
    const server = createServer((_, response) => void response.writeHead(status).end());
    server.on('connect', (_, socket) => void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await withEnvironment(t, { HTTPS_PROXY: proxy, HTTP_PROXY: proxy });
    const urls = status === 407 ? ['https://m.example/i', 'http://m.example/i'] : ['https://m.example/i'];
    for (const url of urls) {
      await assert.rejects(fetchBytes([url], { maxBytes: 100 }), (error) => {
        assert.ok(isAppError(error, 'NETWORK'), String(error));
        assert.ok(error.message.includes(`the proxy ${proxy} (HTTP`), error.message);
        assert.ok(error.message.includes(expected), error.message);
        return true;
      });
    }
  }
});

test('nobody there is told at once; one that was there may come back', async (t) => {
  await withEnvironment(t, {});
  const file = () => ({ bytes: Buffer.from('index') });
  const gone = await startMirror(file);
  await gone.close();
  const started = performance.now();
  await assert.rejects(
    fetchBytes([`${gone.url}/i`], { maxBytes: 100, backoffMs: 2000 }),
    /connection refused/,
  );
  await assert.rejects(fetchBytes(['http://mirror.invalid/i'], { maxBytes: 100, backoffMs: 2000 }));
  assert.ok(performance.now() - started < 1500);
  const restarting = await startMirror(file);
  await fetchBytes([`${restarting.url}/i`], { maxBytes: 100 });
  await restarting.close();
  const pauses = 2;
  const before = performance.now();
  await assert.rejects(
    fetchBytes([`${restarting.url}/i`], { maxBytes: 100, retries: pauses, backoffMs: 100 }),
  );
  assert.ok(performance.now() - before >= 150, 'it was waited for');
});

async function fetchInChild(url: string, settings: Readonly<Record<string, string>>): Promise<string> {
  const http = new URL('../../src/fetch/http.ts', import.meta.url).href;
  const code = `import { fetchBytes } from ${JSON.stringify(http)};
    fetchBytes([process.argv[1]], { maxBytes: 100, retries: 0 }).then((r) => console.log(String(r.bytes)), (e) => console.log(e.message));`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code, url], {
    env: { ...process.env, SSL_CERT_FILE: '', SSL_CERT_DIR: '', NODE_EXTRA_CA_CERTS: '', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const part of child.stdout) said += part;
  return said;
}
