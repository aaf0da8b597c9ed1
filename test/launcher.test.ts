import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempDir } from './fixtures/temp.ts';

const root = resolve(import.meta.dirname, '..');

interface Checkout {
  readonly path: string;
  /** Every program that the launcher started, one line each */
  run(words: readonly string[], env?: NodeJS.ProcessEnv): { status: number; stdout: string; stderr: string };
}

/** Makes a checkout with the real launcher, this Node.js as the machine's, and an npm and a bundler that only say what they do. */
function makeCheckout(t: Parameters<typeof tempDir>[0], npm = 'mkdir -p node_modules'): Checkout {
  const path = tempDir(t);
  for (const name of ['compose', 'bin', 'package-lock.json', 'package.json', 'src/server/page']) {
    cpSync(join(root, name), join(path, name), { recursive: true });
  }
  const tools = join(path, 'tools');
  mkdirSync(tools);
  writeFileSync(join(path, 'src/main.ts'), '');
  symlinkSync(process.execPath, join(tools, 'node'));
  writeFileSync(join(tools, 'npm'), `#!/bin/sh\necho "npm $1 on $(node --version)"\n${npm}\n`);
  chmodSync(join(tools, 'npm'), 0o755);
  const bundler = join(path, 'node_modules/esbuild');
  mkdirSync(bundler, { recursive: true });
  writeFileSync(
    join(bundler, 'index.js'),
    `exports.build = async ({ outdir }) => {
       console.log('bundle');
       const contents = 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7;';
       return { outputFiles: [{ path: outdir + '/main.js', contents }] };
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

test('a failed set-up says what to do and leaves no lock behind', (t) => {
  const checkout = makeCheckout(t, 'exit 1');
  const failed = checkout.run([]);
  assert.equal(failed.status, 69);
  assert.match(failed.stderr, /^error: npm ci failed: .*\nhint: /m);
  assert.ok(!existsSync(join(checkout.path, '.node/lock')));
});

test('a failed set-up behind a proxy that reads HTTPS traffic names the variable for its certificate', (t) => {
  const checkout = makeCheckout(t, 'echo "npm error code SELF_SIGNED_CERT_IN_CHAIN" >&2; exit 1');
  assert.match(checkout.run([]).stderr, /\nhint: .*NODE_EXTRA_CA_CERTS/);
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

/** The platform whose row of bin/node-packages.txt the tests can replace: the one they run on. */
const PLATFORM = `${process.platform}-${process.arch}`;
const npm = spawnSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).stdout.trim();

interface FakePackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/** An npm registry on loopback that has one package, whose bin/node says that it ran and then is this Node.js. */
async function fakeNpmRegistry(
  t: TestContext,
  name: string,
  version: string,
): Promise<{ url: string; made: FakePackage; marker: string }> {
  const folder = tempDir(t);
  const marker = join(folder, 'it-ran');
  const bin = join(folder, 'package/bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'node'), `#!/bin/sh\n: >'${marker}'\nexec '${process.execPath}' "$@"\n`, {
    mode: 0o755,
  });
  writeFileSync(join(folder, 'package/package.json'), JSON.stringify({ name, version }));
  spawnSync('tar', ['-czf', 'p.tgz', 'package'], { cwd: folder });
  const bytes = readFileSync(join(folder, 'p.tgz'));
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const server = createServer((request, response) => {
    if (request.url?.endsWith('.tgz')) return void response.end(bytes);
    const dist = { tarball: `${url}/${name}/-/${name}-${version}.tgz`, integrity };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, versions: { [version]: { name, version, dist } }, 'dist-tags': {} }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, made: { name, version, integrity }, marker };
}

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Not spawnSync: the registry is in this process. */
async function runBeside(program: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (bytes) => {
    stdout += bytes;
  });
  child.stderr.on('data', (bytes) => {
    stderr += bytes;
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, stdout, stderr };
}

function npmEnvironment(t: TestContext, registry: string): NodeJS.ProcessEnv {
  const home = tempDir(t);
  return {
    HOME: home,
    PATH: `${dirname(npm)}:/usr/bin:/bin`,
    XDG_CACHE_HOME: join(home, 'cache'),
    npm_config_cache: join(home, 'npm'),
    npm_config_registry: registry,
  };
}

function pinIn(folder: string, { name, version, integrity }: FakePackage): void {
  const path = join(folder, 'bin/node-packages.txt');
  const lines = readFileSync(path, 'utf8').split('\n');
  const row = `node ${PLATFORM} ${name} ${version} ${integrity}`;
  writeFileSync(path, lines.map((line) => (line.startsWith(`node ${PLATFORM} `) ? row : line)).join('\n'));
}

/** The row of bin/node-packages.txt for this platform. */
function pinnedHere(): FakePackage | undefined {
  const text = readFileSync(join(root, 'bin/node-packages.txt'), 'utf8');
  const row = text.split('\n').find((line) => line.startsWith(`node ${PLATFORM} `));
  const [, , name = '', version = '', integrity = ''] = row?.split(' ') ?? [];
  return row === undefined ? undefined : { name, version, integrity };
}

test('a checkout with an old Node.js takes the pinned one, and no other of that name', async (t) => {
  const pinned = pinnedHere();
  if (npm === '' || pinned === undefined) {
    t.skip('skipped: no npm on PATH, or no Node.js in the registry for this platform');
    return;
  }
  const { url, made, marker } = await fakeNpmRegistry(t, pinned.name, pinned.version);
  for (const isPinned of [false, true]) {
    const checkout = makeCheckout(t);
    const tools = join(checkout.path, 'tools');
    rmSync(join(tools, 'node'));
    rmSync(join(tools, 'npm'));
    const old = `#!/bin/sh\ncase "$1" in -e) exit 1 ;; esac\nexec '${process.execPath}' "$@"\n`;
    writeFileSync(join(tools, 'node'), old, { mode: 0o755 });
    writeFileSync(join(checkout.path, 'node_modules/.ready'), '');
    if (isPinned) pinIn(checkout.path, made);
    const env = npmEnvironment(t, url);
    const ended = await runBeside(join(checkout.path, 'compose'), ['x'], {
      ...env,
      PATH: `${tools}:${env.PATH}`,
    });
    assert.equal(ended.status, isPinned ? 7 : 69, ended.stderr);
    assert.equal(existsSync(marker), isPinned, 'what is not the pinned one is never run');
    if (isPinned) assert.equal(ended.stdout, '["x"]\n');
    else
      assert.match(ended.stderr, /^error: could not get \S+ from the npm registry: EINTEGRITY: .*\nhint: /m);
    assert.ok(!existsSync(join(checkout.path, '.node/lock')));
  }
});

test('an npm install with an old Node.js takes the pinned one, and no other of that name', async (t) => {
  const pinned = pinnedHere();
  if (npm === '' || pinned === undefined) {
    t.skip('skipped: no npm on PATH, or no Node.js in the registry for this platform');
    return;
  }
  const { url, made, marker } = await fakeNpmRegistry(t, pinned.name, pinned.version);
  const code = "import('./bin/newer-node.js').then((launcher) => launcher.runOnNewerNode(24))";
  for (const isPinned of [false, true]) {
    const folder = tempDir(t);
    cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), readFileSync(join(root, 'package.json')));
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist/main.js'), 'console.log("the program"); process.exitCode = 7;');
    if (isPinned) pinIn(folder, made);
    const start = `process.chdir(${JSON.stringify(folder)}); ${code.replace("'./bin", `'${folder}/bin`)}`;
    const ended = await runBeside(process.execPath, ['-e', start], npmEnvironment(t, url));
    assert.equal(ended.status, isPinned ? 7 : 69, ended.stderr);
    assert.equal(existsSync(marker), isPinned, 'what is not the pinned one is never run');
    if (isPinned) assert.equal(ended.stdout, 'the program\n');
    else
      assert.match(
        ended.stderr,
        /^error: could not get \S+ from the npm registry: EINTEGRITY: .*\nhint: .*\n$/m,
      );
  }
});

test('an unreachable npm registry is reported in two lines', async (t) => {
  if (npm === '' || pinnedHere() === undefined) {
    t.skip('skipped: no npm on PATH, or no Node.js in the registry for this platform');
    return;
  }
  const code = `import('${root}/bin/newer-node.js').then((launcher) => launcher.runOnNewerNode(24))`;
  const ended = await runBeside(process.execPath, ['-e', code], npmEnvironment(t, 'http://127.0.0.1:9'));
  assert.equal(ended.status, 69);
  assert.match(
    ended.stderr,
    /^compose: getting Node\.js .*\nerror: could not get .* from the npm registry: ECONNREFUSED: .*\nhint: .*\n$/,
  );
});

test('a folder for Node.js that cannot be created is reported in two lines', async (t) => {
  if (pinnedHere() === undefined || !existsSync('/proc/self'))
    return t.skip('skipped: no Node.js for this platform, or no /proc');
  const code = `import('${root}/bin/newer-node.js').then((launcher) => launcher.runOnNewerNode(24))`;
  const env = { ...npmEnvironment(t, 'http://127.0.0.1:9'), XDG_CACHE_HOME: '/proc/no-such' };
  const { status, stderr } = spawnSync(process.execPath, ['-e', code], {
    env,
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(status, 69);
  assert.match(
    stderr,
    /^compose: .*\nerror: \/proc\/no-such\S* cannot be created or written: .*\nhint: .*\n$/,
  );
});

test('version and help need no newer Node.js', async () => {
  const launcher: unknown = await import(new URL('../bin/newer-node.js', import.meta.url).href);
  const { knownAnswer } = launcher as { knownAnswer: (words: readonly string[]) => string | undefined };
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.equal(knownAnswer(['--version']), `${version}\n`);
  assert.equal(knownAnswer(['plan', '--version']), undefined);
  assert.equal(knownAnswer(['--version', '--json']), undefined);
  assert.equal(knownAnswer([]), undefined);
});

test('the changelog has a dated section for the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const titles = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').match(/^## .*$/gm);
  assert.equal(titles?.[0], '## Unreleased');
  assert.ok(
    titles?.some((title) => title.startsWith(`## ${version} - `) && /- \d{4}-\d{2}-\d{2}$/.test(title)),
  );
});

test('native modules are pinned as they are in package-lock.json', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  const rows = readFileSync(join(root, 'bin/node-packages.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' '));
  const platforms = (kind: string) => rows.filter((row) => row[0] === kind).map((row) => row[1]);
  assert.deepEqual(platforms('native'), platforms('node'));
  for (const [kind, , name = '', version, integrity = ''] of rows) {
    assert.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/);
    if (kind !== 'native') continue;
    const locked = packages[`node_modules/${name}`];
    assert.deepEqual({ version, integrity }, { version: locked?.version, integrity: locked?.integrity });
  }
});
