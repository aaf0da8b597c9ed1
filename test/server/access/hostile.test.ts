import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Action } from '../../../src/model/action.ts';
import { parsePattern, parseWho, type Rule } from '../../../src/server/access/rules.ts';
import type { Service } from '../../../src/server/http/exchange.ts';
import { HttpError } from '../../../src/server/http/http-error.ts';
import { registryService } from '../../../src/server/registry/registry-service.ts';
import { StoredContent } from '../../../src/server/registry/stored-content.ts';
import { htpasswd } from '../../fixtures/htpasswd.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { startFronted } from '../operations/fronted.ts';
import { digestOf, pushImage, type TestServer } from '../registry/harness.ts';
import { basic } from './guarded.ts';

const SECRET = 'the secret layer';
/** Time for an answer, and for another one after it */
const [FIRST_MS, NEXT_MS] = [5000, 100];

function rule(who: string, repositories: string, more: { allow?: Action[]; deny?: Action[] }): Rule {
  const whos = [parseWho(who)].flatMap((one) => one ?? []);
  return { who: whos, resources: [parsePattern(repositories)], allow: [], deny: [], ...more };
}

/** As serve.ts chooses services. */
function onlyBelow(first: string, service: Service): Service {
  return {
    handle(exchange) {
      if (exchange.path.split('/', 2)[1] === first) return service.handle(exchange);
      throw new HttpError(404, 'NOT_FOUND', 'nothing here');
    },
  };
}

interface Hostile {
  readonly url: string;
  readonly digest: string;
  /** As bob, who may do everything but read or write what is secret; the path is sent as it is */
  raw(text: string): Promise<string>;
  as(user: 'ann' | 'bob', method: string, path: string, init?: RequestInit): Promise<Response>;
}

/** A registry with an image in team/secret, of which bob may see nothing. */
async function setUp(t: TestContext): Promise<Hostile> {
  const directory = tempDir(t);
  const users = join(directory, 'users');
  writeFileSync(users, htpasswd({ ann: 'a', bob: 'b' }));
  const stored = new StoredContent(directory);
  t.after(() => stored.close());
  const { url } = await startFronted(
    t,
    {
      access: {
        htpasswd: users,
        rules: [
          rule('user:ann', '**', { allow: ['pull', 'push', 'delete', 'admin'] }),
          rule('anyone', 'team/secret/**', { deny: ['pull', 'push', 'delete'] }),
          rule('user:bob', '**', { allow: ['pull', 'push', 'delete'] }),
        ],
      },
    },
    { service: onlyBelow('v2', registryService({ origins: [stored], stored })) },
  );
  const as: Hostile['as'] = (user, method, path, init = {}) =>
    fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      ...init,
      headers: { ...init.headers, ...basic(user, user[0] ?? '').headers },
    });
  const send: TestServer['send'] = (method, path, init) => as('ann', method, path, init);
  const server = { url, host: '', directory, stored, send };
  const { digest } = await pushImage(server, 'team/secret', { by: 'v1', layer: SECRET });
  await pushImage(server, 'public', { by: 'v1', layer: 'known to all' });
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      let answer = '';
      let idle = setTimeout(() => socket.destroy(), FIRST_MS);
      socket.on('data', (chunk) => {
        answer += chunk;
        clearTimeout(idle);
        idle = setTimeout(() => socket.destroy(), NEXT_MS);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
      });
      socket.on('close', () => {
        clearTimeout(idle);
        resolve(answer);
      });
      socket.write(text);
    });
  return { url, digest, raw, as };
}

const AUTH = `authorization: Basic ${Buffer.from('bob:b').toString('base64')}`;
const statuses = (answer: string) =>
  [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, code]) => Number(code));

test('the rules of a repository hold however its name is written', async (t) => {
  const { raw, as, digest } = await setUp(t);
  assert.equal((await as('ann', 'GET', '/v2/team/secret/manifests/v1')).status, 200);
  const layer = digestOf(SECRET);
  const paths = [
    '/v2/team/secret/manifests/v1',
    `/v2/team/secret/manifests/${digest}`,
    `/v2/team/secret/manifests/${digest.replace(':', '%3A')}`,
    '/v2/team/secret/tags/list',
    `/v2/team/secret/blobs/${layer}`,
    `/v2/team/secret/referrers/${digest}`,
    '/v2/te%61m/secret/manifests/v1',
    '/v2/team%2Fsecret/manifests/v1',
    '/v2/team%2fsecret/manifests/v1',
    '/v2/team/secre%74/manifests/v1',
    '/v2/team/secret/m%61nifests/v1',
    '/v2/Team/Secret/manifests/v1',
    '/v2/TEAM/SECRET/manifests/v1',
    '/v2//team/secret/manifests/v1',
    '/v2/team//secret/manifests/v1',
    '/v2/team/secret//manifests/v1',
    '/v2/./team/secret/manifests/v1',
    '/v2/public/../team/secret/manifests/v1',
    '/v2/public/%2e%2e/team/secret/manifests/v1',
    '/v2/team/secret;x/manifests/v1',
    '/v2/team/secret%00/manifests/v1',
    '/v2/team/secret%20/manifests/v1',
    '/v2/team\\secret/manifests/v1',
    '/%76%32/team/secret/manifests/v1',
    '/V2/team/secret/manifests/v1',
    '//v2/team/secret/manifests/v1',
    '/v2/team/secret/manifests/v1#x',
    '/v2/team/secret/manifests/v1?x=/v2/public/manifests/v1',
    'http://other/v2/team/secret/manifests/v1',
    'http://other/v2/te%61m/secret/manifests/v1',
    // Blobs of others, by way of an own repository
    `/v2/public/blobs/${layer}`,
    `/v2/public/manifests/${digest}`,
  ];
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'DELETE', 'PUT', 'OPTIONS']) {
      const more = 'x-original-url: /v2/public/tags/list\r\nx-http-method-override: GET\r\n';
      const answer = await raw(
        `${method} ${path} HTTP/1.1\r\nhost: x\r\n${AUTH}\r\n${more}connection: close\r\ncontent-length: 0\r\n\r\n`,
      );
      const [status = 0] = statuses(answer);
      // OPTIONS of nothing in particular is a 405 or 404.
      assert.ok(status >= 400, `${method} ${path}: ${answer.slice(0, 200)}`);
      assert.doesNotMatch(answer, /"layers"|the secret layer/, path);
    }
  }
  assert.equal((await as('ann', 'GET', '/v2/team/secret/manifests/v1')).status, 200, 'and it is still there');
});

test('blobs are mounted only from repositories that may be read, also without a name', async (t) => {
  const { as } = await setUp(t);
  const mount = (query: string) =>
    as('bob', 'POST', `/v2/public/blobs/uploads/?mount=${digestOf(SECRET)}${query}`);
  for (const query of ['&from=team/secret', '', '&from=public&from=team/secret', '&from=te%61m%2Fsecret']) {
    assert.equal((await mount(query)).status, 202, query);
  }
  assert.equal((await as('bob', 'HEAD', `/v2/public/blobs/${digestOf(SECRET)}`)).status, 404);
  const own = await as('ann', 'POST', `/v2/public/blobs/uploads/?mount=${digestOf(SECRET)}&from=team/secret`);
  assert.equal(own.status, 201);
});

test('an upload belongs to its repository', async (t) => {
  const { as } = await setUp(t);
  const begun = await as('ann', 'POST', '/v2/team/secret/blobs/uploads/');
  const location = begun.headers.get('location') ?? '';
  assert.equal(begun.status, 202);
  const foreign = location.replace('team/secret', 'public');
  for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
    const init = method === 'GET' || method === 'DELETE' ? {} : { body: 'x' };
    assert.equal((await as('bob', method, location, init)).status, 403, method);
    const query = method === 'PUT' ? `?digest=${digestOf('x')}` : '';
    assert.equal((await as('bob', method, `${foreign}${query}`, init)).status, 404, method);
  }
  assert.equal((await as('ann', 'GET', location)).status, 204);
});

test('the list of repositories has what the client may read', async (t) => {
  const { as } = await setUp(t);
  const list = async (user: 'ann' | 'bob') =>
    ((await (await as(user, 'GET', '/v2/_catalog')).json()) as { repositories: string[] }).repositories;
  assert.deepEqual(await list('ann'), ['public', 'team/secret']);
  assert.deepEqual(await list('bob'), ['public']);
});

test('no request hides in another', async (t) => {
  const { raw } = await setUp(t);
  const hidden = `GET /v2/team/secret/manifests/v1 HTTP/1.1\r\nhost: x\r\nx: y\r\n\r\n`;
  const head = `POST /v2/public/blobs/uploads/ HTTP/1.1\r\nhost: x\r\n${AUTH}\r\n`;
  const chunked = `0\r\n\r\n${hidden}`;
  const texts = [
    `${head}content-length: ${chunked.length}\r\ntransfer-encoding: chunked\r\n\r\n${chunked}`,
    `${head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n${chunked}`,
    `${head}content-length: 0\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
    `${head}content-length: 0, ${hidden.length}\r\n\r\n${hidden}`,
    `${head}content-length: +0\r\n\r\n${hidden}`,
    `${head}transfer-encoding : chunked\r\n\r\n${chunked}`,
    `${head}transfer-encoding: xchunked\r\n\r\n${chunked}`,
    `${head}transfer-encoding: chunked, identity\r\n\r\n${chunked}`,
    `${head}transfer-encoding:\r\n chunked\r\ncontent-length: 5\r\n\r\n${chunked}`,
    `${head}transfer-encoding: chunked\r\n\r\n5;x\ny\r\n12345\r\n${chunked}`,
    `${head}x: y\rtransfer-encoding: chunked\r\n\r\n${chunked}`,
    `${head}x: y\0\r\n\r\n${hidden}`,
    `GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n`,
    `GET / HTTP/1.1\r\n\r\n`,
  ];
  for (const text of texts) {
    const codes = statuses(await raw(text));
    assert.deepEqual(
      codes.filter((code) => code >= 200 && code < 300),
      [],
      JSON.stringify(text),
    );
    assert.equal(codes.length, 1, `${JSON.stringify(text)}: ${codes}`);
  }
  // The body of a request that is refused is not the next request.
  const refused = `PUT /v2/team/secret/manifests/v2 HTTP/1.1\r\nhost: x\r\n${AUTH}\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`;
  assert.deepEqual(statuses(await raw(refused)), [403]);
});

test('floods of headers are refused, and the server goes on', async (t) => {
  const { raw, as } = await setUp(t);
  const start = `GET /v2/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n`;
  const flood = `${start}${'x: y\r\n'.repeat(100_000)}\r\n`;
  assert.deepEqual(
    statuses(await raw(flood)).filter((code) => code !== 431),
    [],
  );
  assert.deepEqual(statuses(await raw(`${start}x: ${'y'.repeat(40_000)}\r\n\r\n`)), [431]);
  assert.deepEqual(statuses(await raw(`GET /${'a'.repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`)), [431]);
  assert.equal((await as('bob', 'GET', '/v2/')).status, 200);
});
