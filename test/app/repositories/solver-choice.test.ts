import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { plan } from '../../../src/app/query/plan.ts';
import { run } from '../../../src/cli/run.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { use } from '../harness.ts';
import { alpineShelf, type Shelf } from './index-folders.ts';

/** apk 2 goes by the priority, apk 3 by the version. */
const PROVIDERS = ['a-1-r0 p:x=1', 'b-1-r0 p:x k:5'];

async function chosen(shelf: Shelf, solver?: string): Promise<string> {
  const source = { ...shelf.source, solver };
  const report = await use(shelf, (context) =>
    plan(context, { ...shelf, source, base: 'none', packages: ['x'] }),
  );
  return report.packages.map(({ name }) => name).join(' ');
}

test('packages are chosen as the apk of the repositories does, or as --solver says', async (t) => {
  const newest = alpineShelf(tempDir(t), { main: PROVIDERS });
  assert.equal(await chosen(newest), 'a', 'nothing says which apk it is');
  assert.equal(await chosen(newest, 'apk2'), 'b');
  assert.equal(await chosen(newest, 'apk3'), 'a', 'the graph of the other is another');
  const older = alpineShelf(tempDir(t), { main: [...PROVIDERS, 'apk-tools-2.14.10-r13'] });
  assert.equal(await chosen(older), 'b');
  assert.equal(await chosen(older, 'apk3'), 'a');
  const tagged = alpineShelf(tempDir(t), {
    main: [...PROVIDERS, 'apk-tools-2.14.4-r0'],
    '@edge edge': ['apk-tools-3.0.6-r0'],
  });
  assert.equal(await chosen(tagged), 'b', 'what only a tag brings does not count');
});

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function compose(words: readonly string[], input = ''): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  async function* stdin(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(input);
  }
  const exitCode = await run(words, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    stdin,
  });
  return { exitCode, stdout, stderr };
}

test('a batch, a recipe and vercmp take --solver', async (t) => {
  const folder = tempDir(t);
  const shelf = alpineShelf(folder, { main: PROVIDERS });
  const repositories = shelf.source.repositories.flatMap((line) => ['--repo', line]);
  const common = ['--arch', 'x86_64', '--allow-untrusted', '--cache', shelf.cache, ...repositories];
  const batch = await compose(['plan', '--batch', '--solver', 'apk2', ...common], '{"add":["x"]}\n');
  assert.deepEqual(JSON.parse(batch.stdout), { add: ['x'], install: ['b-1-r0'] });
  const recipe = join(folder, 'recipe.yaml');
  writeFileSync(recipe, 'packages: [x]\nsolver: apk2\n');
  const built = await compose(['build', recipe, '--base', 'none', '--dry-run', '--json', ...common]);
  assert.match(built.stdout, /"name": ?"b"/, built.stderr);
  assert.equal((await compose(['vercmp', '--validate', '1.2~ab'])).stdout, 'valid\n');
  assert.equal((await compose(['vercmp', '--validate', '--solver', 'apk2', '1.2~ab'])).stdout, 'invalid\n');
  assert.equal((await compose(['vercmp', '--validate', '--release', 'v3.22', '1.2~ab'])).stdout, 'invalid\n');
});

test('Arch has one solver', async (t) => {
  const shelf = alpineShelf(tempDir(t), { main: PROVIDERS });
  const source = { ...shelf.source, distro: 'arch', architecture: 'x86_64', solver: 'apk2' } as const;
  await assert.rejects(
    use(shelf, (context) => plan(context, { ...shelf, source, base: 'none', packages: ['x'] })),
    (error) => isAppError(error, 'USAGE') && /--solver: expected none with arch/.test(error.message),
  );
  const { exitCode, stderr } = await compose(['vercmp', '--distro', 'arch', '--solver', 'apk3', '1', '2']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /--solver: expected none with arch, got apk3/);
});
