import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parsePattern } from '../../../src/server/access/rules.ts';
import type { TokenOptions } from '../../../src/server/access/tokens.ts';
import { htpasswd } from '../../fixtures/htpasswd.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { basic, bearer, startGuarded } from './guarded.ts';

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ED = generateKeyPairSync('ed25519');
const OTHER = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

interface TokenText {
  readonly header?: object;
  readonly claims?: object;
  readonly key?: KeyObject;
  readonly alg?: string;
}

/** A token as an issuer makes it, from node:crypto alone. */
function token({ header = {}, claims = {}, key = EC.privateKey, alg = 'ES256' }: TokenText = {}): string {
  const text = [
    encode({ alg, kid: alg, typ: 'JWT', ...header }),
    encode({ iss: 'https://issuer.example', aud: 'registry', sub: 'ann', exp: now() + 60, ...claims }),
  ].join('.');
  const hash = alg === 'EdDSA' ? null : 'sha256';
  const signature = sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

function jwks(): object {
  const key = (pair: { publicKey: KeyObject }, alg: string) => ({
    ...pair.publicKey.export({ format: 'jwk' }),
    kid: alg,
    alg,
    use: 'sig',
  });
  return { keys: [key(RSA, 'RS256'), key(EC, 'ES256'), key(ED, 'EdDSA')] };
}

function options(t: TestContext): TokenOptions {
  const file = join(tempDir(t), 'jwks.json');
  writeFileSync(file, JSON.stringify(jwks()));
  return { issuer: ['https://issuer.example'], audience: ['registry'], jwks: file };
}

const ACCESS = { access: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }] };

test('tokens of RS256, ES256 and EdDSA let in, as a password too', async (t) => {
  const { ask } = await startGuarded(t, { tokens: options(t) });
  assert.deepEqual(await ask('/v2/', bearer(token())), [200, 'ann']);
  assert.deepEqual(await ask('/v2/', bearer(token({ key: RSA.privateKey, alg: 'RS256' }))), [200, 'ann']);
  assert.deepEqual(await ask('/v2/', bearer(token({ key: ED.privateKey, alg: 'EdDSA' }))), [200, 'ann']);
  assert.deepEqual(await ask('/v2/', basic('whoever', token())), [200, 'ann']);
});

test('wrong tokens of all kinds are refused', async (t) => {
  const { ask } = await startGuarded(t, { tokens: options(t) });
  const good = token();
  const [head = '', body = '', signature = ''] = good.split('.');
  const publicPem = RSA.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const confused = [encode({ alg: 'HS256', kid: 'RS256' }), body].join('.');
  const mac = createHmac('sha256', publicPem).update(confused).digest('base64url');
  const wrong: Readonly<Record<string, string>> = {
    'not signed': `${encode({ alg: 'none' })}.${body}.`,
    'not signed, but with a signature': `${encode({ alg: 'none' })}.${body}.${signature}`,
    'signed with the public key as a secret': `${confused}.${mac}`,
    'another key': token({ key: OTHER.privateKey }),
    'another key that it brings along': token({
      key: OTHER.privateKey,
      header: { jwk: OTHER.publicKey.export({ format: 'jwk' }) },
    }),
    'another algorithm for the key': token({ key: EC.privateKey, header: { alg: 'ES384' } }),
    'a key that does not exist': token({ header: { kid: '../../etc/passwd' } }),
    'the key of another algorithm': token({ header: { kid: 'RS256' } }),
    'an address to fetch keys from': token({ key: OTHER.privateKey, header: { jku: 'http://127.0.0.1:1/' } }),
    'an unknown critical header': token({ header: { crit: ['x'], x: 1 } }),
    expired: token({ claims: { exp: now() - 31 } }),
    'not valid yet': token({ claims: { nbf: now() + 40 } }),
    'without an end': token({ claims: { exp: undefined } }),
    'an end that is no number': token({ claims: { exp: 'never' } }),
    'another issuer': token({ claims: { iss: 'https://issuer.example.evil' } }),
    'no issuer': token({ claims: { iss: undefined } }),
    'another audience': token({ claims: { aud: ['other'] } }),
    'no audience': token({ claims: { aud: undefined } }),
    'claims of another token': `${head}.${encode({ iss: 'https://issuer.example', sub: 'root' })}.${signature}`,
    'a part too few': `${head}.${body}`,
    'a part too many': `${good}.x`,
    'no JSON': `${head}.e30x.${signature}`,
    empty: '..',
  };
  for (const [what, text] of Object.entries(wrong)) {
    const [status, challenge] = await ask('/v2/', bearer(text));
    assert.equal(status, 401, what);
    assert.match(
      challenge,
      /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/token",.*error="invalid_token"$/,
      what,
    );
  }
  assert.equal((await ask('/v2/', bearer(good)))[0], 200);
});

test('clocks may differ by the leeway', async (t) => {
  const { ask } = await startGuarded(t, { tokens: { ...options(t), leeway: 60 } });
  assert.equal((await ask('/v2/', bearer(token({ claims: { exp: now() - 50 } }))))[0], 200);
  assert.equal((await ask('/v2/', bearer(token({ claims: { exp: now() - 70 } }))))[0], 401);
});

test("without rules, a token's scopes decide", async (t) => {
  const { ask } = await startGuarded(t, { tokens: options(t) });
  const scoped = bearer(token({ claims: ACCESS }));
  const put = { method: 'PUT', ...scoped };
  assert.equal((await ask('/v2/team/app/manifests/1', scoped))[0], 200);
  assert.equal((await ask('/v2/team/app/manifests/1', put))[0], 200);
  assert.equal((await ask('/v2/team/app/manifests/1', { ...scoped, method: 'DELETE' }))[0], 401);
  const [status, challenge] = await ask('/v2/team/other/blobs/uploads/', { ...scoped, method: 'POST' });
  assert.equal(status, 401);
  assert.match(challenge, /scope="repository:team\/other:pull,push",error="insufficient_scope"$/);
  const words = bearer(token({ claims: { scope: 'openid repository:team/app:pull' } }));
  assert.equal((await ask('/v2/team/app/manifests/1', words))[0], 200);
  assert.equal((await ask('/v2/team/app/manifests/1', { ...words, method: 'PUT' }))[0], 401);
  assert.equal((await ask('/v2/team/app/manifests/1', bearer(token())))[0], 401);
});

test('with rules, both the rules and the scopes must allow it', async (t) => {
  const rules = [
    {
      who: [{ kind: 'claim', name: 'ref', value: 'main' }] as const,
      resources: [parsePattern('team/**')],
      allow: ['pull', 'push'] as const,
      deny: [],
    },
  ];
  const { ask } = await startGuarded(t, { tokens: options(t), rules });
  const put = (claims: object, name = 'team/app') =>
    ask(`/v2/${name}/manifests/1`, { method: 'PUT', ...bearer(token({ claims })) });
  assert.equal((await put({ ref: 'main' }))[0], 200);
  assert.deepEqual(await put({ ref: 'dev' }), [403, 'ann may not push team/app']);
  assert.deepEqual(await put({ ref: 'main' }, 'other'), [403, 'ann may not push other']);
  assert.equal((await put({ ref: 'main', ...ACCESS }))[0], 200);
  assert.equal((await put({ ref: 'main', access: [] }))[0], 401);
});

test('keys of an address are fetched from there alone, and a redirect is not followed', async (t) => {
  let answers = 0;
  const server = createServer((request, response) => {
    answers += 1;
    if (request.url === '/keys') response.end(JSON.stringify(jwks()));
    else response.writeHead(302, { location: '/keys' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const common = { issuer: ['https://issuer.example'], audience: ['registry'] };
  const direct = await startGuarded(t, { tokens: { ...common, jwksUrl: `${origin}/keys` } });
  assert.deepEqual(await direct.ask('/v2/', bearer(token())), [200, 'ann']);
  assert.deepEqual(await direct.ask('/v2/', bearer(token({ claims: { jti: '2' } }))), [200, 'ann']);
  assert.equal(answers, 1);
  const moved = await startGuarded(t, { tokens: { ...common, jwksUrl: `${origin}/moved` } });
  assert.equal((await moved.ask('/v2/', bearer(token())))[0], 503);
  assert.equal(answers, 2);
  const gone = await startGuarded(t, { tokens: { ...common, jwksUrl: 'http://127.0.0.1:1/keys' } });
  assert.equal((await gone.ask('/v2/', bearer(token())))[0], 503);
  assert.equal((await gone.ask('/v2/', bearer(token())))[0], 503);
  assert.equal(gone.reports.length, 1);
  assert.match(
    gone.reports[0] ?? '',
    /^http:\/\/127\.0\.0\.1:1\/keys: the keys of the issuer cannot be fetched: /,
  );
  assert.equal((await gone.ask('/v2/', bearer('a.b.c')))[0], 401);
});

test('a file of keys with a secret in it is refused', async (t) => {
  const tokens = options(t);
  writeFileSync(tokens.jwks ?? '', JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }));
  await assert.rejects(startGuarded(t, { tokens }), {
    code: 'USAGE',
    message: /expected a JWKS of public keys/,
  });
});

test('with passwords and anonymous pulls, clients fetch a token, for nobody if they have no password', async (t) => {
  const file = join(tempDir(t), 'htpasswd');
  writeFileSync(file, htpasswd({ ann: 'one' }));
  const { ask, url, reload } = await startGuarded(t, { htpasswd: file, anonymous: ['pull'] });
  const [status, challenge] = await ask('/v2/');
  assert.equal(status, 401);
  const { host } = new URL(url);
  assert.equal(challenge, `Bearer realm="${url}/token",service="${host}"`);
  const fetchToken = async (init: RequestInit = {}) => {
    const answer = await fetch(`${url}/token?service=${host}&scope=repository:a:pull`, init);
    const body = (await answer.json()) as { token: string; access_token: string };
    assert.equal(body.token, body.access_token);
    return bearer(body.token);
  };
  const nobody = await fetchToken();
  assert.deepEqual(await ask('/v2/', nobody), [200, '']);
  assert.deepEqual(await ask('/v2/a/manifests/x', nobody), [200, '']);
  assert.deepEqual(await ask('/v2/a/manifests/x'), [200, '']);
  assert.equal((await ask('/v2/a/manifests/x', { method: 'PUT', ...nobody }))[0], 401);
  assert.equal((await ask('/metrics', nobody))[0], 401);
  const ann = await fetchToken(basic('ann', 'one'));
  assert.deepEqual(await ask('/v2/a/manifests/x', { method: 'PUT', ...ann }), [200, 'ann']);
  assert.equal((await ask('/token', basic('ann', 'two')))[0], 401);
  // Wrong credentials are refused where none would do.
  assert.equal((await ask('/v2/a/manifests/x', basic('ann', 'two')))[0], 401);
  writeFileSync(file, htpasswd({ ann: 'two' }));
  await reload();
  assert.equal((await ask('/v2/', ann))[0], 401);
});
