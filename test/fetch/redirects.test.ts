import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fetchBytes } from '../../src/fetch/http.ts';
import { checkRedirect, limitRedirects } from '../../src/fetch/redirects.ts';
import { parseReference } from '../../src/model/reference.ts';
import { headManifest } from '../../src/registry/manifests.ts';
import { openSession } from '../../src/registry/session.ts';
import { startMirror } from '../fake/mirror.ts';
import { startFakeRegistry } from '../fake/registry.ts';

const METADATA = 'http://169.254.169.254/latest/meta-data/';

/** From a public address unless it says otherwise */
const CASES: readonly (readonly [to: string, isRefused: boolean, from?: string])[] = [
  ['https://198.51.100.7/x', false],
  ['http://127.0.0.1:8080/x', true],
  ['http://[::1]/x', true],
  ['http://[::ffff:127.0.0.1]/x', true],
  ['http://2130706433/x', true],
  ['http://localhost/x', true],
  ['http://10.1.2.3/x', true],
  ['http://[fd00::1]/x', true],
  ['http://0.0.0.0/x', true],
  [METADATA, true],
  ['http://[fe80::1]/x', true],
  ['http://192.168.0.2/x', false, 'http://10.0.0.1/'],
  ['http://127.0.0.1:2/x', false, 'http://127.0.0.1:1/'],
  [METADATA, true, 'http://10.0.0.1/'],
  ['http://no-such-name.invalid/x', false],
];

async function outcome(from: string, to: string): Promise<boolean> {
  try {
    await checkRedirect(new URL(from), new URL(to));
    return false;
  } catch {
    return true;
  }
}

test('servers that are named lead nowhere inside the network, once that is limited', async () => {
  assert.equal(await outcome('http://198.51.100.1/', 'http://127.0.0.1/'), false, 'commands follow');
  limitRedirects();
  for (const [to, isRefused, from = 'http://198.51.100.1/'] of CASES)
    assert.equal(await outcome(from, to), isRefused, `${from} ${to}`);
});

test('a mirror cannot lead the server to the metadata of its cloud', async () => {
  limitRedirects();
  const mirror = await startMirror(() => undefined, { '*': { redirect: METADATA } });
  try {
    await assert.rejects(fetchBytes([`${mirror.url}/x`], { maxBytes: 10 }), {
      code: 'NETWORK',
      message: /169\.254\.169\.254, an address inside the network, which is refused/,
    });
  } finally {
    await mirror.close();
  }
});

for (const how of ['a redirect', 'a place for tokens'] as const) {
  test(`neither can a registry, by ${how}`, async (t: TestContext) => {
    limitRedirects();
    const registry = await startFakeRegistry(t, {
      intercept(_, response) {
        if (how === 'a redirect') response.writeHead(307, { location: METADATA });
        else response.writeHead(401, { 'www-authenticate': `Bearer realm="${METADATA}",service="x"` });
        response.end();
        return true;
      },
    });
    const session = openSession({ retries: 0, credentials: { find: async () => undefined } });
    try {
      const asked = headManifest(session, parseReference(`${registry.host}/a:1`));
      await assert.rejects(asked, { message: /which is refused/ });
    } finally {
      await session.close();
    }
  });
}
