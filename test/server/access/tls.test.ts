import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TlsOptions } from '../../../src/server/access/tls.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { makeTestCertificates, type TestCertificates } from '../../fixtures/tls.ts';
import { startFronted } from '../operations/fronted.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Of the server's certificate */
  readonly fingerprint: string;
}

function ask(url: string, ca: string, client?: TestCertificates): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      ca: readFileSync(ca),
      agent: false as const,
      ...(client === undefined
        ? {}
        : { cert: readFileSync(client.clientCertificate), key: readFileSync(client.clientKey) }),
    };
    const sent = request(url, options, async (answer) => {
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      const { fingerprint256: fingerprint } = (
        answer.socket as import('node:tls').TLSSocket
      ).getPeerCertificate();
      resolve({ status: answer.statusCode ?? 0, text, fingerprint });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function made(t: Parameters<typeof tempDir>[0], name: string): TestCertificates {
  const folder = join(tempDir(t), name);
  mkdirSync(folder);
  return makeTestCertificates(folder);
}

const own = ({ serverCertificate: cert, serverKey: key }: TestCertificates): TlsOptions => ({ cert, key });

test('a server speaks TLS, takes new certificates without a restart, and keeps the old ones if they do not fit', async (t) => {
  const [a, b] = [made(t, 'a'), made(t, 'b')];
  const { url, front, notes } = await startFronted(t, { tls: own(a) });
  assert.match(url, /^https:/);
  const before = await ask(url, a.ca);
  assert.deepEqual([before.status, before.text], [200, '@127.0.0.1']);
  copyFileSync(b.serverCertificate, a.serverCertificate);
  await front.reload({});
  assert.match(
    notes.at(-1) ?? '',
    /server\.key: is not the key of the certificate .*; what was read before stays in use$/,
  );
  assert.equal((await ask(url, a.ca)).fingerprint, before.fingerprint);
  copyFileSync(b.serverKey, a.serverKey);
  await front.reload({});
  assert.notEqual((await ask(url, b.ca)).fingerprint, before.fingerprint);
  await assert.rejects(ask(url, a.ca), /unable to verify|self-signed|signature/);
});

test('clients with a certificate are who it says; without one they are refused, or nobody', async (t) => {
  const [a, b] = [made(t, 'a'), made(t, 'b')];
  const access = { anonymous: ['pull' as const] };
  const optional = await startFronted(t, {
    tls: { ...own(a), clientCa: a.ca, clientCertificates: 'optional' },
    access,
  });
  assert.equal((await ask(`${optional.url}/v2/`, a.ca, a)).text, 'pkgcompose test client@127.0.0.1');
  assert.equal((await ask(`${optional.url}/v2/`, a.ca)).text, '@127.0.0.1');
  assert.equal((await ask(`${optional.url}/metrics`, a.ca)).status, 403);
  assert.equal((await ask(`${optional.url}/metrics`, a.ca, a)).status, 200);
  // Signed by somebody else: nobody.
  const other = { ...a, clientCertificate: b.clientCertificate, clientKey: b.clientKey };
  assert.equal((await ask(`${optional.url}/metrics`, a.ca, other)).status, 403);
  const required = await startFronted(t, { tls: { ...own(a), clientCa: a.ca }, access });
  assert.equal((await ask(`${required.url}/v2/`, a.ca, a)).text, 'pkgcompose test client@127.0.0.1');
  await assert.rejects(ask(`${required.url}/v2/`, a.ca), /certificate|ECONNRESET|EPIPE|hang up/);
  await assert.rejects(
    ask(`${required.url}/v2/`, a.ca, other),
    /certificate|unknown ca|ECONNRESET|EPIPE|hang up/,
  );
});

test('files that are missing, no PEM, or not a pair are refused by name', async (t) => {
  const [a, b] = [made(t, 'a'), made(t, 'b')];
  const open = (tls: TlsOptions) => startFronted(t, { tls });
  await assert.rejects(open({ ...own(a), key: b.serverKey }), {
    code: 'USAGE',
    message: `${b.serverKey}: is not the key of the certificate ${a.serverCertificate}`,
  });
  await assert.rejects(open({ ...own(a), cert: '/none.pem' }), {
    message: 'cannot read the certificate /none.pem: no such file or folder',
  });
  await assert.rejects(open({ ...own(a), cert: a.serverKey }), {
    message: /server\.key: expected a certificate in PEM/,
  });
  await assert.rejects(open({ ...own(a), key: a.ca }), { message: /ca\.pem: expected a private key in PEM/ });
  await assert.rejects(open({ ...own(a), clientCa: a.serverKey }), {
    message: /expected certificates in PEM/,
  });
});

test('plain HTTP on a port of TLS does no harm', async (t) => {
  const a = made(t, 'a');
  const { url } = await startFronted(t, { tls: own(a) });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await new Promise((resolve) => socket.on('error', resolve).on('close', resolve).resume());
  assert.equal((await ask(url, a.ca)).status, 200);
});
