import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseRepository, type Repository } from '../../src/model/reference.ts';
import { deleteManifest } from '../../src/registry/manifests.ts';
import { ping } from '../../src/registry/ping.ts';
import { listTags } from '../../src/registry/tags.ts';
import type { Credential, RegistrySession, SessionOptions } from '../../src/registry/types.ts';
import { type FakeRegistry, startFakeRegistry } from '../fake/registry.ts';
import { tempDir } from '../fixtures/temp.ts';
import { makeTestCertificates } from '../fixtures/tls.ts';
import { alice, blobOf, fails, noise, quickSession } from './harness.ts';

/** Which credentials go where: each row is a registry that asks in some way, and all that it and its token server then see. */
interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

interface Scene {
  /** WWW-Authenticate headers; `REALM` is the token server's URL */
  readonly offers: readonly string[];
  readonly login?: Credential | undefined;
  /** What its token server answers to the nth request; default: `{"token":"tN"}` */
  readonly tokens?: (n: number) => { status?: number; location?: string; body?: unknown };
  /** Authorization that it takes; default: a token `t…`, and alice's password */
  readonly takes?: (header: string) => boolean;
  /** Also of answers that are no 401 */
  readonly always?: boolean;
}

interface Set {
  readonly registry: FakeRegistry;
  readonly session: RegistrySession;
  readonly app: Repository;
  /** `GET tags as t1`, `GET /token?scope=… as alice`, in order */
  seen(): readonly string[];
}

const BASIC = `Basic ${Buffer.from('alice:pass:word ünïcode').toString('base64')}`;
const BEARER = 'Bearer realm="REALM",service="s"';
const identity: Credential = { kind: 'identity', token: 'refresh-token' };
const ready: Credential = { kind: 'bearer', token: 'ready-made' };

function who(header: string | undefined): string {
  if (header === undefined) return 'nobody';
  return header === BASIC ? 'alice' : header.replace('Bearer ', '');
}

async function set(t: TestHooks, scene: Scene, options: SessionOptions = {}): Promise<Set> {
  const { offers, takes = (header) => header === BASIC || /^Bearer (t\d|ready-made)$/.test(header) } = scene;
  let asked = 0;
  const registry = await startFakeRegistry(t as never, {
    intercept(request, response) {
      request.resume();
      if (request.url?.startsWith('/token')) {
        const { status = 200, location, body = { token: `t${asked + 1}` } } = scene.tokens?.(asked + 1) ?? {};
        asked++;
        response.writeHead(status, location === undefined ? {} : { location }).end(JSON.stringify(body));
        return true;
      }
      const good = takes(request.headers.authorization ?? '');
      const challenges = offers.map((offer) => offer.replace('REALM', `${registry.url}/token`));
      response.writeHead(good ? 200 : 401, {
        'content-type': 'application/json',
        ...(good && scene.always !== true ? {} : { 'www-authenticate': challenges }),
      });
      response.end('{"name":"team/app","tags":["v1"]}');
      return true;
    },
  });
  const credentials = { find: async () => scene.login };
  const session = quickSession(t as never, { credentials, retries: 0, ...options });
  const seen = () =>
    registry.requests.map(({ method, url, headers }) => {
      const short = decodeURIComponent(url).replace('/v2/team/app/', '').replace('tags/list?n=1000', 'tags');
      return `${method} ${short} as ${who(headers.authorization)}`;
    });
  return { registry, session, app: parseRepository(`${registry.host}/team/app`), seen };
}

const PULL = 'scope=repository:team/app:pull';

for (const [what, scene, seen] of [
  ['a stranger, no challenge', { offers: [], takes: () => true }, ['GET tags as nobody']],
  [
    'a stranger, Bearer',
    { offers: [BEARER] },
    ['GET tags as nobody', `GET /token?service=s&${PULL} as nobody`, 'GET tags as t1'],
  ],
  [
    'a login, Bearer',
    { offers: [BEARER], login: alice },
    ['GET /v2/ as nobody', `GET /token?service=s&${PULL}&account=alice as alice`, 'GET tags as t1'],
  ],
  [
    'a login, Bearer without a service',
    { offers: ['Bearer realm="REALM"'], login: alice },
    ['GET /v2/ as nobody', `GET /token?${PULL}&account=alice as alice`, 'GET tags as t1'],
  ],
  [
    'a login, a realm with a query of its own',
    { offers: ['Bearer realm="REALM?a=b",service="s"'], login: alice },
    ['GET /v2/ as nobody', `GET /token?a=b&service=s&${PULL}&account=alice as alice`, 'GET tags as t1'],
  ],
  [
    'a login, Basic',
    { offers: ['Basic realm="x"'], login: alice },
    ['GET /v2/ as nobody', 'GET tags as alice'],
  ],
  [
    'a login, Basic and Bearer in one header',
    { offers: [`Basic realm="x", ${BEARER}`], login: alice },
    ['GET /v2/ as nobody', `GET /token?service=s&${PULL}&account=alice as alice`, 'GET tags as t1'],
  ],
  [
    'a login, Bearer and Basic in two headers',
    { offers: [BEARER, 'Basic realm="x"'], login: alice },
    ['GET /v2/ as nobody', `GET /token?service=s&${PULL}&account=alice as alice`, 'GET tags as t1'],
  ],
  [
    'a login, Bearer without a realm before Basic',
    { offers: ['Bearer service="s"', 'Basic realm="x"'], login: alice },
    ['GET /v2/ as nobody', 'GET tags as alice'],
  ],
  [
    'a login, Negotiate before Basic',
    { offers: ['Negotiate, Basic realm="x"'], login: alice },
    ['GET /v2/ as nobody', 'GET tags as alice'],
  ],
  [
    'a login, and answers that challenge though they are none',
    { offers: ['Basic realm="x"'], login: alice, always: true, takes: () => true },
    ['GET /v2/ as nobody', 'GET tags as nobody'],
  ],
  [
    'an identity token, Bearer',
    { offers: [BEARER], login: identity },
    ['GET /v2/ as nobody', 'POST /token as nobody', 'GET tags as t1'],
  ],
  [
    'a registry token, Bearer: its server is not asked',
    { offers: [BEARER], login: ready },
    ['GET /v2/ as nobody', 'GET tags as ready-made'],
  ],
  [
    'a registry token, Basic',
    { offers: ['Basic realm="x"'], login: ready },
    ['GET /v2/ as nobody', 'GET tags as ready-made'],
  ],
] satisfies readonly (readonly [string, Scene, readonly string[]])[]) {
  test(`${what}: ${seen.at(-1)}`, async (t) => {
    const scenery = await set(t, scene);
    assert.deepEqual(await listTags(scenery.session, scenery.app), ['v1']);
    assert.deepEqual(scenery.seen(), seen);
  });
}

for (const [what, offers, login, message] of [
  ['a stranger, Basic', ['Basic realm="x"'], undefined, /: authentication required \(/],
  ['a stranger, Bearer without a realm', ['Bearer service="s"'], undefined, /: authentication required \(/],
  ['a login, Negotiate', ['Negotiate'], alice, /offers no way to log in with a user name and password \(/],
  ['a login, Digest', ['Digest realm="x", nonce="y"'], alice, /offers no way to log in with a user name/],
  ['a login, Bearer without a realm', ['Bearer service="s"'], alice, /offers no way to log in with a user/],
  ['a login, no challenge', [], alice, /offers no way to log in with a user name and password/],
  [
    'an identity token, Basic',
    ['Basic realm="x"'],
    identity,
    /offers no way to log in with an identity token/,
  ],
] as const) {
  test(`${what}: refused, and nothing is sent`, async (t) => {
    const { session, app, registry } = await set(t, { offers, login });
    await fails(listTags(session, app), 'AUTH', message);
    assert.ok(registry.requests.every(({ headers }) => headers.authorization === undefined));
  });
}

for (const realm of ['ftp://127.0.0.1/token', 'javascript:1', 'data:,x', '/token', '//127.0.0.1/token']) {
  test(`a token server at ${realm} is refused`, async (t) => {
    const { session, app } = await set(t, { offers: [`Bearer realm="${realm}"`], login: alice });
    await fails(listTags(session, app), 'AUTH', new RegExp(`token server: .*https URL.*"${realm}"`));
  });
}

test('a token server elsewhere gets the login that it is for; the user that its URL names is nobody', async (t) => {
  for (const login of [alice, undefined]) {
    const other = await set(t, { offers: [] });
    const realm = `${other.registry.url.replace('//', '//mallory:guess@')}/token`;
    const { session, app } = await set(t, { offers: [`Bearer realm="${realm}"`], login });
    await listTags(session, app);
    const account = login === undefined ? ' as nobody' : '&account=alice as alice';
    assert.deepEqual(other.seen(), [`GET /token?${PULL}${account}`]);
  }
});

test('where a token server sends on to another, the login stays; on its own host it follows', async (t) => {
  const other = await set(t, { offers: [] });
  const away = await set(t, {
    offers: [BEARER],
    login: alice,
    tokens: () => ({ status: 302, location: `${other.registry.url}/token?moved` }),
  });
  await listTags(away.session, away.app);
  assert.deepEqual(other.seen(), ['GET /token?moved as nobody']);
  const within = await set(t, {
    offers: [BEARER],
    login: alice,
    tokens: (n) => (n === 1 ? { status: 307, location: '/token?moved' } : {}),
  });
  await listTags(within.session, within.app);
  assert.deepEqual(within.seen().slice(-2), ['GET /token?moved as alice', 'GET tags as t2']);
});

test('the form that an identity token is exchanged with', async (t) => {
  const { session, app, registry } = await set(t, { offers: [BEARER], login: identity });
  let body = '';
  const { intercept } = registry.switches;
  registry.switches.intercept = (request, response) => {
    if (request.method === 'POST') request.on('data', (chunk) => (body += chunk));
    return intercept?.(request, response) ?? false;
  };
  await ping(session, app.domain);
  await listTags(session, app);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(body.slice(body.lastIndexOf('grant_type')))), {
    grant_type: 'refresh_token',
    refresh_token: 'refresh-token',
    service: 's',
    client_id: 'pkgcompose',
    scope: 'repository:team/app:pull',
  });
  const sent = registry.requests.filter(({ method }) => method === 'POST');
  assert.equal(sent[0]?.headers['content-type'], 'application/x-www-form-urlencoded');
});

for (const [status, login, message, hint] of [
  [401, undefined, /: authentication required \(token server /, /^Log in: /],
  [403, undefined, /: authentication required \(token server /, /^Log in: /],
  [400, alice, /: the login was rejected \(token server /, /^Check the user name and password, /],
  [401, alice, /: the login was rejected \(token server /, /^Check the user name and password, /],
  [403, alice, /: the login was rejected \(token server /, /^Check the user name and password, /],
  [401, identity, /: the login was rejected \(token server /, /^Check the user name and password, /],
  [404, identity, / identity token.* \(token server /, /^Log in with a password: /],
  [405, identity, / identity token.* \(token server /, /^Log in with a password: /],
  [501, identity, / identity token.* \(token server /, /^Log in with a password: /],
] as const) {
  test(`a token server's ${status} to ${login?.kind ?? 'a stranger'}: ${message.source}`, async (t) => {
    const tokens = () => ({ status, body: { errors: [] } });
    const { session, app } = await set(t, { offers: [BEARER], login, tokens });
    await fails(listTags(session, app), 'AUTH', message);
    await assert.rejects(listTags(session, app), { hint });
  });
}

test('a token server that is out of order is tried again', async (t) => {
  const tokens = (n: number) => (n < 3 ? { status: 503, body: {} } : {});
  const { session, app, seen } = await set(t, { offers: [BEARER], login: alice, tokens }, { retries: 3 });
  await listTags(session, app);
  assert.equal(seen().at(-1), 'GET tags as t3');
});

for (const [what, body, token] of [
  ['token', { token: 't1' }, 't1'],
  ['access_token', { access_token: 't2' }, 't2'],
  ['both', { access_token: 't2', token: 't1' }, 't1'],
  ['an empty token', { access_token: 't2', token: '' }, 't2'],
  ['a life of nothing', { token: 't1', expires_in: 0 }, 't1'],
  ['a life of less', { token: 't1', expires_in: -5 }, 't1'],
  ['a life that is no number', { token: 't1', expires_in: 'long' }, 't1'],
] as const) {
  test(`a token server's reply with ${what}: one token for all requests`, async (t) => {
    const { session, app, seen } = await set(t, {
      offers: [BEARER],
      login: alice,
      tokens: () => ({ body }),
    });
    for (let n = 0; n < 3; n++) await listTags(session, app);
    const tail = Array.from({ length: 3 }, () => `GET tags as ${token}`);
    assert.deepEqual(seen().slice(2), tail);
    assert.match(seen()[1] ?? '', /^GET \/token/);
  });
}

test('a challenge that wants more is asked for with what was needed, and the refused token is not used again', async (t) => {
  const more = `${BEARER},scope="repository:team/app:push repository:other:pull"`;
  const takes = (header: string): boolean => header === 'Bearer t2';
  const { session, app, seen } = await set(t, { offers: [more], login: alice, takes });
  await listTags(session, app);
  const all = 'scope=repository:other:pull&scope=repository:team/app:pull,push';
  assert.deepEqual(seen().slice(1), [
    `GET /token?service=s&${PULL}&account=alice as alice`,
    'GET tags as t1',
    `GET /token?service=s&${all}&account=alice as alice`,
    'GET tags as t2',
  ]);
});

test('no token is good enough: an end after the second', async (t) => {
  const { session, app, seen } = await set(t, { offers: [BEARER], login: alice, takes: () => false });
  await fails(listTags(session, app), 'AUTH', /: wrong user name or password \(GET tags/);
  assert.ok(seen().filter((line) => line.startsWith('GET tags')).length <= 3, seen().join('\n'));
});

test('a token is for its scopes, and asked for once by many at once', async (t) => {
  const { session, app, registry, seen } = await set(t, { offers: [BEARER], login: alice });
  const other = parseRepository(`${app.domain}/other`);
  await ping(session, app.domain);
  await Promise.all([listTags(session, app), listTags(session, app), listTags(session, other)]);
  assert.deepEqual(
    registry.requests
      .filter(({ url }) => url.startsWith('/token'))
      .map(({ url }) => new URL(url, registry.url).searchParams.getAll('scope'))
      .sort(),
    [[], ['repository:other:pull'], ['repository:team/app:pull']],
  );
  await deleteManifest(session, { ...app, digest: blobOf(noise(3)).digest } as never).catch(() => {});
  assert.ok(seen().some((line) => line.includes('scope=repository:team/app:delete')));
});

test('each repository is asked for as its own login', async (t) => {
  const bob = { kind: 'basic' as const, username: 'bob', password: 'of-bob' };
  for (const offers of [[BEARER], ['Basic realm="x"']]) {
    const credentials = {
      find: async (asked: object) => ('path' in asked && asked.path === 'bobs/app' ? bob : alice),
    };
    const takes = (header: string): boolean => header !== '';
    const { session, app, registry } = await set(t, { offers, takes }, { credentials });
    await listTags(session, app);
    await listTags(session, parseRepository(`${app.domain}/bobs/app`));
    await listTags(session, app);
    const logins = registry.requests
      .map(({ headers }) => headers.authorization ?? '')
      .filter((header) => header.startsWith('Basic '))
      .map((header) => Buffer.from(header.slice(6), 'base64').toString().replace(/:.*/, ''));
    assert.deepEqual(logins, offers[0] === BEARER ? ['alice', 'bob'] : ['alice', 'bob', 'alice']);
    if (offers[0] !== BEARER) continue;
    const tokens = registry.requests.filter(({ url }) => url.includes('/tags/'));
    assert.deepEqual(
      tokens.map(({ headers }) => who(headers.authorization)),
      ['t1', 't2', 't1'],
    );
  }
});

test('a token server without TLS, of a registry with it: only where that is meant to be', async (t) => {
  const pem = makeTestCertificates(tempDir(t));
  const [cert, key] = [pem.serverCertificate, pem.serverKey].map((path) => readFileSync(path));
  const plain = await set(t, { offers: [] });
  const tls = await startFakeRegistry(
    t,
    { auth: { kind: 'bearer', users: {}, realm: `${plain.registry.url}/token` } },
    { cert, key } as object,
  );
  const { domain } = parseRepository(`${tls.host}/a`);
  const credentials = { find: async () => alice };
  const session = quickSession(t, { credentials, ca: pem.ca });
  await fails(ping(session, domain), 'AUTH', /token server http:.*: no TLS/);
  await assert.rejects(ping(session, domain), { hint: /--insecure/ });
  assert.deepEqual(plain.seen(), []);
  const insecure = quickSession(t, { credentials, insecure: true, retries: 0 });
  await fails(ping(insecure, domain), 'AUTH', /401/);
  assert.match(plain.seen()[0] ?? '', /^GET \/token\?.*as alice$/);
});

test('no token of ours is in an error that quotes it', async (t) => {
  for (const login of [ready, identity]) {
    const { session, app, registry } = await set(t, { offers: [BEARER], login });
    await ping(session, app.domain);
    registry.switches.intercept = (request, response) => {
      response.writeHead(403, { 'content-type': 'application/json' });
      const message = `${request.headers.authorization}; ready-made; refresh-token`;
      response.end(JSON.stringify({ errors: [{ code: 'DENIED', message }] }));
      return true;
    };
    await assert.rejects(listTags(session, app), (error: Error) => {
      assert.ok(!JSON.stringify([error.message, error]).includes(login.token), error.message);
      return true;
    });
  }
});
