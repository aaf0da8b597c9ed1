import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { requestLine } from '../../src/cli/request-log.ts';
import { run } from '../../src/cli/run.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Runs a command line with the real use cases in a home of its own, with a login at `registry`. */
async function execute(t: TestContext, line: readonly string[], registry: string) {
  const home = mkdtempSync(join(tmpdir(), 'request-log-'));
  t.after(() => rmSync(home, { recursive: true }));
  const auth = Buffer.from('me:hunter2').toString('base64');
  writeFileSync(join(home, 'auth.json'), JSON.stringify({ auths: { [registry]: { auth } } }));
  let stdout = '';
  let stderr = '';
  const exitCode = await run(line, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: { HOME: home, PKGCOMPOSE_CACHE: join(home, 'cache'), REGISTRY_AUTH_FILE: join(home, 'auth.json') },
  });
  return { stdout, stderr, exitCode, auth };
}

/** A registry that wants a token for everything, and says where: with secrets wherever a URL has room for them. */
function registryListener(seen: string[]): RequestListener {
  return (request, response) => {
    seen.push(`${request.headers.authorization}`);
    if (request.url!.startsWith('/token')) return response.end('{"token":"hunter3-token"}');
    if (request.headers.authorization !== 'Bearer hunter3-token') {
      const realm = `http://${request.headers.host}/token?key=hunter4`;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s"` });
      return response.end('{}');
    }
    return response.end('{"name":"team/app","tags":["1"]}');
  };
}

test('--verbose: every request of a registry command, with its status, and never a secret', async (t) => {
  const seen: string[] = [];
  const host = await serve(t, registryListener(seen));
  const { stdout, stderr, exitCode, auth } = await execute(
    t,
    ['tags', `${host}/team/app`, '--verbose'],
    host,
  );
  assert.deepEqual([exitCode, stdout], [0, '1\n'], stderr);
  assert.ok(seen.includes('Bearer hunter3-token') && seen.includes(`Basic ${auth}`), 'secrets were sent');
  assert.match(stderr, /^http: GET http:\/\/[^/]+\/v2\/.*: 401, \d+ B in \d+ ms$/m);
  assert.match(stderr, /^http: GET http:\/\/[^/]+\/token\?\*\*\*: 200, 25 B in \d+ ms$/m);
  assert.match(
    stderr,
    /^http: GET http:\/\/[^/]+\/v2\/team\/app\/tags\/list(\?\*\*\*)?: 200, 32 B in \d+ ms$/m,
  );
  assert.doesNotMatch(stderr, /hunter|Bearer|Basic/);
  assert.ok(!stderr.includes(auth));
});

test('--verbose: a mirror with a password and a token in its URL', async (t) => {
  const host = await serve(t, (_request, response) => response.writeHead(404).end('no such file'));
  const mirror = `http://me:hunter2@${host}/alpine?token=hunter3`;
  const line = ['index', '--release', 'v3.19', '--repo', 'main', '--mirror', mirror];
  const { stderr, exitCode } = await execute(t, [...line, '--verbose'], host);
  assert.notEqual(exitCode, 0);
  assert.match(
    stderr,
    /^http: GET http:\/\/[^/@]+\/alpine\/v3\.19\/main\/\w+\/APKINDEX\.tar\.gz\?\*\*\*: 404, /m,
  );
  assert.doesNotMatch(stderr, /hunter/);
  for (const switches of [[], ['--verbose', '--quiet']]) {
    assert.doesNotMatch((await execute(t, [...line, ...switches], host)).stderr, /^http:/m);
  }
});

test('a line says what was asked, what came of it, how many bytes and how long it took', () => {
  const record = { method: 'PUT', url: 'https://r.example/v2/x', sentBytes: 1_500_000, receivedBytes: 0 };
  assert.equal(
    requestLine({ ...record, status: 201, tookMs: 1234.5 }),
    'PUT https://r.example/v2/x: 201, 1.5 MB sent, 0 B in 1235 ms',
  );
  assert.equal(
    requestLine({ ...record, sentBytes: 0, status: undefined, tookMs: 10_000 }),
    'PUT https://r.example/v2/x: no response in 10000 ms',
  );
});
