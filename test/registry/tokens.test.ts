import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpResponse } from '../../src/fetch/exchange.ts';
import { bytesBody } from '../../src/registry/bodies.ts';
import { Secrets } from '../../src/registry/redact.ts';
import { scopesOf } from '../../src/registry/scopes.ts';
import { type TokenRequest, Tokens } from '../../src/registry/tokens.ts';

const PULL = scopesOf([['a/b', ['pull']]]);
const SERVER = { realm: new URL('https://auth.example/token'), service: 'registry.example' };
const BASE: TokenRequest = { server: SERVER, scopes: PULL, credential: undefined };

/** A token server whose tokens are `t0`, `t1`…, one per request, and the number of requests so far. */
function start(lifeSeconds = 60) {
  const asked: string[] = [];
  const exchange = async (url: URL): Promise<HttpResponse> => {
    const token = `t${asked.push(url.href) - 1}`;
    const bytes = Buffer.from(JSON.stringify({ token, expires_in: lifeSeconds }));
    return {
      status: 200,
      header: () => '',
      headers: () => [],
      body: bytesBody(bytes).open() as AsyncIterable<Buffer>,
      discard: async () => {},
    };
  };
  return { asked, tokens: new Tokens({ exchange, secrets: new Secrets(), domain: 'registry.example' }) };
}

test('a token is requested once and serves every request that it covers', async () => {
  const { asked, tokens } = start();
  const wide = { ...BASE, scopes: scopesOf([['a/b', ['pull', 'push']]]) };
  assert.deepEqual(await Promise.all([tokens.get(wide), tokens.get(wide)]), ['t0', 't0']);
  assert.equal(await tokens.get(BASE), 't0');
  assert.equal(asked.length, 1);
});

for (const [what, other] of Object.entries({
  'another realm': { ...BASE, server: { ...SERVER, realm: new URL('https://other.example/token') } },
  'another service': { ...BASE, server: { ...SERVER, service: 'other.example' } },
  'a login instead of none': { ...BASE, credential: { kind: 'basic', username: 'u', password: 'p' } },
  'another repository': { ...BASE, scopes: scopesOf([['a/c', ['pull']]]) },
  'more actions': { ...BASE, scopes: scopesOf([['a/b', ['pull', 'push']]]) },
} as const satisfies Record<string, TokenRequest>)) {
  test(`a token never serves ${what}`, async () => {
    const { asked, tokens } = start();
    assert.equal(await tokens.get(BASE), 't0');
    assert.equal(await tokens.get(other), 't1');
    assert.equal(asked.length, 2);
  });
}

test('a token never serves another password, or another user', async () => {
  const { tokens } = start();
  const login = (username: string, password: string) =>
    tokens.get({ ...BASE, credential: { kind: 'basic', username, password } });
  assert.deepEqual(
    [await login('u', 'p'), await login('u', 'q'), await login('v', 'p'), await login('u', 'p')],
    ['t0', 't1', 't2', 't0'],
  );
});

test('a dropped token and an expired one are requested anew', async () => {
  const { tokens } = start();
  tokens.drop(await tokens.get(BASE));
  assert.equal(await tokens.get(BASE), 't1');
  const brief = start(0.001);
  await brief.tokens.get(BASE);
  await new Promise((done) => setTimeout(done, 5));
  assert.equal(await brief.tokens.get(BASE), 't1');
});
