import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { cli, KEY } from '../../app/harness.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const NOBODY = 65534;

/** What `packages` of the recipe name, with the Node.js that runs this test and the libraries that it needs. */
function packages(): readonly ApkSpec[] {
  const node = realpathSync(process.execPath);
  const libraries = [...execFileSync('ldd', [node], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map(
    ([, path = '']) => path,
  );
  const files = [['usr/bin/node', node], ...libraries.map((path) => [path.slice(1), realpathSync(path)])].map(
    ([path = '', source = '']) => ({ path, content: readFileSync(source), mode: 0o755 }),
  );
  const folders = new Set(
    files.flatMap(({ path }) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, at, all) => `${all.slice(0, at + 1).join('/')}/`),
    ),
  );
  return [
    {
      name: 'nodejs',
      version: '24.0.0-r0',
      files: [...[...folders].sort().map((path) => ({ path })), ...files],
    },
    { name: 'alpine-baselayout', version: '3-r0', files: [{ path: 'tmp/', mode: 0o1777 }] },
    { name: 'ca-certificates-bundle', version: '1-r0', files: [{ path: 'etc/' }, { path: 'etc/ssl/' }] },
  ];
}

test('the recipe of the server composes an image in which the server runs as nobody', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('skipped: only root can enter the image');
  const folder = tempDir(t);
  const stage = join(folder, 'stage');
  mkdirSync(stage);
  for (const name of [
    'bin',
    'src',
    'docs',
    'recipes',
    'package.json',
    'tsconfig.json',
    'tsconfig.types.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
  ])
    cpSync(join(ROOT, name), join(stage, name), { recursive: true });
  for (const name of ['node_modules', '.node']) symlinkSync(join(ROOT, name), join(stage, name));
  const npm = (cwd: string, ...words: readonly string[]) =>
    spawnSync('npm', [...words], { cwd, encoding: 'utf8', env: { ...process.env, HOME: folder } });
  const packed = npm(stage, 'pack', '--silent', '--pack-destination', folder);
  if (packed.error !== undefined) return t.skip('skipped: no npm on PATH');
  assert.equal(packed.status, 0, packed.stderr);
  const installed = npm(
    folder,
    ...[
      'install',
      '--silent',
      '--omit=dev',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '--prefix',
      'build/server',
    ],
    `./${packed.stdout.trim().split('\n').at(-1)}`,
  );
  if (installed.status !== 0) return t.skip(`skipped: no npm registry: ${installed.stderr.slice(0, 200)}`);
  mkdirSync(join(folder, 'build/cache'));
  mkdirSync(join(folder, 'recipes'));
  cpSync(join(ROOT, 'recipes/compose-server.yaml'), join(folder, 'recipes/compose-server.yaml'));
  const mirror = join(folder, 'mirror');
  const repository = writeAlpineMirror(mirror, { packages: packages(), key: KEY });
  const image = join(folder, 'image');
  const { code, stderr } = await cli([
    ...['build', join(folder, 'recipes/compose-server.yaml'), '--repo', repository, '--release', 'v3.19'],
    ...['--keyring', writeApkKeyring(join(folder, 'keys'), [KEY]), '--cache', join(folder, 'cache')],
    ...['--format', 'oci-dir', '-o', image],
  ]);
  assert.equal(code, 0, stderr);

  const bundle = join(folder, 'bundle');
  const index = JSON.parse(readFileSync(join(image, 'index.json'), 'utf8')) as {
    manifests: readonly { annotations: Readonly<Record<string, string>> }[];
  };
  const tag = index.manifests[0]?.annotations['org.opencontainers.image.ref.name'];
  const unpacked = spawnSync('umoci', ['unpack', '--image', `${image}:${tag}`, bundle], { encoding: 'utf8' });
  if (unpacked.error !== undefined) return t.skip('skipped: no umoci');
  assert.equal(unpacked.status, 0, unpacked.stderr);
  const root = join(bundle, 'rootfs');
  const { process: config } = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
    process: { args: readonly string[]; env: readonly string[]; user: { uid: number } };
  };
  assert.equal(config.user.uid, NOBODY);
  const [program = '', main = '', command = ''] = config.args;
  const server = spawn(
    '/usr/sbin/chroot',
    [`--userspec=${NOBODY}:${NOBODY}`, root, `/usr/bin/${program}`, main, command, '--listen', '127.0.0.1:0'],
    {
      env: Object.fromEntries(config.env.map((text) => text.split(/=(.*)/s).slice(0, 2))),
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  t.after(() => void server.kill('SIGKILL'));
  const url = await new Promise<string>((found, failed) => {
    let text = '';
    server.stderr.on('data', (bytes) => {
      text += bytes;
      const place = /serving on (\S+)/.exec(text)?.[1];
      if (place !== undefined) found(place);
    });
    server.on('exit', () => failed(new Error(text)));
  });
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal((await fetch(`${url}/v2/`)).status, 200);
  assert.match(await (await fetch(url)).text(), /pkgcompose/);
});
