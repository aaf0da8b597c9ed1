import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { acceptsTls } from '../../src/registry/handshake.ts';
import { tempDir } from '../fixtures/temp.ts';
import { makeTestCertificates } from '../fixtures/tls.ts';

async function asked(t: TestContext, server: Server, signal?: AbortSignal): Promise<boolean> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return acceptsTls(new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`), signal);
}

test('a server on this machine has TLS, whichever versions, ciphers and certificates it takes', async (t) => {
  const { ca, serverCertificate, serverKey } = makeTestCertificates(tempDir(t));
  const tls = (options: TlsOptions) =>
    createTlsServer({ cert: readFileSync(serverCertificate), key: readFileSync(serverKey), ...options }).on(
      'tlsClientError',
      () => {},
    );
  assert.equal(await asked(t, tls({})), true);
  assert.equal(await asked(t, tls({ minVersion: 'TLSv1.3' })), true, 'refuses by an alert');
  assert.equal(await asked(t, tls({ maxVersion: 'TLSv1.2', ciphers: 'AES256-SHA256' })), true);
  assert.equal(await asked(t, tls({ requestCert: true, ca: readFileSync(ca) })), true);
});

test('a server on this machine has no TLS', async (t) => {
  assert.equal(await asked(t, createHttpServer()), false, 'HTTP');
  assert.equal(
    await asked(
      t,
      createServer((socket) => socket.end()),
    ),
    false,
    'ends connections',
  );
  assert.equal(
    await asked(
      t,
      createServer((socket) => socket.resetAndDestroy()),
    ),
    false,
    'resets them',
  );
  assert.equal(
    await asked(
      t,
      createServer((socket) => socket.end('SSH-2.0-x\r\n')),
    ),
    false,
    'speaks first',
  );
  const nobody = createServer();
  await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
  const { port } = nobody.address() as AddressInfo;
  await new Promise((resolve) => nobody.close(resolve));
  assert.equal(await acceptsTls(new URL(`https://127.0.0.1:${port}`), undefined), false, 'nobody listens');
});

test('a server that answers nothing is left to the first request', async (t) => {
  assert.equal(await asked(t, createServer(), AbortSignal.timeout(50)), true);
});
