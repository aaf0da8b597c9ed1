import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parseDomain, parseRepository } from '../../src/model/reference.ts';
import { credentialPaths, parseRegistryName, readEntryKey } from '../../src/registry/credential-files.ts';
import { eraseCredential, storeCredential, systemCredentials } from '../../src/registry/credentials.ts';
import type { Credential } from '../../src/registry/types.ts';
import { tempDir } from '../fixtures/temp.ts';
import { fails } from './harness.ts';

interface Home {
  readonly env: Record<string, string>;
  readonly dockerFile: string;
  write(path: string, content: unknown): void;
}

function home(t: { after(fn: () => void): void }): Home {
  const root = tempDir(t);
  const env = { HOME: root, XDG_RUNTIME_DIR: join(root, 'run'), PATH: `${join(root, 'bin')}:/usr/bin:/bin` };
  return {
    env,
    dockerFile: join(root, '.docker/config.json'),
    write(path, content) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
    },
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const login = (user: string) => ({ auth: base64(`${user}:secret`) });

async function userOf(env: NodeJS.ProcessEnv, name: string): Promise<string | undefined> {
  const found = await systemCredentials(env).find(parseRepository(name));
  return found?.kind === 'basic' ? found.username : found?.kind;
}

test('the file that is named comes before docker’s, that before podman’s', async (t) => {
  const { env, write } = home(t);
  const files = [
    ['named.json', { REGISTRY_AUTH_FILE: join(env.HOME!, 'named.json') }],
    ['dir/config.json', { DOCKER_CONFIG: join(env.HOME!, 'dir') }],
    ['run/containers/auth.json', {}],
    ['.config/containers/auth.json', {}],
  ] as const;
  for (const [path] of files) write(path, { auths: { 'reg.example': login(path) } });
  const all = Object.assign({}, env, ...files.map(([, more]) => more));
  assert.equal(await userOf(all, 'reg.example/a'), 'named.json');
  assert.equal(await userOf({ ...env, ...files[1][1] }, 'reg.example/a'), 'dir/config.json');
  assert.equal(await userOf(env, 'reg.example/a'), 'run/containers/auth.json');
  write('.docker/config.json', { auths: { 'reg.example': login('docker') } });
  assert.equal(await userOf(env, 'reg.example/a'), 'docker');
  assert.equal(await userOf(env, 'other.example/a'), undefined);
  assert.match(credentialPaths({ HOME: '/home/me' })[1]!, /^\/run\/containers\/\d+\/auth\.json$/);
});

for (const [key, name, expected] of [
  ['reg.example', 'reg.example/a/b', true],
  ['https://reg.example', 'reg.example/a/b', true],
  ['https://reg.example/v1/', 'reg.example/a/b', true],
  ['http://reg.example/v2', 'reg.example/a/b', true],
  ['reg.example/v1/', 'reg.example/a/b', true],
  ['REG.example', 'reg.example/a/b', true],
  ['reg.example:443', 'reg.example/a/b', false],
  ['reg.example/a', 'reg.example/a/b', true],
  ['reg.example/a/b', 'reg.example/a/b', true],
  ['reg.example/a/b/c', 'reg.example/a/b', false],
  ['reg.example/a', 'reg.example/ab', false],
  ['https://index.docker.io/v1/', 'gcc', true],
  ['docker.io', 'gcc', true],
  ['docker.io/library', 'gcc', true],
  ['docker.io/me', 'gcc', false],
  ['registry-1.docker.io', 'gcc', true],
  ['example', 'reg.example/a/b', false],
] as const) {
  test(`${key} is ${expected ? '' : 'not '}a login for ${name}`, async (t) => {
    const { env, write } = home(t);
    write('.docker/config.json', { auths: { [key]: login('me') } });
    assert.equal(await userOf(env, name), expected ? 'me' : undefined);
  });
}

test('the longest namespace wins, then the plain host name', async (t) => {
  const { env, write } = home(t);
  const keys = ['https://reg.example/v1/', 'reg.example/a', 'reg.example', 'reg.example/a/b'];
  write('.docker/config.json', { auths: Object.fromEntries(keys.map((key) => [key, login(key)])) });
  assert.equal(await userOf(env, 'reg.example/a/b/c'), 'reg.example/a/b');
  assert.equal(await userOf(env, 'reg.example/a/x'), 'reg.example/a');
  assert.equal(await userOf(env, 'reg.example/x'), 'reg.example');
});

test('every kind of entry', async (t) => {
  const { env, write } = home(t);
  const entries: readonly (readonly [object, Credential | undefined])[] = [
    [{ auth: base64('me:pass:word') }, { kind: 'basic', username: 'me', password: 'pass:word' }],
    [{ auth: base64('me:x\0\0') }, { kind: 'basic', username: 'me', password: 'x' }],
    [
      { username: 'me', password: 'x' },
      { kind: 'basic', username: 'me', password: 'x' },
    ],
    [
      { auth: base64('me:'), identitytoken: 'id' },
      { kind: 'identity', token: 'id' },
    ],
    [{ registrytoken: 'reg' }, { kind: 'bearer', token: 'reg' }],
    // docker: a registry token before an identity token before a password, `auth` before the fields beside it
    [
      { registrytoken: 'reg', identitytoken: 'id', auth: base64('me:x') },
      { kind: 'bearer', token: 'reg' },
    ],
    [
      { auth: base64('me:x'), username: 'you', password: 'y' },
      { kind: 'basic', username: 'me', password: 'x' },
    ],
    [
      { auth: '', username: 'you', password: 'y' },
      { kind: 'basic', username: 'you', password: 'y' },
    ],
    [{ auth: base64(':x') }, { kind: 'basic', username: '', password: 'x' }],
    [{ auth: base64('me:') }, { kind: 'basic', username: 'me', password: '' }],
    [{ auth: base64(':') }, undefined],
    [{}, undefined],
    [{ auth: '' }, undefined],
    [{ auth: '!!' }, undefined],
    [{ email: 'me@example' }, undefined],
  ];
  for (const [entry, expected] of entries) {
    write('.docker/config.json', { auths: { 'reg.example': entry } });
    assert.deepEqual(await systemCredentials(env).find(parseRepository('reg.example/a')), expected);
  }
});

test('files that are none are errors that quote nothing of them', async (t) => {
  for (const content of [
    '{"auths":{"x":{"auth":"c2VjcmV0"}}',
    '[]',
    '5',
    '{"auths":[]}',
    '{"auths":{"a":{"auth":5}}}',
    '{"credsStore":{}}',
  ]) {
    const { env, write } = home(t);
    write('.docker/config.json', content);
    await fails(userOf(env, 'reg.example/a'), 'USAGE', /config\.json: expected a JSON object with logins/);
    await assert.rejects(
      userOf(env, 'reg.example/a'),
      (error: Error) => !`${error.stack}${error.cause}`.includes('c2Vj'),
    );
  }
  const { env, write } = home(t);
  write('.docker/config.json', ' \n');
  assert.equal(await userOf(env, 'reg.example/a'), undefined);
});

test('a login is added to what is there, for its owner only, and removed in all spellings', async (t) => {
  const { env, dockerFile, write } = home(t);
  const before = {
    auths: {
      'other.example': login('other'),
      'https://reg.example/v1/': login('old'),
      'reg.example/team': login('team'),
    },
    HttpHeaders: { 'X-Meta': 'kept' },
    psFormat: '{{.ID}}',
  };
  write('.docker/config.json', before);
  chmodSync(dockerFile, 0o644);
  const domain = parseDomain('reg.example');
  const { place } = await storeCredential(domain, { kind: 'basic', username: 'me', password: 'new' }, env);
  assert.equal(place, dockerFile);
  assert.equal(statSync(dockerFile).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(readFileSync(dockerFile, 'utf8')), {
    ...before,
    auths: {
      'other.example': login('other'),
      'reg.example/team': login('team'),
      'reg.example': { auth: base64('me:new') },
    },
  });
  assert.equal(await userOf(env, 'reg.example/a'), 'me');
  assert.deepEqual(readdirSync(dirname(dockerFile)), ['config.json']);

  assert.equal(await eraseCredential(domain, env), true);
  assert.equal(await eraseCredential(domain, env), false);
  assert.equal(await userOf(env, 'reg.example/a'), undefined);
  assert.equal(await userOf(env, 'reg.example/team/a'), 'team');
});

test('a first login makes the file; a symbolic link stays one; the default registry has its old name', async (t) => {
  const { env, dockerFile } = home(t);
  const identity = { kind: 'identity', token: 'id' } as const;
  await storeCredential(parseDomain('docker.io'), identity, env);
  assert.deepEqual(JSON.parse(readFileSync(dockerFile, 'utf8')), {
    auths: { 'https://index.docker.io/v1/': { identitytoken: 'id' } },
  });
  assert.deepEqual(await systemCredentials(env).find(parseRepository('gcc')), identity);
  const link = join(env.HOME!, 'link.json');
  symlinkSync(dockerFile, link);
  const named = { ...env, REGISTRY_AUTH_FILE: link };
  await storeCredential(parseDomain('reg.example'), { kind: 'bearer', token: 'reg' }, named);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(dockerFile, 'utf8')).auths), [
    'https://index.docker.io/v1/',
    'reg.example',
  ]);
});

test('a folder that cannot be written is an error, and nothing is left of the try', async (t) => {
  const { env, write } = home(t);
  write('.docker', 'a file');
  await fails(
    storeCredential(parseDomain('reg.example'), { kind: 'bearer', token: 'x' }, env),
    'STORAGE',
    /config\.json/,
  );
});

/** A helper that keeps one login in a file and notes how it was called. */
const HELPER = `#!/bin/sh
cd "$(dirname "$0")"
echo "$#: $*" >> calls
case $1 in
get) read server; echo "get $server" >> calls
  if [ -f kept ]; then cat kept; else echo 'credentials not found in native keychain'; exit 1; fi ;;
store) cat > kept ;;
erase) read server; echo "erase $server" >> calls; rm kept ;;
esac
`;

function withHelper(t: { after(fn: () => void): void }, script: string, config: object) {
  const at = home(t);
  at.write('bin/docker-credential-test', script);
  chmodSync(join(at.env.HOME!, 'bin/docker-credential-test'), 0o755);
  at.write('.docker/config.json', config);
  const read = (name: string): string => readFileSync(join(at.env.HOME!, 'bin', name), 'utf8');
  return { ...at, read, has: (name: string) => existsSync(join(at.env.HOME!, 'bin', name)) };
}

for (const config of [
  { credsStore: 'test' },
  { credHelpers: { 'reg.example': 'test' }, credsStore: 'none' },
]) {
  test(`${Object.keys(config)[0]}: stored, got and erased through the program`, async (t) => {
    const { env, read, has, dockerFile } = withHelper(t, HELPER, config);
    const domain = parseDomain('reg.example');
    const credential = { kind: 'basic', username: 'me', password: 'top secret' } as const;
    const { place } = await storeCredential(domain, credential, env);
    assert.equal(place, 'docker-credential-test');
    assert.deepEqual(JSON.parse(read('kept')), {
      ServerURL: 'reg.example',
      Username: 'me',
      Secret: 'top secret',
    });
    assert.deepEqual(JSON.parse(readFileSync(dockerFile, 'utf8')), {
      ...config,
      auths: { 'reg.example': {} },
    });
    assert.deepEqual(await systemCredentials(env).find(parseRepository('reg.example/a')), credential);
    assert.equal(await eraseCredential(domain, env), true);
    assert.equal(has('kept'), false);
    assert.equal(await eraseCredential(domain, env), false);
    assert.ok(!read('calls').includes('secret'));
    assert.match(read('calls'), /^1: store\n1: get\nget reg\.example\n/);
  });
}

test('a helper’s <token> is an identity token; the default registry is asked for by its old name', async (t) => {
  const { env, read } = withHelper(t, HELPER, { credsStore: 'test' });
  const credential = { kind: 'identity', token: 'refresh' } as const;
  await storeCredential(parseDomain('docker.io'), credential, env);
  assert.deepEqual(JSON.parse(read('kept')), {
    ServerURL: 'https://index.docker.io/v1/',
    Username: '<token>',
    Secret: 'refresh',
  });
  assert.deepEqual(await systemCredentials(env).find(parseRepository('gcc')), credential);
});

/** Helpers `one` and `two` that have a login of that name, and `none` that has none. */
function withHelpers(t: { after(fn: () => void): void }, config: object) {
  const at = home(t);
  for (const name of ['one', 'two', 'none']) {
    const login = JSON.stringify({ Username: `of ${name}`, Secret: name === 'none' ? '' : 'x' });
    at.write(`bin/docker-credential-${name}`, `#!/bin/sh\necho '${login}'\n`);
    chmodSync(join(at.env.HOME!, `bin/docker-credential-${name}`), 0o755);
  }
  at.write('.docker/config.json', config);
  return at;
}

test('a registry’s own helper, then the helper for all, then the file', async (t) => {
  const auths = { 'reg.example': login('the file') };
  for (const [config, user] of [
    [{ credHelpers: { 'reg.example': 'one' }, credsStore: 'two', auths }, 'of one'],
    [{ credHelpers: { 'reg.example': 'none' }, credsStore: 'two', auths }, 'of two'],
    [{ credHelpers: { 'other.example': 'one' }, credsStore: 'two', auths }, 'of two'],
    [{ credHelpers: { 'other.example': 'one' }, auths }, 'the file'],
    [{ credHelpers: { 'reg.example': '' }, credsStore: 'two', auths }, 'of two'],
    [{ credHelpers: { 'https://reg.example/v1/': 'one' }, auths }, 'of one'],
    [{ credHelpers: { 'reg.example/b': 'one', 'reg.example': 'two' }, auths }, 'of two'],
    [{ credHelpers: { 'reg.example/a': 'one', 'reg.example': 'two' }, auths }, 'of one'],
    [{ credsStore: 'none', auths }, 'the file'],
    [{ credsStore: 'none' }, undefined],
  ] as const) {
    const { env } = withHelpers(t, config);
    assert.equal(await userOf(env, 'reg.example/a'), user, JSON.stringify(config));
  }
});

test('a login is stored with the registry’s own helper only', async (t) => {
  const { env, dockerFile } = withHelpers(t, { credHelpers: { 'other.example': 'one' } });
  const { place } = await storeCredential(
    parseDomain('reg.example'),
    { kind: 'basic', username: 'me', password: 'x' },
    env,
  );
  assert.equal(place, dockerFile);
});

test('a helper keeps no registry token', async (t) => {
  const { env } = withHelpers(t, { credsStore: 'one' });
  const token = { kind: 'bearer', token: 'reg' } as const;
  await fails(storeCredential(parseDomain('reg.example'), token, env), 'UNSUPPORTED', /registry tokens/);
});

test('a helper has the environment that was given, and no other', async (t) => {
  const script = `#!/bin/sh\necho '{"Username":"'"$PKGCOMPOSE_TEST_OWN-$GIVEN"'","Secret":"x"}'\n`;
  const { env } = withHelper(t, script, { credsStore: 'test' });
  process.env.PKGCOMPOSE_TEST_OWN = 'ours';
  t.after(() => delete process.env.PKGCOMPOSE_TEST_OWN);
  assert.equal(await userOf({ ...env, GIVEN: 'given' }, 'reg.example/a'), '-given');
});

test('files are read once a session, and logins of other registries stay theirs', async (t) => {
  const { env, write } = home(t);
  write('.docker/config.json', { auths: { 'reg.example': login('before') } });
  const credentials = systemCredentials(env);
  const find = (name: string) => credentials.find(parseRepository(name));
  assert.equal((await find('reg.example/a'))?.kind, 'basic');
  write('.docker/config.json', { auths: { 'reg.example': {}, 'new.example': login('new') } });
  assert.equal((await find('reg.example/a'))?.kind, 'basic');
  assert.equal(await find('new.example/a'), undefined);
});

test('a logout that only a helper knows of is one', async (t) => {
  const { env, write } = withHelper(t, HELPER, { credsStore: 'test' });
  const domain = parseDomain('reg.example');
  await storeCredential(domain, { kind: 'basic', username: 'me', password: 'x' }, env);
  write('.docker/config.json', { credsStore: 'test' });
  assert.equal(await eraseCredential(domain, env), true);
  assert.equal(await eraseCredential(domain, env), false);
});

test('what a helper has not is looked for in the file', async (t) => {
  const config = { credsStore: 'test', auths: { 'reg.example': login('file') } };
  const { env } = withHelper(t, HELPER, config);
  assert.equal(await userOf(env, 'reg.example/a'), 'file');
});

for (const [what, script, message] of [
  ['fails', 'echo "secret words"; echo "secret words" >&2; exit 3', /exit code 3$/],
  ['prints no JSON', 'echo "secret words"', /its output is not JSON$/],
  ['prints something else', 'echo \'{"Secret":"secret words"}\'', /no Username and Secret$/],
  ['is killed', 'kill -9 $$', /ended by SIGKILL$/],
] as const) {
  test(`a helper that ${what} is an error that quotes nothing`, async (t) => {
    const { env } = withHelper(t, `#!/bin/sh\n${script}\n`, { credsStore: 'test' });
    await fails(userOf(env, 'reg.example/a'), 'AUTH', message);
    await assert.rejects(userOf(env, 'reg.example/a'), (error: Error) => {
      assert.ok(
        !JSON.stringify({ ...error, text: error.stack, cause: String(error.cause) }).includes('secret words'),
      );
      return true;
    });
  });
}

test('a helper that is not there, and a name that is none', async (t) => {
  const { env, write } = home(t);
  for (const [name, message] of [
    ['missing', /program not found in PATH/],
    ['../evil', /not a valid program name/],
  ] as const) {
    write('.docker/config.json', { credsStore: name });
    await fails(userOf(env, 'reg.example/a'), 'AUTH', message);
  }
});

test('names that people give to login', () => {
  for (const [text, domain] of [
    ['reg.example', 'reg.example'],
    ['https://reg.example:5000/v2/', 'reg.example:5000'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['docker.io', 'docker.io'],
    ['localhost:5000', 'localhost:5000'],
  ]) {
    assert.equal(parseRegistryName(text!), domain);
  }
  assert.deepEqual(readEntryKey('reg.example/a/b/'), { domain: 'reg.example', path: 'a/b' });
  assert.throws(() => parseRegistryName('not a registry'));
});
