import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { tempDir } from './fixtures/temp.ts';

const root = resolve(import.meta.dirname, '..');

interface Checkout {
  readonly path: string;
  /** Every program that the launcher started, one line each */
  run(words: readonly string[], env?: NodeJS.ProcessEnv): { status: number; stdout: string; stderr: string };
}

/** A checkout with the real launcher, this Node.js as the machine's, and an npm and a bundler that only say what they do. */
function makeCheckout(t: Parameters<typeof tempDir>[0], npm = 'mkdir -p node_modules'): Checkout {
  const path = tempDir(t);
  for (const name of ['compose', 'bin', 'package-lock.json', 'package.json']) {
    cpSync(join(root, name), join(path, name), { recursive: true });
  }
  const tools = join(path, 'tools');
  mkdirSync(tools);
  mkdirSync(join(path, 'src'));
  writeFileSync(join(path, 'src/main.ts'), '');
  symlinkSync(process.execPath, join(tools, 'node'));
  writeFileSync(join(tools, 'npm'), `#!/bin/sh\necho "npm $1 on $(node --version)"\n${npm}\n`);
  chmodSync(join(tools, 'npm'), 0o755);
  const bundler = join(path, 'node_modules/esbuild');
  mkdirSync(bundler, { recursive: true });
  writeFileSync(
    join(bundler, 'index.js'),
    `const { writeFileSync } = require('node:fs');
     exports.build = async ({ outdir }) => {
       console.log('bundle');
       writeFileSync(outdir + '/main.js', 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7;');
     };`,
  );
  return {
    path,
    run(words, env = {}) {
      const { status, stdout, stderr } = spawnSync(join(path, 'compose'), words, {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${tools}:/usr/bin:/bin`, ...env },
      });
      return { status: status ?? -1, stdout, stderr };
    },
  };
}

test('the first start sets up, the second does nothing but run; arguments and exit code pass through', (t) => {
  const checkout = makeCheckout(t);
  const first = checkout.run(['a', 'b c', '']);
  assert.match(first.stderr, new RegExp(`npm ci on ${process.version}`));
  assert.match(first.stderr, /^bundle$/m);
  assert.equal(first.stdout, '["a","b c",""]\n');
  assert.equal(first.status, 7);
  const second = checkout.run([]);
  assert.deepEqual(second, { status: 7, stdout: '[]\n', stderr: '' });
  assert.deepEqual(readdirSync(join(checkout.path, '.node')), ['node']);
});

test('a changed source is built again, a changed lock file installed again', (t) => {
  const checkout = makeCheckout(t);
  checkout.run([]);
  const later = new Date(Date.now() + 2000);
  utimesSync(join(checkout.path, 'src/main.ts'), later, later);
  assert.doesNotMatch(checkout.run([]).stderr, /npm/);
  utimesSync(join(checkout.path, 'package-lock.json'), later, later);
  assert.match(checkout.run([]).stderr, /npm ci/);
});

test('what fails says so with a way out, and leaves no lock behind', (t) => {
  const checkout = makeCheckout(t, 'exit 1');
  const failed = checkout.run([]);
  assert.equal(failed.status, 69);
  assert.match(failed.stderr, /^error: npm ci failed\nhint: /m);
  assert.ok(!existsSync(join(checkout.path, '.node/lock')));
});

test('a failed build leaves the checkout without dist/, and the next start builds', (t) => {
  const checkout = makeCheckout(t);
  const bundler = join(checkout.path, 'node_modules/esbuild/index.js');
  cpSync(bundler, `${bundler}.good`);
  writeFileSync(bundler, 'process.exit(2)');
  assert.match(checkout.run([]).stderr, /^error: the build failed$/m);
  assert.ok(!existsSync(join(checkout.path, 'dist')));
  cpSync(`${bundler}.good`, bundler);
  assert.equal(checkout.run([]).status, 7);
});

test('the lock of a process that is gone is taken over', (t) => {
  const checkout = makeCheckout(t);
  const ended = spawnSync('true').pid;
  mkdirSync(join(checkout.path, '.node/lock'), { recursive: true });
  writeFileSync(join(checkout.path, '.node/lock/pid'), `${ended}\n`);
  assert.equal(checkout.run([]).status, 7);
});

test('it starts through a link and from any folder', (t) => {
  const checkout = makeCheckout(t);
  checkout.run([]);
  const elsewhere = tempDir(t);
  symlinkSync(join(checkout.path, 'compose'), join(elsewhere, 'compose'));
  const linked = spawnSync(join(elsewhere, 'compose'), ['x'], { cwd: elsewhere, encoding: 'utf8' });
  assert.equal(linked.stdout, '["x"]\n');
  const bare = spawnSync('sh', ['compose', 'y'], { cwd: checkout.path, encoding: 'utf8' });
  assert.equal(bare.stdout, '["y"]\n');
});
