import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAppError } from '../../src/model/app-error.ts';
import { detectEngine, engineOf, loadedNames, loadIntoEngine } from '../../src/output/engine.ts';
import { writeImageTar } from '../../src/output/image-tar.ts';
import { podmanEnv, startDocker } from '../fixtures/engine.ts';
import { tempDir } from '../fixtures/temp.ts';
import { makeImage, type TestImageOptions } from './images.ts';

type Hooks = Parameters<typeof tempDir>[0];

function small(t: Hooks, encoding: 'gzip' | 'zstd' | 'none', options: TestImageOptions = {}) {
  return makeImage(
    tempDir(t),
    [
      {
        tar: [
          { path: 'etc/', mode: 0o755 },
          { path: 'etc/hello', content: 'hi\n' },
          { path: 'etc/encoding', content: encoding },
        ],
        encoding,
      },
    ],
    options,
  );
}

/** A folder with one program called `name`: a shell script. */
function fakeProgram(t: Hooks, name: string, script: string): string {
  const folder = tempDir(t);
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return folder;
}

test('docker: detect, load, names, ids; the file loads too; zstd is refused with the way out', async (t) => {
  const docker = await startDocker(t);
  if (docker === undefined) return t.skip('skipped: no docker engine');
  const engine = await detectEngine('auto', docker.env);
  assert.equal(engine.name, 'docker');
  assert.equal(engine.readsZstd, Number.parseInt(engine.version, 10) >= 23);

  const image = small(t, 'gzip', { tags: ['pkgcompose/a', 'registry.example:5000/b:2'] });
  const { loaded } = await loadIntoEngine(engine, image);
  assert.deepEqual([...loaded].sort(), ['pkgcompose/a:latest', 'registry.example:5000/b:2']);
  const id = docker.run(['image', 'inspect', '--format', '{{.Id}}', 'pkgcompose/a']).trim();
  assert.equal(id, image.config.digest);

  const untagged = await loadIntoEngine(engine, small(t, 'none', { tags: [], config: { author: 'x' } }));
  assert.match(String(untagged.loaded), /^sha256:[0-9a-f]{64}$/);

  const path = join(tempDir(t), 'out.tar');
  await writeImageTar(small(t, 'gzip', { tags: ['from/file'] }), path);
  assert.deepEqual(loadedNames(docker.run(['load', '-i', path])), ['from/file:latest']);

  if (!engine.readsZstd) {
    await assert.rejects(loadIntoEngine(engine, small(t, 'zstd')), (error) => {
      assert.ok(isAppError(error, 'ENGINE'));
      assert.match(error.message, /^docker load failed \(docker .*\): Error processing tar file/);
      assert.match(error.hint ?? '', /--layer-encoding gzip/);
      return true;
    });
  }
});

test('podman: detect, load gzip and zstd layers, several names', async (t) => {
  const podman = await podmanEnv(t);
  if (podman === undefined) return t.skip('skipped: no podman');
  const engine = await detectEngine('podman', podman.env);
  assert.deepEqual([engine.name, engine.readsZstd], ['podman', Number.parseInt(engine.version, 10) >= 4]);
  for (const encoding of ['gzip', 'zstd', 'none'] as const) {
    const tags = [`pkgcompose/${encoding}:latest`, `pkgcompose/${encoding}:2`];
    const { loaded } = await loadIntoEngine(engine, small(t, encoding, { tags }));
    assert.deepEqual([...loaded].sort(), tags.map((tag) => `docker.io/${tag}`).sort());
    const mounted = podman.run(['image', 'mount', tags[0] ?? '']).trim();
    assert.equal(readFileSync(join(mounted, 'etc/hello'), 'utf8'), 'hi\n');
    podman.run(['image', 'unmount', tags[0] ?? '']);
  }
});

test('no engine: what was tried and what to do', async (t) => {
  await assert.rejects(detectEngine('auto', { PATH: tempDir(t) }), (error) => {
    assert.ok(isAppError(error, 'ENGINE'));
    assert.match(error.message, /docker is not installed; podman is not installed/);
    assert.match(error.hint ?? '', /docker load -i out\.tar/);
    return true;
  });
  const folder = fakeProgram(
    t,
    'docker',
    'echo "Cannot connect to the Docker daemon at $DOCKER_HOST" >&2; exit 1',
  );
  await assert.rejects(
    detectEngine('docker', { PATH: `${folder}:/usr/bin:/bin`, DOCKER_HOST: 'unix:///nowhere.sock' }),
    /docker: Cannot connect to the Docker daemon at unix:\/\/\/nowhere\.sock/,
  );
});

test('an engine that dies while it reads: its words, its exit, no hang', async (t) => {
  const folder = fakeProgram(
    t,
    'docker',
    'head -c 1000 >/dev/null; echo "open /var/tmp/x: no space left on device" >&2; exit 1',
  );
  const image = makeImage(tempDir(t), [{ tar: Buffer.alloc(8 * 1024 * 1024), encoding: 'none' }]);
  const engine = {
    name: 'docker',
    version: '20.10',
    readsZstd: false,
    command: 'docker',
    env: { PATH: `${folder}:/usr/bin:/bin` },
  } as const;
  await assert.rejects(loadIntoEngine(engine, image), (error) => {
    assert.ok(isAppError(error, 'ENGINE'));
    assert.match(error.message, /docker load failed \(docker 20\.10\): open \/var\/tmp\/x: no space left/);
    assert.match(error.hint ?? '', /Free some space/);
    return true;
  });
});

test('a load that fails with exit status 0 fails here: what is printed of an unpack, or no image at all', async (t) => {
  for (const [printed, message, hint] of [
    [
      'Loaded image: a:1\nError unpacking image a:1: failed to extract layer sha256:00: mount options is too long: unknown',
      /^docker load failed \(docker 29\.0\.0\): Error unpacking image a:1: failed to extract layer .* mount options is too long/,
      /--max-layers 50/,
    ],
    ['Error unpacking image a:1: write /x: no space left on device', /no space left/, /Free some space/],
    ['', /^docker load failed \(docker 29\.0\.0\): its output names no loaded image$/, /./],
    ['hello', /its output names no loaded image: hello$/, /./],
  ] as const) {
    const folder = fakeProgram(t, 'docker', `cat >/dev/null; cat <<'END'\n${printed}\nEND`);
    const engine = {
      name: 'docker',
      version: '29.0.0',
      readsZstd: true,
      command: 'docker',
      env: { PATH: `${folder}:/usr/bin:/bin` },
    } as const;
    await assert.rejects(loadIntoEngine(engine, small(t, 'zstd')), (error) => {
      assert.ok(isAppError(error, 'ENGINE'));
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      return true;
    });
  }
});

test('a damaged blob stops the load as INTEGRITY, a cancel as CANCELLED', async (t) => {
  const folder = fakeProgram(t, 'docker', 'cat >/dev/null; sleep 5');
  const engine = {
    name: 'docker',
    version: '20.10',
    readsZstd: false,
    command: 'docker',
    env: { PATH: `${folder}:/usr/bin:/bin` },
  } as const;
  const image = small(t, 'gzip');
  const [layer] = image.layers;
  assert.ok(layer);
  const broken = { ...image, layers: [{ ...layer, sizeBytes: layer.sizeBytes + 1 }] };
  await assert.rejects(loadIntoEngine(engine, broken), (error) => isAppError(error, 'INTEGRITY'));
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 200);
  await assert.rejects(loadIntoEngine(engine, image, { signal: abort.signal }), (error) =>
    isAppError(error, 'CANCELLED'),
  );
});

for (const [what, reply, expected] of [
  [
    'docker',
    { Client: { Version: '29.0.0' }, Server: { Version: '20.10.24', Components: [{ Name: 'Engine' }] } },
    { name: 'docker', version: '20.10.24' },
  ],
  [
    'podman behind a docker socket',
    { Client: { Version: '24.0.1' }, Server: { Version: '4.9.3', Components: [{ Name: 'Podman Engine' }] } },
    { name: 'podman', version: '4.9.3' },
  ],
  ['podman', { Client: { Version: '4.3.1' } }, { name: 'podman', version: '4.3.1' }],
  ['nothing', {}, undefined],
  ['null', null, undefined],
] as const) {
  test(`version reply of ${what}`, () => assert.deepEqual(engineOf(JSON.stringify(reply)), expected));
}

test('names in what engines print', () => {
  assert.deepEqual(loadedNames('Loaded image: a:1\nLoaded image: b/c:2\n'), ['a:1', 'b/c:2']);
  assert.deepEqual(loadedNames('Loaded image(s): a:1,b:2'), ['a:1', 'b:2']);
  assert.deepEqual(loadedNames(`Loaded image ID: sha256:${'0'.repeat(64)}`), [`sha256:${'0'.repeat(64)}`]);
  assert.deepEqual(loadedNames('The image x already exists, renaming'), []);
});
