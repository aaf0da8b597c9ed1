import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDomain, parseRepository } from '../../src/model/reference.ts';
import { onlyFor } from '../../src/registry/credentials.ts';
import { ping } from '../../src/registry/ping.ts';
import { pushBlobs } from '../../src/registry/push-blobs.ts';
import { openSession } from '../../src/registry/session.ts';
import { listTags } from '../../src/registry/tags.ts';
import { startMirror } from '../fake/mirror.ts';
import type { FakeAuth } from '../fake/registry.ts';
import { alice, blobOf, fails, noise, put, quickSession, start } from './harness.ts';

const users = { alice: alice.password };
const basic: FakeAuth = { kind: 'basic', users };
const bearer: FakeAuth = { kind: 'bearer', users };
/** As whoever the credential says, for any registry */
const as = (credential: typeof alice | { kind: 'identity' | 'bearer'; token: string }) => ({
  credentials: { find: async () => credential },
});

test('Basic: the login is sent once it is asked for, and never before', async (t) => {
  const { registry, session, app } = await start(t, { auth: basic }, as(alice));
  await ping(session, app.domain);
  const sent = registry.requests.map(({ headers }) => headers.authorization);
  assert.equal(sent[0], undefined);
  assert.equal(sent[1], `Basic ${Buffer.from('alice:pass:word ünïcode').toString('base64')}`);
  await pushBlobs(session, app, { blobs: [blobOf(noise(10))] });
  assert.deepEqual(
    registry.requests.slice(2).map(({ status }) => status),
    [404, 202, 201],
  );
});

test('an open registry is never shown the login', async (t) => {
  const { registry, session, app } = await start(t, {}, as(alice));
  await pushBlobs(session, app, { blobs: [blobOf(noise(10))] });
  assert.ok(registry.requests.every(({ headers }) => headers.authorization === undefined));
});

test('Bearer: one token serves a whole push', async (t) => {
  const { registry, session, app } = await start(t, { auth: bearer }, as(alice));
  const blobs = Array.from({ length: 20 }, (_, n) => blobOf(noise(1000, String(n))));
  const source = parseRepository(`${app.domain}/packages`);
  for (const { bytes } of blobs) put(registry, source, bytes);
  const pushed = await pushBlobs(session, app, {
    blobs: blobs.map((blob) => ({ ...blob, mountFrom: [source.path] })),
  });
  assert.equal(pushed.mounted.length, 20);
  const tokens = registry.requests.filter(({ url }) => url.startsWith('/token'));
  assert.deepEqual(
    tokens.map(({ url }) => new URL(url, registry.url).searchParams.getAll('scope')),
    [['repository:packages:pull', 'repository:team/app:pull,push']],
  );
  assert.equal(registry.requests.filter(({ status }) => status === 401).length, 1);
});

test('Bearer: strangers get a token to pull', async (t) => {
  const { registry, session, app } = await start(t, { auth: { ...bearer, anonymous: true } });
  registry.manifests.set('team/app v1', { mediaType: 'x/y', bytes: Buffer.from('{}') });
  assert.deepEqual(await listTags(session, app), ['v1']);
  await fails(pushBlobs(session, app, { blobs: [blobOf(noise(10))] }), 'AUTH', /HTTP 401 UNAUTHORIZED/);
});

test('Bearer: a token that ends midway is replaced', async (t) => {
  const { registry, session, app } = await start(t, { auth: { ...bearer, requestsPerToken: 8 } }, as(alice));
  const blobs = Array.from({ length: 12 }, (_, n) => blobOf(noise(300_000, String(n))));
  const { uploaded } = await pushBlobs(session, app, { blobs });
  assert.equal(uploaded.length, 12);
  assert.ok(blobs.every(({ digest, bytes }) => registry.blobs.get(`team/app ${digest}`)?.equals(bytes)));
});

test('a refusal midway of what was taken before is tried once more', async (t) => {
  for (const auth of [basic, bearer]) {
    const { registry, session, app } = await start(t, { auth }, as(alice));
    await ping(session, app.domain);
    let left = 1;
    registry.switches.intercept = (_, response) => {
      if (left-- <= 0) return false;
      response.writeHead(401).end();
      return true;
    };
    await ping(session, app.domain);
    left = 5;
    await fails(ping(session, app.domain), 'AUTH', /401/);
    assert.ok(left >= 2);
  }
});

test('Bearer: a token is asked for again when its life is over, and not before', async (t) => {
  for (const [lifeSeconds, tokens] of [
    [2, 2],
    [300, 1],
  ] as const) {
    const { registry, session, app } = await start(t, { auth: { ...bearer, lifeSeconds } }, as(alice));
    await ping(session, app.domain);
    await new Promise((resolve) => setTimeout(resolve, lifeSeconds === 2 ? 2100 : 0));
    await ping(session, app.domain);
    assert.equal(registry.requests.filter(({ url }) => url.startsWith('/token')).length, tokens);
    assert.ok(registry.requests.filter(({ status }) => status === 401).length <= 1);
  }
});

test('Bearer: an identity token is exchanged by POST, in the body', async (t) => {
  const auth = { ...bearer, identityTokens: ['refresh-me'] };
  const { registry, session, app } = await start(t, { auth }, as({ kind: 'identity', token: 'refresh-me' }));
  await pushBlobs(session, app, { blobs: [blobOf(noise(10))] });
  const [token] = registry.requests.filter(({ url }) => url.startsWith('/token'));
  assert.equal(token?.method, 'POST');
  assert.equal(token?.url, '/token');
});

test('an identity token is not sent on to where the token server points', async (t) => {
  const thief = await start(t);
  const { session, app } = await start(
    t,
    {
      auth: bearer,
      intercept(request, response) {
        if (!request.url?.startsWith('/token')) return false;
        request.resume();
        response.writeHead(307, { location: `${thief.registry.url}/token` }).end();
        return true;
      },
    },
    as({ kind: 'identity', token: 'refresh-me' }),
  );
  await fails(ping(session, app.domain), 'UNSUPPORTED', /token server http:.*HTTP 307/);
  assert.equal(thief.registry.requests.length, 0);
});

test('a registry token is sent as it is', async (t) => {
  const { registry, session, app } = await start(
    t,
    {
      intercept: (request, response) => {
        const ok = request.headers.authorization === 'Bearer ready-made';
        response.writeHead(ok ? 200 : 401, {
          'www-authenticate': 'Bearer realm="http://127.0.0.1:1/",service="x"',
        });
        response.end();
        return true;
      },
    },
    as({ kind: 'bearer', token: 'ready-made' }),
  );
  await ping(session, app.domain);
  assert.equal(registry.requests.length, 2);
});

test('401 and 403 are told apart, and say how to go on', async (t) => {
  const { registry, session, app } = await start(t, { auth: basic });
  await fails(
    ping(session, app.domain),
    'AUTH',
    /: authentication required \(GET \/v2\/: HTTP 401 UNAUTHORIZED: unauthorized\)$/,
  );
  await assert.rejects(ping(session, app.domain), { hint: `Log in: compose login ${app.domain}` });
  registry.switches.intercept = (_, response) => {
    response.writeHead(403, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ errors: [{ code: 'DENIED', message: 'quota is used up' }] }));
    return true;
  };
  await fails(
    ping(session, app.domain),
    'AUTH',
    /: access denied without a login \(GET \/v2\/: HTTP 403 DENIED: quota is used up\)$/,
  );
});

test('a wrong password is an error of the login, asked for once', async (t) => {
  const wrong = { ...alice, password: 'wrong-password' };
  for (const auth of [basic, bearer]) {
    const { registry, session, app } = await start(t, { auth }, as(wrong));
    await fails(ping(session, app.domain), 'AUTH', /401/);
    assert.ok(registry.requests.length <= 3, String(registry.requests.length));
  }
});

test('a mount from where we may not read falls back to an upload', async (t) => {
  const auth = { ...bearer, closed: ['secret/place'] };
  const { registry, session, app } = await start(t, { auth }, as(alice));
  const blob = blobOf(noise(1000));
  const from = parseRepository(`${app.domain}/secret/place`);
  put(registry, from, blob.bytes);
  const { uploaded } = await pushBlobs(session, app, { blobs: [{ ...blob, mountFrom: [from.path] }] });
  assert.deepEqual(uploaded, [blob.digest]);
});

test('a login for one registry is shown to no other', async (t) => {
  const other = await start(t, { auth: basic });
  const credentials = onlyFor(parseDomain('reg.example'), alice);
  const session = quickSession(t, { credentials });
  await fails(ping(session, other.app.domain), 'AUTH', /401/);
  assert.ok(other.registry.requests.every(({ headers }) => headers.authorization === undefined));
});

test('where a registry sends us on to, the login does not follow', async (t) => {
  const { registry, session, app } = await start(t, { auth: bearer }, as(alice));
  const blob = put(registry, app, noise(100_000));
  const storage = await startMirror(async () => ({ bytes: blob.bytes }));
  t.after(() => storage.close());
  registry.switches.blobsAt = storage.url;
  const { readBlob } = await import('../../src/registry/blobs.ts');
  let sizeBytes = 0;
  for await (const chunk of readBlob(session, app, blob)) sizeBytes += chunk.length;
  assert.equal(sizeBytes, blob.size);
  assert.ok(storage.requests.length > 0);
  assert.ok(storage.requests.every(({ headers }) => headers.authorization === undefined));
});

test('a server that we are sent on to cannot ask for the login', async (t) => {
  const { registry, session, app } = await start(t, { auth: basic }, as(alice));
  const blob = put(registry, app, noise(10));
  const thief = await start(t, { auth: basic });
  registry.switches.blobsAt = thief.registry.url;
  const { readBlob } = await import('../../src/registry/blobs.ts');
  await fails(readBlob(session, app, blob).next(), 'AUTH', /redirected to http:\/\/127\.0\.0\.1/);
  assert.ok(thief.registry.requests.every(({ headers }) => headers.authorization === undefined));
});

for (const realm of ['file:///etc/passwd', 'not a url', '']) {
  test(`a token server at ${JSON.stringify(realm)} is refused`, async (t) => {
    const { session, app } = await start(t, { auth: { ...bearer, realm } }, as(alice));
    await fails(ping(session, app.domain), 'AUTH', /401|token server: expected an http or https URL/);
  });
}

test('a token server that answers nonsense is an error without its words', async (t) => {
  for (const body of ['{"token":"two\\nlines"}', '{"token":5}', 'secret-of-theirs', '[]', 'null']) {
    const { session, app } = await start(
      t,
      {
        auth: bearer,
        intercept(request, response) {
          if (!request.url?.startsWith('/token')) return false;
          response.end(body);
          return true;
        },
      },
      as(alice),
    );
    await fails(ping(session, app.domain), 'NETWORK', /^[^\n]*without a usable token$/);
  }
});

test('no password and no token is in any error, note or detail', async (t) => {
  const secrets = [
    alice.password,
    Buffer.from(`alice:${alice.password}`).toString('base64'),
    encodeURIComponent(alice.password),
  ];
  for (const auth of [basic, bearer]) {
    const seen: unknown[] = [];
    const tokens: string[] = [];
    const progress = { task: () => ({ advance() {}, done() {} }), note: (text: string) => seen.push(text) };
    const { registry, session, app } = await start(t, { auth }, { ...as(alice), progress });
    await ping(session, app.domain);
    for (const status of [400, 401, 403, 404, 429, 500]) {
      registry.switches.intercept = (request, response) => {
        const { authorization = '' } = request.headers;
        tokens.push(authorization.replace(/^\w+ /, ''));
        response.writeHead(status, { 'content-type': 'application/json' });
        const text = `you sent ${authorization} to ${registry.url}/x?sig=signature-secret; ${secrets.join(' ')}`;
        response.end(JSON.stringify({ errors: [{ code: text, message: text, detail: { [text]: [text] } }] }));
        return true;
      };
      await listTags(session, app).catch((error) => seen.push(everything(error)));
    }
    const text = JSON.stringify(seen);
    for (const secret of [...secrets, 'signature-secret', ...tokens.filter((token) => token !== '')]) {
      assert.ok(!text.includes(secret), `${secret} in ${text}`);
    }
    assert.ok(seen.length >= 6);
  }
});

function everything(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return {
    ...error,
    name: error.name,
    message: error.message,
    stack: error.stack,
    cause: everything(error.cause),
  };
}

test('a session without credentials of its own reads those of the machine only when it has to', async (t) => {
  const { app } = await start(t);
  const session = openSession({ credentials: { find: () => assert.fail('asked') } });
  t.after(() => session.close());
  assert.equal(session.signal, undefined);
  assert.ok(app.domain.startsWith('127.0.0.1'));
});
