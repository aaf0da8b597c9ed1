import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { chooseTestFiles } from './test-files.ts';

const root = resolve(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** Every source of the checkout outside of what is installed or built. */
function sources(): readonly string[] {
  const folders = ['bench', 'bin', 'src', 'test'];
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.[jt]s$/.test(path))
      .map((path) => `${folder}/${path}`),
  );
}

test('every file of tests runs in `npm run test:all`, and in `npm test` unless its name says slow', () => {
  const files = sources().filter((path) => path.endsWith('.test.ts'));
  const quick = chooseTestFiles('quick');
  assert.deepEqual(chooseTestFiles('all'), { run: files.toSorted(), leftOut: [] });
  assert.deepEqual([...quick.run, ...quick.leftOut].sort(), files.toSorted());
  assert.ok(quick.leftOut.every((path) => path.endsWith('.slow.test.ts')));
  assert.ok(quick.run.every((path) => !path.endsWith('.slow.test.ts')));
});

test('a file that registers tests is a file of tests, or is used by one', () => {
  const all = sources().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  const others = all.filter(
    ({ path, text }) =>
      !path.endsWith('.test.ts') && /^import \{[^}]*\b(?:test|it)\b[^}]*\} from 'node:test'/m.test(text),
  );
  const unused = others.filter(({ path }) => {
    const name = path.slice(path.lastIndexOf('/'));
    return !all.some((user) => user.path.endsWith('.test.ts') && user.text.includes(`${name}'`));
  });
  assert.deepEqual(
    unused.map(({ path }) => path),
    [],
  );
});

test('folders and files choose among them; a file that is named runs though it is slow', () => {
  const { run, leftOut } = chooseTestFiles('quick', ['test/hostile/', 'test/hostile/bombs.slow.test.ts']);
  assert.ok(run.includes('test/hostile/bombs.slow.test.ts'));
  assert.ok(run.includes('test/hostile/deep-json.test.ts'));
  assert.ok(run.every((path) => path.startsWith('test/hostile/')));
  assert.ok(leftOut.every((path) => path.startsWith('test/hostile/') && path.endsWith('.slow.test.ts')));
  assert.ok(!leftOut.includes('test/hostile/bombs.slow.test.ts'));
});

test('CI runs everything, by the command that README names', () => {
  const ci = readFileSync(join(root, '.ci/run'), 'utf8');
  assert.match(ci, /^set -euo pipefail$/m);
  assert.match(ci, /^npm run test:all$/m);
  assert.match(readFileSync(join(root, 'README.md'), 'utf8'), /^npm run test:all\b/m);
  assert.equal(scripts['test:all'], `${scripts.test} --all`);
});
