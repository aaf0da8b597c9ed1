import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { isAppError } from '../../../src/model/app-error.ts';
import { parseServeConfig, serveConfigSchema } from '../../../src/server/operations/config/config.ts';

const DOCS = join(import.meta.dirname, '../../../docs');

test('docs/serve.schema.json is what the code says', () => {
  const hint = 'write it anew: ./compose serve --config-schema >docs/serve.schema.json';
  assert.equal(readFileSync(join(DOCS, 'serve.schema.json'), 'utf8'), serveConfigSchema(), hint);
});

const accepts = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(serveConfigSchema()));

const ACCEPTED: readonly string[] = [
  'listen: 127.0.0.1:5000',
  'listen: ":5000"',
  'distributions: []',
  'distributions: [{distro: alpine}, {distro: arch, mirrors: https://mirror.example/arch}]',
  'distributions: [{distro: alpine, releases: [v3.19, edge], architectures: [amd64, arm64]}]',
  'distributions: [{releases: 3.20, keyring: keys, allow-untrusted: true}]',
  'image: {base: minimal, layers: auto, max-layers: 60, layer-encoding: zstd, install: static}',
  'image: {no-scripts: true, no-database: false}',
  'image: {}',
  'url: https://registry.example',
  'tls: {cert: a.pem, key: a.key, client-ca: ca.pem, client-certificates: optional}',
  'plain-http: true',
  'proxies: [10.0.0.0/8, "::1", 192.0.2.1]',
  'limits: {requests: {per-minute: 600, burst: 100}, concurrent: 20}',
  'access-log: stderr',
  'refresh: 5m',
  'limits: {composing: {per-minute: 10}}',
  'gc: {every: 24h, max-size: 50G, keep-days: 30, keep-newest: 1000}',
  'quotas: {repository: 20GB, blob: 1073741824}',
  'access: {}',
  'access: {htpasswd: users, anonymous: pull, groups: {ops: [ann, bob]}}',
  'access: {rules: [{who: [user:ann, group:ops], repositories: team/**, allow: [pull, push]}]}',
  'access: {rules: [{who: "claim:ref=refs/heads/main", deny: delete}, {repositories: [/mirror/**, /], allow: pull}]}',
  'access: {tokens: {issuer: a, audience: [b, c], jwks: keys.json, leeway: 10}}',
  'access: {tokens: {issuer: a, audience: b, jwks-url: "https://issuer.example/keys", realm: "https://x.example/token"}}',
];

/** Refused by both, since they lack a key, a shape or a word that is known. */
const REFUSED: readonly (readonly [text: string, message: RegExp])[] = [
  ['lisen: 127.0.0.1:5000', /^serve.yaml:1:1: unknown key "lisen"$/],
  ['listen: [1, 2]', /^serve.yaml:1:9: listen: expected a single value, got "a list"$/],
  ['distributions: {distro: alpine}', /^serve.yaml:1:16: distributions: expected a list, got "a map"$/],
  ['distributions: [alpine]', /^serve.yaml:1:17: distributions\[0\]: expected a map, got "alpine"$/],
  ['distributions: [{distro: apline}]', /:1:26: distro: expected alpine or arch, got "apline"$/],
  ['distributions: [{release: v3.19}]', /:1:18: unknown key "release"$/],
  ['access: {rules: [{who: everyone, allow: pull}]}', /who: expected anyone, signed-in, user:NAME/],
  ['access: {rules: [{allow: read}]}', /allow: expected pull, push, delete, compose or admin, got "read"$/],
  ['access: {rules: [{repositories: "a//b", allow: pull}]}', /repositories: expected the name of a repos/],
  ['access: {tokens: {issuer: a, jwks: k}}', /^serve.yaml:1:18: access.tokens: expected the key audience/],
  ['access: {tokens: {issuer: a, audience: b}}', /access.tokens: expected either jwks or jwks-url/],
  ['access: {tokens: {issuer: a, audience: b, jwks: k, jwks-url: "http://x"}}', /expected either jwks or/],
  ['access: {tokens: {issuer: a, audience: b, jwks-url: "file:///etc/passwd"}}', /expected an http:\/\/ or/],
  ['tls: {cert: a.pem}', /^serve.yaml:1:6: tls: expected the key key, got none$/],
  ['tls: {cert: a, key: b, client-certificates: maybe}', /expected required or optional, got "maybe"$/],
  ['plain-http: perhaps', /plain-http: expected true or false/],
  ['proxies: localhost', /proxies: expected an address or a network such as 10.0.0.0\/8, got "localhost"$/],
  ['limits: {requests: {per-minute: 0}}', /per-minute: expected a whole number from 1/],
  ['gc: {every: daily}', /every: expected a time such as 30s, 15m, 6h or 1d, or 0, got "daily"$/],
  ['gc: {max-size: 5G}', /gc: expected the key every/],
  ['quotas: {repository: much}', /repository: expected a size/],
  ['url: registry.example', /url: expected an http:/],
  ['image: {max-layers: 900}', /max-layers: expected a whole number from 1 to 125, got "900"$/],
];

test('configurations that are accepted, by the reader and by the schema', async () => {
  for (const text of ACCEPTED) {
    await parseServeConfig(text, 'serve.yaml');
    assert.ok(accepts(parse(text)), `${text}: ${JSON.stringify(accepts.errors)}`);
  }
});

test('configurations that are refused, by the reader and by the schema, with line and column', async () => {
  for (const [text, message] of REFUSED) {
    await assert.rejects(parseServeConfig(text, 'serve.yaml'), (error: unknown) => {
      assert.ok(isAppError(error, 'USAGE'), `${text}: ${error}`);
      assert.match(error.message, message);
      return true;
    });
    assert.ok(!accepts(parse(text)), text);
  }
});

test('an unknown key is refused with the nearest one', async () => {
  await assert.rejects(parseServeConfig('lisen: x', 'serve.yaml'), { hint: 'Did you mean listen?' });
});

test('a distribution is a source for every release and architecture', async () => {
  const { distributions = [] } = await parseServeConfig(
    'distributions: [{releases: [v3.20, v3.19], architectures: [amd64, arm64], keyring: keys}]',
    '/etc/serve.yaml',
  );
  assert.deepEqual(
    distributions.map(({ release, architecture, keyring }) => [release, architecture, keyring]),
    [
      ['v3.20', 'amd64', ['/etc/keys']],
      ['v3.20', 'arm64', ['/etc/keys']],
      ['v3.19', 'amd64', ['/etc/keys']],
      ['v3.19', 'arm64', ['/etc/keys']],
    ],
  );
});
