import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempDir } from '../../fixtures/temp.ts';
import { type ComposingServer, startComposing } from './harness.ts';

/** A server with a folder of recipes. */
async function withRecipes(t: TestContext, recipes: Readonly<Record<string, string>>) {
  const folder = join(tempDir(t), 'recipes');
  mkdirSync(join(folder, 'team'), { recursive: true });
  const write = (all: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
  };
  write(recipes);
  return { folder, write, server: await startComposing(t, { recipes: folder }) };
}

const messageOf = (answer: { readonly body: string }): string =>
  (JSON.parse(answer.body) as { errors: readonly { message: string }[] }).errors[0]?.message ?? '';

function post(server: ComposingServer, body: string) {
  return server.get('/compose', { method: 'POST', body });
}

test('recipes of a folder are images, which follow the folder', async (t) => {
  const { server, write } = await withRecipes(t, {
    'app.yaml': 'packages: [tool, other]\nlabels: {a: b}\n',
    'team/app.json': '{"packages": ["lib"]}',
  });
  const { json, digest, status, body } = await server.manifest('recipes/app');
  assert.equal(status, 200, body);
  assert.equal(json.manifests.length, 2);
  const [image] = json.manifests;
  const { config } = (await server.manifest('recipes/app', image?.digest)).json;
  assert.match((await server.get(`/v2/recipes/app/blobs/${config.digest}`)).body, /"Labels":\{"a":"b"\}/);
  assert.equal((await server.manifest('recipes/team/app')).status, 200);
  write({ 'app.yaml': 'packages: [tool]\n' });
  const after = await server.manifest('recipes/app');
  assert.notEqual(after.digest, digest);
  assert.equal((await server.manifest('recipes/app', digest)).digest, digest);
});

test('recipes of a branch, a tag or a commit, without a change of the work tree', async (t) => {
  const { server, folder, write } = await withRecipes(t, { 'app.yaml': 'packages: [tool]\n' });
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...words], {
      encoding: 'utf8',
    }).trim();
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'one');
  git('tag', 'v1');
  write({ 'app.yaml': 'packages: [other]\n' });
  const working = await server.manifest('recipes/app');
  const tagged = await server.manifest('recipes/app', 'v1');
  assert.equal(tagged.status, 200, tagged.body);
  assert.notEqual(tagged.digest, working.digest);
  for (const ref of ['main', git('rev-parse', 'HEAD'), git('rev-parse', '--short=12', 'HEAD')])
    assert.equal((await server.manifest('recipes/app', ref)).digest, tagged.digest);
  assert.equal(git('status', '--porcelain'), 'M app.yaml');
  const unknown = await server.manifest('recipes/app', 'v2');
  assert.equal(unknown.status, 404);
  assert.equal(messageOf(unknown), 'recipe app: no commit, branch or tag v2; there are main, v1');
  assert.equal(messageOf(await server.manifest('recipes/ap', 'v1')), 'no recipe ap; there are app');
});

test('what is no recipe is not found, with what there is', async (t) => {
  const { server, folder } = await withRecipes(t, {
    'app.yaml': 'packages: [tool]\n',
    'bad.yaml': 'packages: [',
  });
  writeFileSync(join(folder, '..', 'secret.yaml'), 'packages: [tool]\n');
  symlinkSync('../secret.yaml', join(folder, 'link.yaml'));
  assert.equal(
    messageOf(await server.manifest('recipes/other')),
    'no recipe other; there are app, bad, link',
  );
  assert.match(messageOf(await server.manifest('recipes/bad')), /bad\.yaml:1:/);
  assert.match(messageOf(await server.manifest('recipes/link')), /leads out of the folder/);
  assert.match(messageOf(await server.manifest('recipes/app', 'v1')), /the folder is no Git checkout/);
});

test('where a command would write the image of a recipe does not matter', async (t) => {
  const { server } = await withRecipes(t, {
    'app.yaml': 'packages: [tool]\n',
    'written.yaml': 'packages: [tool]\noutput: ../app.tar\nformat: tar\n',
  });
  const { status, digest } = await server.manifest('recipes/written');
  assert.deepEqual([status, digest], [200, (await server.manifest('recipes/app')).digest]);
});

test('a recipe that is sent is composed, and its image can be pulled by the name in the answer', async (t) => {
  const server = await startComposing(t);
  const answer = await post(server, 'packages: [tool, libcxx]\nenv: {A: b}\n');
  assert.equal(answer.status, 201, answer.body);
  const made = JSON.parse(answer.body) as {
    reference: string;
    digest: string;
    repository: string;
    tags: readonly string[];
  };
  const [tag = ''] = made.tags;
  assert.match(tag, /^r-[0-9a-f]{32}$/);
  assert.equal(made.reference, `${server.host}/${made.repository}:${tag}`);
  assert.equal((await server.manifest(made.repository, tag)).digest, made.digest);
  assert.equal(answer.headers.get('location'), `/v2/${made.repository}/manifests/${made.digest}`);
  assert.equal((await server.manifest(made.repository)).digest, made.digest);
  const same = await post(server, '{"env": ["A=b"], "packages": ["tool", "libcxx"]}');
  assert.deepEqual(JSON.parse(same.body), made);
});

const REFUSED = [
  ['packages: [tool]\nmirrors: [http://10.0.0.1/]', /^mirrors: a served recipe cannot have it$/],
  ['packages: [tool]\nrepositories: [/etc]', /^repositories: /],
  ['packages: [tool]\nkeyring: /etc', /^keyring: /],
  ['packages: [tool]\nkeyring-append: /etc', /^keyring-append: /],
  ['packages: [tool]\nadd: ["/etc/passwd:/p"]', /^add: /],
  ['packages: [tool]\nallow-untrusted: true', /^allow-untrusted: /],
  ['packages: [tool]\ninstall: run', /^install: run: /],
  ['release: v3.19', /packages: a served recipe needs some/],
  ['- tool', /expected a map of recipe keys/],
  ['packages: [took]', /no such package: took/],
  ['packages: [tool]\nrelease: v3.20', /not served here/],
  ['packages: [tool]\narch: riscv64', /not served here for riscv64/],
  ['packages: [tool]\ndistro: arch', /arch is not served here/],
] as const;

test('what a recipe of a client cannot have is refused by its name', async (t) => {
  const server = await startComposing(t);
  for (const [text, message] of REFUSED) {
    const answer = await post(server, text);
    assert.ok(answer.status === 400 || answer.status === 404, `${text}: ${answer.status} ${answer.body}`);
    assert.match(messageOf(answer), message, text);
  }
  assert.equal((await post(server, `packages: [${'a'.repeat(70_000)}]`)).status, 413);
  assert.equal((await server.get('/compose')).status, 405);
});
