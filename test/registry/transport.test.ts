import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ErrorCode, isAppError } from '../../src/model/app-error.ts';
import { silentProgress } from '../../src/model/progress.ts';
import { parseRepository, parseTagName } from '../../src/model/reference.ts';
import { hasBlob, readBlob } from '../../src/registry/blobs.ts';
import { getManifest } from '../../src/registry/manifests.ts';
import { ping } from '../../src/registry/ping.ts';
import { pushBlobs } from '../../src/registry/push-blobs.ts';
import { listTags } from '../../src/registry/tags.ts';
import { hostFiles } from '../../src/registry/tls.ts';
import type { SessionOptions } from '../../src/registry/types.ts';
import { type FakeRegistry, startFakeRegistry } from '../fake/registry.ts';
import { tempDir } from '../fixtures/temp.ts';
import { makeTestCertificates, type TestCertificates } from '../fixtures/tls.ts';
import { alice, blobOf, collect, fails, noise, put, quickSession, start } from './harness.ts';

interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

interface Secured {
  readonly registry: FakeRegistry;
  readonly pem: TestCertificates;
  readonly folder: string;
  open(options?: SessionOptions): Promise<void>;
}

async function secured(t: TestHooks, mutual = false): Promise<Secured> {
  const folder = tempDir(t);
  const pem = makeTestCertificates(folder);
  const [cert, key, ca] = [pem.serverCertificate, pem.serverKey, pem.ca].map((path) => readFileSync(path));
  const tls = { cert, key, ...(mutual ? { ca, requestCert: true, rejectUnauthorized: true } : {}) };
  const registry = await startFakeRegistry(t, {}, tls as object);
  const { domain } = parseRepository(`${registry.host}/a`);
  return {
    registry,
    pem,
    folder,
    open: (options) => ping(quickSession(t, { retries: 0, ...options }), domain),
  };
}

test('TLS: an unknown authority is refused, also on this machine, unless named or not to be checked', async (t) => {
  const { open, pem } = await secured(t);
  await fails(open(), 'NETWORK', /TLS certificate was rejected/);
  await open({ ca: pem.ca });
  await open({ insecure: true });
});

test('TLS: a client certificate is shown to the registry', async (t) => {
  const { open, pem } = await secured(t, true);
  await fails(open({ ca: pem.ca }), 'NETWORK', /certificate required|closed by the server/);
  await open({ ca: pem.ca, cert: pem.clientCertificate, key: pem.clientKey });
});

test('TLS: files that are not usable are named', async (t) => {
  const { open, pem, folder } = await secured(t);
  const none = join(folder, 'none.pem');
  writeFileSync(none, 'not a certificate');
  await fails(open({ ca: join(folder, 'missing') }), 'USAGE', /cannot read .*missing/);
  await fails(open({ ca: none }), 'USAGE', /none\.pem: expected certificates in PEM form/);
  await fails(open({ cert: pem.clientCertificate }), 'USAGE', /needed together/);
  await fails(
    open({ cert: pem.clientCertificate, key: pem.serverKey }),
    'USAGE',
    /not usable as certificates and key/,
  );
});

test('TLS: what the folders of certificates have for a host', async (t) => {
  const folder = tempDir(t);
  const host = 'reg.example:5000';
  const [mine, system] = [join(folder, 'mine'), join(folder, 'system')];
  const at = (base: string, name: string): string => join(base, host, name);
  for (const base of [mine, system]) mkdirSync(join(base, host), { recursive: true });
  for (const name of ['b.crt', 'a.crt', 'client.cert', 'client.key', 'notes.txt'])
    writeFileSync(at(system, name), '');
  const found = await hostFiles(host, [mine, system, join(folder, 'missing')]);
  assert.deepEqual(found, {
    ca: [at(system, 'a.crt'), at(system, 'b.crt')],
    cert: at(system, 'client.cert'),
    key: at(system, 'client.key'),
  });
  assert.deepEqual(await hostFiles('reg.example', [mine, system]), {
    ca: [],
    cert: undefined,
    key: undefined,
  });
  writeFileSync(at(mine, 'x.cert'), '');
  await fails(hostFiles(host, [mine, system]), 'USAGE', /x\.cert has no key: expected .*x\.key/);
});

test('TLS: the user’s folder of certificates is used without being named', async (t) => {
  const { open, pem, folder, registry } = await secured(t, true);
  const own = join(folder, 'containers/certs.d', registry.host);
  mkdirSync(own, { recursive: true });
  copyFileSync(pem.ca, join(own, 'ca.crt'));
  copyFileSync(pem.clientCertificate, join(own, 'me.cert'));
  copyFileSync(pem.clientKey, join(own, 'me.key'));
  await withEnvironment({ XDG_CONFIG_HOME: folder }, () => open());
});

async function withEnvironment(values: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const before = { ...process.env };
  Object.assign(process.env, values);
  try {
    await work();
  } finally {
    process.env = before;
  }
}

test('plain HTTP is spoken on this machine without being asked for', async (t) => {
  const { registry } = await start(t);
  const port = registry.host.split(':')[1];
  await ping(quickSession(t), parseRepository(`localhost:${port}/a`).domain);
  // A name of this machine that nothing knows to be one.
  const domain = parseRepository(`127.1:${port}/a`).domain;
  await ping(quickSession(t), domain);
});

test('a proxy is used for other hosts, with TLS through it; not for this machine', async (t) => {
  const { registry, pem } = await secured(t);
  const asked: string[] = [];
  const proxy = createServer((socket) => {
    socket.once('data', (head) => {
      asked.push(head.toString('latin1').split('\r\n')[0]!);
      const upstream = connect(Number(registry.host.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      for (const end of [socket, upstream]) end.on('error', () => upstream.destroy());
    });
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => void proxy.close());
  const url = `http://127.0.0.1:${(proxy.address() as { port: number }).port}`;
  await withEnvironment({ HTTPS_PROXY: url, https_proxy: url, NO_PROXY: '', no_proxy: '' }, async () => {
    await ping(quickSession(t, { ca: pem.ca }), parseRepository(`${registry.host}/a`).domain);
    assert.deepEqual(asked, []);
    // The certificate is for 127.0.0.1, so only its name is wrong: it was checked through the proxy.
    const away = parseRepository('reg.invalid/a').domain;
    await fails(
      ping(quickSession(t, { ca: pem.ca, retries: 0 }), away),
      'NETWORK',
      /certificate|TLS|altname/i,
    );
    assert.deepEqual(asked, ['CONNECT reg.invalid:443 HTTP/1.1']);
    await ping(quickSession(t, { insecure: true }), away);
  });
});

test('what passes is tried again, as late as the registry asks', async (t) => {
  const notes: string[] = [];
  const progress = {
    task: () => ({ advance() {}, done() {} }),
    note: (text: string) => void notes.push(text),
  };
  const { registry, session, app } = await start(t, {}, { progress });
  registry.manifests.set('team/app a', { mediaType: 'x/y', bytes: Buffer.from('{}') });
  const answers: [number, Record<string, string>][] = [
    [503, {}],
    [429, { 'retry-after': '0' }],
    [429, { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }],
    [500, { 'retry-after': 'soon' }],
    [502, {}],
  ];
  registry.switches.intercept = (_, response) => {
    const next = answers.shift();
    if (next === undefined) return false;
    response.writeHead(...next).end();
    return true;
  };
  assert.deepEqual(await listTags(session, app), ['a']);
  assert.equal(notes.length, 5);
  assert.match(
    notes[0]!,
    /team\/app: GET tags\/list\?\*\*\*|team\/app: GET tags\/list.*: HTTP 503; trying again/,
  );

  answers.push([429, { 'retry-after': '1' }]);
  const before = performance.now();
  await listTags(session, app);
  assert.ok(performance.now() - before >= 990);
});

test('what does not pass is told with the registry’s words, after so many tries', async (t) => {
  const { registry, session, app } = await start(t, {}, { retries: 2 });
  registry.switches.intercept = (_, response) => {
    response.writeHead(503, { 'content-type': 'text/plain' }).end('down for repairs\n');
    return true;
  };
  await fails(
    listTags(session, app),
    'NETWORK',
    /the registry failed \(GET tags\/list\?n=1000: HTTP 503 down for repairs\)$/,
  );
  assert.equal(registry.requests.length, 3);
});

test('a waiting session ends with its signal', async (t) => {
  const end = new AbortController();
  const { registry, app } = await start(t);
  const session = quickSession(t, { signal: end.signal });
  registry.switches.intercept = (_, response) => {
    response.writeHead(429, { 'retry-after': '20' }).end();
    setTimeout(() => end.abort(), 20);
    return true;
  };
  await fails(listTags(session, app), 'CANCELLED', /cancelled/);
});

test('connections are kept and shared', async (t) => {
  const { registry, session, app } = await start(t);
  const sockets = new Set<unknown>();
  registry.switches.intercept = (request) => {
    sockets.add(request.socket);
    return false;
  };
  const blobs = Array.from({ length: 40 }, (_, n) => blobOf(noise(50_000, String(n))));
  await pushBlobs(session, app, { blobs });
  assert.ok(sockets.size <= 16, String(sockets.size));
});

test('a registry that nobody runs', async (t) => {
  const { registry, session } = await start(t, {}, { retries: 1 });
  await registry.close();
  const { domain } = parseRepository(`${registry.host}/a`);
  await fails(ping(session, domain), 'NETWORK', /connection refused/);
  const away = quickSession(t, { retries: 0 });
  await fails(
    ping(away, parseRepository('reg.invalid/a').domain),
    'NETWORK',
    /host name not found|name server/,
  );
  await fails(ping(away, parseRepository('[:::]/a').domain), 'USAGE', /not the address of a registry/);
});

test('a server that is no registry', async (t) => {
  const { registry, session, app } = await start(t);
  registry.switches.intercept = (_, response) => {
    response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>');
    return true;
  };
  await fails(ping(session, app.domain), 'UNSUPPORTED', /not a registry/);
});

test('redirects keep the method and the body where they say so', async (t) => {
  const { registry, session, app } = await start(t);
  const moved = new Set<string>();
  registry.switches.intercept = (request, response) => {
    const url = request.url!;
    if (url.startsWith('/moved') || moved.has(url)) return false;
    moved.add(url);
    request.resume();
    response.writeHead(308, { location: url }).end();
    return true;
  };
  const blob = blobOf(noise(300_000));
  await pushBlobs(session, app, { blobs: [blob] });
  assert.ok(await hasBlob(session, app, blob));
});

test('with the login in use, a blob elsewhere is read without it even after a cut', async (t) => {
  const { registry, session, app } = await start(
    t,
    { auth: { kind: 'basic', users: { alice: alice.password } }, cutDownloads: [1000] },
    { credentials: { find: async () => alice } },
  );
  const blob = put(registry, app, noise(500_000));
  assert.deepEqual(await collect(readBlob(session, app, blob)), blob.bytes);
});

test('a refusal is a sentence with a way on, whatever the registry says of it', async (t) => {
  const cases: readonly (readonly [
    status: number,
    code: string,
    ErrorCode,
    meaning: RegExp,
    hint: RegExp,
  ])[] = [
    [401, 'UNAUTHORIZED', 'AUTH', /: authentication required \(/, /compose login/],
    [403, 'DENIED', 'AUTH', /: access denied without a login \(/, /compose login/],
    [404, 'NAME_UNKNOWN', 'NOT_FOUND', /: no such repository \(/, /Check the name/],
    [404, '', 'NOT_FOUND', /: no such tag: v9 \(/, /Check the name/],
    [400, 'NAME_INVALID', 'USAGE', /does not accept the repository name \(/, /REG\/PROJECT\/NAME/],
    [400, 'MANIFEST_INVALID', 'UNSUPPORTED', /does not accept the manifest \(/, /zstd/],
    [400, 'DIGEST_INVALID', 'INTEGRITY', /do not match the digest \(/, /compose verify/],
    [400, '', 'UNSUPPORTED', /considers the request malformed \(/, /^$/],
    [405, 'UNSUPPORTED', 'UNSUPPORTED', /does not support the operation \(/, /operator/],
    [413, '', 'LIMIT', /too large for this registry, or for a proxy/, /operator/],
    [429, 'TOOMANYREQUESTS', 'NETWORK', /too many requests \(/, /log in/],
    [500, '', 'NETWORK', /the registry failed \(/, /Try again later/],
    [418, '', 'UNSUPPORTED', /rejected the request \(/, /^$/],
  ];
  for (const [status, code, expected, meaning, hint] of cases) {
    const answer = (_: unknown, response: ServerResponse) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ code, message: 'own words' }] }));
      return true;
    };
    const { session, app } = await start(t, { intercept: answer }, { retries: 0 });
    const reference = { ...app, tag: parseTagName('v9'), digest: undefined };
    await assert.rejects(getManifest(session, reference), (error) => {
      assert.ok(isAppError(error, expected), `${status} ${code}: ${error}`);
      assert.match(error.message, meaning);
      assert.match(error.message, new RegExp(`\\(GET manifests/v9: HTTP ${status} .*own words\\)$`));
      assert.match(error.hint ?? '', hint, error.message);
      return true;
    });
  }
});

test('a registry has no lines of its own in a message', async (t) => {
  for (const type of ['application/json', 'text/plain']) {
    const words = 'a\nerror: fake line\r\n\u0085\u2028x\u001b[31m\u009b1m';
    const answer = (_: unknown, response: ServerResponse) => {
      response.writeHead(400, { 'content-type': type });
      response.end(
        type === 'text/plain' ? words : JSON.stringify({ errors: [{ code: 'A\nB', message: words }] }),
      );
      return true;
    };
    const { session, app } = await start(t, { intercept: answer });
    await assert.rejects(listTags(session, app), (error) => {
      assert.ok(isAppError(error), String(error));
      assert.match(error.message, /a error: fake line x \[31m 1m/);
      assert.doesNotMatch(error.message, /[\p{Cc}\u2028\u2029]/u);
      return true;
    });
  }
});

test('regression: only whole secrets are hidden, and short ones in no words', async (t) => {
  const words = 'none of secretive, s3cret-password. "s3cret-password"; xs3cret-password';
  const answer = (_: unknown, response: ServerResponse) => {
    response.writeHead(400, { 'content-type': 'text/plain' });
    response.end(words);
    return true;
  };
  for (const [password, expected] of [
    ['x', words],
    ['e', words],
    ['none', words],
    ['secret', words],
    ['s3cret-password', 'none of secretive, ***. "***"; xs3cret-password'],
  ] as const) {
    const credentials = { find: async () => ({ ...alice, password }) };
    const { session, app } = await start(t, { intercept: answer }, { credentials });
    await assert.rejects(listTags(session, app), (error) => {
      assert.ok(isAppError(error), String(error));
      assert.ok(error.message.includes(`HTTP 400 ${expected})`), error.message);
      return true;
    });
    const away = quickSession(t, { credentials, retries: 0 });
    await assert.rejects(listTags(away, parseRepository('none.invalid/xs3cret-password')), (error) => {
      assert.match(String(error), /none\.invalid\/xs3cret-password: /);
      return true;
    });
  }
});

test('regression: a registry that is not there is told at once', async (t) => {
  const { registry, app } = await start(t);
  await registry.close();
  const session = quickSession(t, { backoffMs: 1000, retries: 6 });
  const started = performance.now();
  await assert.rejects(listTags(session, app), (error) => {
    assert.ok(isAppError(error, 'NETWORK'), String(error));
    assert.match(error.message, /connection refused/);
    assert.match(error.hint ?? '', /name and port/);
    return true;
  });
  assert.ok(performance.now() - started < 1000);
});

test('a registry that does not answer is noted once, while it is waited for', async (t) => {
  const noted = Promise.withResolvers<string>();
  const notes: string[] = [];
  const note = (line: string) => {
    notes.push(line);
    noted.resolve(line);
  };
  const { registry, session, app } = await start(t, {}, { progress: { ...silentProgress, note } });
  const held: (() => void)[] = [];
  registry.switches.intercept = (_, response) => {
    held.push(() => response.writeHead(404).end());
    return true;
  };
  const asked = [noise(1), noise(2)].map((bytes) => hasBlob(session, app, blobOf(bytes)));
  assert.equal(await noted.promise, `${registry.host}: no answer yet; a connection may take up to 10 s`);
  registry.switches.intercept = undefined;
  for (const answer of held) answer();
  assert.deepEqual(await Promise.all(asked), [false, false]);
  assert.equal(notes.length, 1);
});
