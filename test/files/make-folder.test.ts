import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../../src/files/make-folder.ts';
import { tempDir } from '../fixtures/temp.ts';

const SRC = resolve(import.meta.dirname, '../../src');

test('missing folders are made, all with the mode that is asked for', (t) => {
  const path = join(tempDir(t), 'a/b');
  makeFolder(path, 0o700);
  makeFolder(path);
  assert.deepEqual(
    [dirname(path), path].map((folder) => statSync(folder).mode & 0o777),
    [0o700, 0o700],
  );
});

for (const { what, module, call } of [
  {
    what: 'a sandbox',
    module: 'sandbox/folder.ts',
    call: "await makeOwnFolder('/proc/no-such/sandbox', new AbortController().signal)",
  },
  {
    what: 'logins',
    module: 'registry/credential-files.ts',
    call: "await writeCredentialFile('/proc/no-such/docker/config.json', { auths: {} })",
  },
]) {
  test(`regression: a folder for ${what} that cannot be made, as below /proc, is STORAGE at once`, (t) => {
    if (!existsSync('/proc/self')) return t.skip('skipped: no /proc here');
    const name = /\w+(?=\()/.exec(call)?.[0];
    const code = `import { ${name} } from ${JSON.stringify(join(SRC, module))};
      try { ${call}; } catch ({ code, message }) { console.log(code, message); }`;
    const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', code], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.equal(signal, null, 'it ends by itself');
    assert.match(stdout, /^STORAGE .*\/proc\/no-such/);
  });
}

test('nothing uses the recursive mkdir of Node.js, which never ends below /proc', () => {
  const users = globSync('**/*.ts', { cwd: SRC }).filter((path) =>
    /mkdir(?:Sync)?\([^;]*recursive: true/.test(readFileSync(join(SRC, path), 'utf8')),
  );
  assert.deepEqual(users, []);
});
