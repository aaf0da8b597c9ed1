import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { extract, type Header } from 'tar-stream';
import { isAppError } from '../../src/model/app-error.ts';
import { digestOf } from '../../src/model/digest.ts';
import type { Progress } from '../../src/model/progress.ts';
import { blobPath, type Image } from '../../src/output/image.ts';
import { streamImageTar, writeImageTar } from '../../src/output/image-tar.ts';
import { DamagedBlobError } from '../../src/store/blob-errors.ts';
import { tempDir } from '../fixtures/temp.ts';
import { MINUTE, makeImage } from './images.ts';

type Hooks = Parameters<typeof tempDir>[0];

function twoLayers(t: Hooks, options: Parameters<typeof makeImage>[2] = {}): Image {
  return makeImage(
    tempDir(t),
    [{ tar: [{ path: 'a', content: 'one' }] }, { tar: [{ path: 'b', content: 'two' }], encoding: 'none' }],
    options,
  );
}

async function listTar(bytes: Uint8Array): Promise<{ header: Header; content: Buffer }[]> {
  const found: { header: Header; content: Buffer }[] = [];
  const reader = Readable.from([bytes]).pipe(extract());
  for await (const entry of reader) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    found.push({ header: entry.header, content: Buffer.concat(parts) });
  }
  return found;
}

async function streamed(image: Image): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of streamImageTar(image)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function leftovers(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.startsWith('.'));
}

test('one tar holds both layouts, metadata first, every blob under its digest', async (t) => {
  const image = twoLayers(t, { tags: ['gcc', 'ghcr.io/me/gcc:1'] });
  const path = join(tempDir(t), 'out.tar');
  const { sizeBytes } = await writeImageTar(image, path);
  const bytes = readFileSync(path);
  assert.equal(bytes.length, sizeBytes);
  const entries = await listTar(bytes);
  const blobs = [image.config.digest, image.manifestDigest, ...image.layers.map((layer) => layer.digest)];
  assert.deepEqual(
    entries.map(({ header }) => header.name.replace(/\/$/, '')),
    ['oci-layout', 'index.json', 'manifest.json', 'blobs', 'blobs/sha256', ...blobs.map(blobPath)],
  );
  for (const { header, content } of entries) {
    assert.deepEqual([header.uid, header.gid, header.mtime?.getTime()], [0, 0, MINUTE * 1000]);
    if (header.type === 'file' && header.name.startsWith('blobs/')) {
      assert.equal(digestOf(content).slice(7), header.name.slice(-64));
    }
  }
  const text = (at: number) => JSON.parse(String(entries[at]?.content));
  assert.deepEqual(text(0), { imageLayoutVersion: '1.0.0' });
  const descriptor = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: image.manifestDigest,
    size: image.manifest.length,
    platform: { architecture: 'amd64', os: 'linux' },
  };
  const named = (full: string, name: string) => ({
    ...descriptor,
    annotations: { 'io.containerd.image.name': full, 'org.opencontainers.image.ref.name': name },
  });
  assert.deepEqual(text(1), {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      named('docker.io/library/gcc:latest', 'gcc:latest'),
      named('ghcr.io/me/gcc:1', 'ghcr.io/me/gcc:1'),
    ],
  });
  assert.deepEqual(text(2), [
    {
      Config: blobPath(image.config.digest),
      RepoTags: ['docker.io/library/gcc:latest', 'ghcr.io/me/gcc:1'],
      Layers: image.layers.map((layer) => blobPath(layer.digest)),
    },
  ]);
});

test('golden bytes: the tar of a fixed image', async () => {
  const bytes = Buffer.from('layer');
  const image: Image = {
    manifest: Buffer.from('manifest'),
    manifestDigest: digestOf('manifest'),
    config: { digest: digestOf('config'), sizeBytes: 6, content: Buffer.from('config') },
    layers: [{ digest: digestOf(bytes), sizeBytes: 5, content: bytes }],
    tags: ['pkgcompose/test:latest'],
    platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
    createdAt: MINUTE,
  };
  const written = await streamed(image);
  assert.equal(written.length, 8192);
  assert.equal(digestOf(written), GOLDEN);
});

const GOLDEN = 'sha256:7aa5e44ddd5a104a9be1bb94f60ca2db5dfa65ba98733376b0ddb861fca1d62c';

test('the file equals the stream, and a second run the first', async (t) => {
  const image = makeImage(tempDir(t), [
    { tar: [{ path: 'big', content: Buffer.alloc(3_500_001, 7) }], encoding: 'none' },
  ]);
  const folder = tempDir(t);
  await writeImageTar(image, join(folder, 'a.tar'));
  await writeImageTar(image, join(folder, 'b.tar'));
  assert.ok(readFileSync(join(folder, 'a.tar')).equals(await streamed(image)));
  assert.ok(readFileSync(join(folder, 'b.tar')).equals(await streamed(image)));
  assert.deepEqual(leftovers(folder), []);
});

test('a repeated layer is written once and named twice', async (t) => {
  const single = makeImage(tempDir(t), [{ tar: [{ path: 'a', content: 'x' }] }]);
  const [layer] = single.layers;
  assert.ok(layer);
  const image = { ...single, layers: [layer, layer] };
  const path = join(tempDir(t), 'out.tar');
  await writeImageTar(image, path);
  const entries = await listTar(readFileSync(path));
  assert.equal(entries.filter(({ header }) => header.name === blobPath(layer.digest)).length, 1);
  const docker = entries.find(({ header }) => header.name === 'manifest.json');
  assert.deepEqual(JSON.parse(String(docker?.content))[0].Layers, Array(2).fill(blobPath(layer.digest)));
});

test('no tags: one unnamed descriptor, no RepoTags', async (t) => {
  const path = join(tempDir(t), 'out.tar');
  await writeImageTar(twoLayers(t, { tags: [] }), path);
  const [, index, docker] = await listTar(readFileSync(path));
  assert.equal(JSON.parse(String(index?.content)).manifests[0].annotations, undefined);
  assert.deepEqual(JSON.parse(String(docker?.content))[0].RepoTags, []);
});

for (const [damage, change, got] of [
  ['truncated', (path: string) => truncateSync(path, 5), '5 bytes'],
  ['too long', (path: string) => appendFileSync(path, 'x'), 'bytes'],
  ['missing', (path: string) => unlinkSync(path), 'no such file'],
] as const) {
  test(`a ${damage} blob: INTEGRITY with its digest and the way out; the old file stays`, async (t) => {
    const image = twoLayers(t);
    const blob = image.layers[1];
    assert.ok(typeof blob?.content === 'string');
    chmodSync(blob.content, 0o644);
    change(blob.content);
    const folder = tempDir(t);
    const path = join(folder, 'out.tar');
    writeFileSync(path, 'old');
    await assert.rejects(writeImageTar(image, path), (error) => {
      assert.ok(isAppError(error, 'INTEGRITY'));
      assert.match(
        error.message,
        new RegExp(`${blob.digest}.*expected ${blob.sizeBytes} bytes, got .*${got}`),
      );
      assert.match(error.hint ?? '', /compose cache verify --repair/);
      return true;
    });
    assert.equal(readFileSync(path, 'utf8'), 'old');
    assert.deepEqual(leftovers(folder), []);
  });
}

test('cancelled midway: CANCELLED, the old file stays, no temp file', async (t) => {
  const image = makeImage(tempDir(t), [{ tar: Buffer.alloc(20 * 1024 * 1024), encoding: 'none' }]);
  const folder = tempDir(t);
  const path = join(folder, 'out.tar');
  writeFileSync(path, 'old');
  const abort = new AbortController();
  let seen = 0;
  const progress: Progress = {
    task: () => ({
      advance(bytes) {
        seen += bytes;
        if (seen > 1024 * 1024) abort.abort();
      },
      done() {},
    }),
    note() {},
  };
  await assert.rejects(writeImageTar(image, path, { progress, signal: abort.signal }), (error) =>
    isAppError(error, 'CANCELLED'),
  );
  assert.ok(seen < 20 * 1024 * 1024);
  assert.equal(readFileSync(path, 'utf8'), 'old');
  assert.deepEqual(leftovers(folder), []);
});

test('a process that exits midway leaves no temp file', (t) => {
  const folder = tempDir(t);
  const image = makeImage(tempDir(t), [{ tar: Buffer.alloc(20 * 1024 * 1024), encoding: 'none' }]);
  const [layer] = image.layers;
  const program = `
    import { writeImageTar } from ${JSON.stringify(new URL('../../src/output/image-tar.ts', import.meta.url).href)};
    const layers = [${JSON.stringify(layer)}];
    const config = { digest: layers[0].digest.replace(/.$/, 'x'), sizeBytes: 1, content: Buffer.from('x') };
    const progress = { task: () => ({ advance() { setImmediate(() => process.exit(3)); }, done() {} }), note() {} };
    await writeImageTar({ manifest: Buffer.from('m'), manifestDigest: config.digest.replace(/.$/, 'y'), config, layers,
      tags: [], platform: { os: 'linux', architecture: 'amd64' }, createdAt: 0 }, ${JSON.stringify(join(folder, 'out.tar'))}, { progress });`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  assert.equal(status, 3, stderr);
  assert.deepEqual(readdirSync(folder), []);
});

test('a full disk: STORAGE with path, needed and free bytes; the old file stays', async (t) => {
  const folder = tempDir(t);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', folder]);
  if (mounted.status !== 0) return t.skip('skipped: no small file system can be mounted here');
  try {
    const image = makeImage(tempDir(t), [{ tar: Buffer.alloc(4 * 1024 * 1024), encoding: 'none' }]);
    const path = join(folder, 'out.tar');
    writeFileSync(path, 'old');
    await assert.rejects(writeImageTar(image, path), (error) => {
      assert.ok(isAppError(error, 'STORAGE'));
      assert.match(
        error.message,
        /^cannot write .*out\.tar: no space left on the device: needs 4\d{6} bytes, \d+ are free$/,
      );
      assert.ok(Number(error.details.freeBytes) < 2 * 1024 * 1024);
      return true;
    });
    assert.deepEqual(readdirSync(folder), ['out.tar']);
    assert.equal(readFileSync(path, 'utf8'), 'old');
  } finally {
    spawnSync('umount', [folder]);
  }
});

test('a folder, a missing folder and a bad name are refused before anything is written', async (t) => {
  const folder = tempDir(t);
  const image = twoLayers(t);
  await assert.rejects(writeImageTar(image, folder), /it is a folder/);
  await assert.rejects(writeImageTar(image, join(folder, 'none', 'out.tar')), (error) => {
    assert.ok(isAppError(error, 'STORAGE'));
    assert.match(error.message, /none\/out\.tar: no such file or folder/);
    return true;
  });
  await assert.rejects(writeImageTar({ ...image, tags: ['Bad'] }, join(folder, 'out.tar')), (error) =>
    isAppError(error, 'USAGE'),
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('a symlink is written through, a device or pipe directly', async (t) => {
  const folder = tempDir(t);
  mkdirSync(join(folder, 'real'));
  writeFileSync(join(folder, 'real', 'x.tar'), 'old');
  symlinkSync('real/x.tar', join(folder, 'out.tar'));
  const image = twoLayers(t);
  const { sizeBytes } = await writeImageTar(image, join(folder, 'out.tar'));
  assert.equal(readFileSync(join(folder, 'real', 'x.tar')).length, sizeBytes);
  assert.deepEqual(await writeImageTar(image, '/dev/null'), { sizeBytes });
  assert.ok(!readFileSync('/dev/null').length);
});

test('a blob whose bytes changed in the store, not its size, is never streamed to its end', async (t) => {
  const image = twoLayers(t);
  const path = image.layers[1]?.content as string;
  chmodSync(path, 0o600);
  const bytes = readFileSync(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await assert.rejects(streamed(image), (error) => error instanceof DamagedBlobError);
});
