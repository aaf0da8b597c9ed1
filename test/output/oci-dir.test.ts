import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAppError } from '../../src/model/app-error.ts';
import { digestOf } from '../../src/model/digest.ts';
import { blobPath, type Image } from '../../src/output/image.ts';
import { writeOciDirectory } from '../../src/output/oci-dir.ts';
import { tempDir } from '../fixtures/temp.ts';
import { makeImage } from './images.ts';

type Hooks = Parameters<typeof tempDir>[0];

interface IndexFile {
  readonly manifests: readonly { readonly digest: string; readonly annotations?: Record<string, string> }[];
  readonly [field: string]: unknown;
}

function imageOf(t: Hooks, content: string, tags: readonly string[]): Image {
  return makeImage(tempDir(t), [{ tar: [{ path: 'a', content }] }, { tar: [{ path: 'same' }] }], { tags });
}

function readIndex(layout: string): IndexFile {
  return JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
}

function names(layout: string): readonly (string | undefined)[] {
  return readIndex(layout).manifests.map(
    (descriptor) => descriptor.annotations?.['org.opencontainers.image.ref.name'],
  );
}

function checkBlobs(layout: string): void {
  for (const name of readdirSync(join(layout, 'blobs', 'sha256'))) {
    assert.equal(digestOf(readFileSync(join(layout, 'blobs', 'sha256', name))), `sha256:${name}`);
  }
}

test('a new layout: marker, index, blobs 0444, links into the store', async (t) => {
  const image = imageOf(t, 'x', ['pkgcompose/x']);
  const layout = join(tempDir(t), 'deep', 'layout');
  const { sizeBytes } = await writeOciDirectory(image, layout);
  assert.deepEqual(readdirSync(layout).sort(), ['blobs', 'index.json', 'oci-layout']);
  assert.equal(readFileSync(join(layout, 'oci-layout'), 'utf8'), '{"imageLayoutVersion":"1.0.0"}');
  assert.equal(readdirSync(join(layout, 'blobs', 'sha256')).length, 4);
  checkBlobs(layout);
  let sum = 0;
  for (const name of readdirSync(join(layout, 'blobs', 'sha256'))) {
    const { mode, size } = statSync(join(layout, 'blobs', 'sha256', name));
    assert.equal(mode & 0o7777, 0o444);
    sum += size;
  }
  assert.equal(sizeBytes, sum);
  const [layer] = image.layers;
  assert.ok(typeof layer?.content === 'string');
  const isLinked = statSync(join(layout, blobPath(layer.digest))).ino === statSync(layer.content).ino;
  assert.equal(isLinked, !canClone(layer.content));
});

test('a blob that is damaged in the store gets no name in the layout, and a damaged one there is replaced', async (t) => {
  const image = imageOf(t, 'x', []);
  const layout = tempDir(t);
  const [layer] = image.layers;
  assert.ok(typeof layer?.content === 'string');
  const [right, placed] = [readFileSync(layer.content), join(layout, blobPath(layer.digest))];
  const wrong = Buffer.from(right).fill(0, 10, 20);
  writeFileSync(layer.content, wrong);
  await assert.rejects(writeOciDirectory(image, layout), (error) => isAppError(error, 'INTEGRITY'));
  assert.deepEqual(readdirSync(layout).sort(), ['blobs', 'oci-layout']);
  assert.ok(!existsSync(placed));
  writeFileSync(layer.content, right);
  writeFileSync(placed, wrong);
  await writeOciDirectory(image, layout);
  checkBlobs(layout);
});

for (const kind of ['btrfs', 'xfs']) {
  test(`blobs are cloned on ${kind}: they share bytes, but a change of one does not reach the store`, async (t) => {
    const folder = mounted(t, kind);
    if (folder === undefined) return t.skip(`skipped: cannot mount ${kind} here`);
    const noise = randomBytes(16 * 1024 * 1024);
    const image = makeImage(folder, [{ tar: [{ path: 'a', content: noise }], encoding: 'none' }]);
    const [layer] = image.layers;
    assert.ok(typeof layer?.content === 'string');
    spawnSync('sync');
    const before = statfsSync(folder);
    await writeOciDirectory(image, join(folder, 'layout'));
    spawnSync('sync');
    const usedBytes = (before.bfree - statfsSync(folder).bfree) * before.bsize;
    assert.ok(usedBytes < layer.sizeBytes / 2, `${usedBytes}`);
    checkBlobs(join(folder, 'layout'));
    const placed = join(folder, 'layout', blobPath(layer.digest));
    assert.deepEqual([statSync(placed).mode & 0o7777, statSync(placed).nlink], [0o444, 1]);
    chmodSync(placed, 0o644);
    writeFileSync(placed, 'x', { flag: 'r+' });
    assert.equal(digestOf(readFileSync(layer.content)), layer.digest);
    await writeOciDirectory(image, join(folder, 'layout'));
    checkBlobs(join(folder, 'layout'));
  });
}

/** Tells whether files beside `file` can be cloned. */
function canClone(file: string): boolean {
  try {
    copyFileSync(file, `${file}.clone`, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  }
}

/** Mounts a new file system, until the test ends; undefined where that needs permission or tools that are missing. */
function mounted(t: Hooks, kind: string): string | undefined {
  let folder: string | undefined;
  // Hooks run in the order of their registration: before the one that removes the folder.
  t.after(() => folder !== undefined && spawnSync('umount', [folder]));
  const [image, place] = [join(tempDir(t), 'image'), tempDir(t)];
  writeFileSync(image, '');
  // mkfs.xfs takes no less than 300 MiB; the file is sparse.
  truncateSync(image, 320 * 1024 * 1024);
  if (spawnSync(`mkfs.${kind}`, ['-q', image]).status !== 0) return undefined;
  if (spawnSync('mount', ['-o', 'loop', '-t', kind, image, place]).status === 0) folder = place;
  return folder;
}

test('an existing layout keeps its other images and fields; the same name moves', async (t) => {
  const layout = tempDir(t);
  await writeOciDirectory(imageOf(t, 'one', ['a:1', 'b']), layout);
  const foreign = { mediaType: 'application/vnd.example', digest: digestOf('?'), size: 1, urls: ['x'] };
  const before = readIndex(layout);
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ ...before, manifests: [foreign, ...before.manifests], annotations: { kept: 'yes' } }),
  );
  const next = imageOf(t, 'two', ['b']);
  await writeOciDirectory(next, layout);
  const index = readIndex(layout);
  assert.deepEqual(index.manifests[0], foreign);
  assert.deepEqual(index.annotations, { kept: 'yes' });
  assert.deepEqual(names(layout), [undefined, 'a:1', 'b:latest']);
  assert.equal(index.manifests[2]?.digest, next.manifestDigest);
  checkBlobs(layout);
});

test('writing the same image again changes nothing', async (t) => {
  const layout = tempDir(t);
  const image = imageOf(t, 'x', []);
  await writeOciDirectory(image, layout);
  const first = readFileSync(join(layout, 'index.json'));
  await writeOciDirectory(image, layout);
  assert.ok(readFileSync(join(layout, 'index.json')).equals(first));
});

test('writers at once, of one process and of several: every name is there at the end', async (t) => {
  const layout = join(tempDir(t), 'layout');
  const images = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => imageOf(t, name, [name]));
  const module = JSON.stringify(new URL('../../src/output/oci-dir.ts', import.meta.url).href);
  const children = images.slice(3).map((image) => {
    const plain = {
      ...image,
      manifest: [...image.manifest],
      config: { ...image.config, content: [...(image.config.content as Uint8Array)] },
    };
    const program = `import { writeOciDirectory } from ${module};
      const image = ${JSON.stringify(plain)};
      image.manifest = Buffer.from(image.manifest);
      image.config.content = Buffer.from(image.config.content);
      await writeOciDirectory(image, ${JSON.stringify(layout)});`;
    return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
  });
  const ended = children.map((child) => once(child, 'exit'));
  await Promise.all(images.slice(0, 3).map((image) => writeOciDirectory(image, layout)));
  for (const [code] of await Promise.all(ended)) assert.equal(code, 0);
  assert.deepEqual(
    [...names(layout)].sort(),
    ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}:latest`),
  );
  assert.deepEqual(readdirSync(layout).sort(), ['blobs', 'index.json', 'oci-layout']);
  checkBlobs(layout);
});

test('a store on another file system: blobs are copied', async (t) => {
  const elsewhere = '/dev/shm';
  const folder = tempDir(t);
  if (
    statSync(elsewhere, { throwIfNoEntry: false })?.dev === statSync(folder).dev ||
    !existsSync(elsewhere)
  ) {
    return t.skip('skipped: no second file system here');
  }
  const layout = mkdtempSync(join(elsewhere, 'pkgcompose-test-'));
  t.after(() => rmSync(layout, { recursive: true }));
  const image = makeImage(folder, [{ tar: [{ path: 'a' }] }]);
  await writeOciDirectory(image, layout);
  const [layer] = image.layers;
  assert.ok(typeof layer?.content === 'string');
  const copy = statSync(join(layout, blobPath(layer.digest)));
  assert.deepEqual([copy.mode & 0o7777, copy.size, copy.nlink], [0o444, layer.sizeBytes, 1]);
  checkBlobs(layout);
});

test('the lock of a process that died does not block', async (t) => {
  const layout = tempDir(t);
  const { pid } = spawnSync('true');
  const lock = join(layout, '.compose.lock');
  writeFileSync(lock, `${pid} ${(await import('node:os')).hostname()}\n`);
  await writeOciDirectory(imageOf(t, 'x', ['x']), layout);
  assert.deepEqual(readdirSync(layout).sort(), ['blobs', 'index.json', 'oci-layout']);
  writeFileSync(lock, `1 elsewhere.invalid\n`);
  const longAgo = Date.now() / 1000 - 600;
  utimesSync(lock, longAgo, longAgo);
  await writeOciDirectory(imageOf(t, 'y', ['y']), layout);
  assert.deepEqual(names(layout), ['x:latest', 'y:latest']);
});

for (const [what, prepare, message] of [
  [
    'a folder of other things',
    (path: string) => writeFileSync(join(path, 'notes.txt'), ''),
    /is not an OCI image layout: it holds notes\.txt/,
  ],
  [
    'another layout version',
    (path: string) => writeFileSync(join(path, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}'),
    /expected imageLayoutVersion 1\.x, got .*2\.0\.0/,
  ],
  [
    'a broken index',
    (path: string) => {
      writeFileSync(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
      writeFileSync(join(path, 'index.json'), '{"schemaVersion":2,"manifests":{}}');
    },
    /index\.json: expected an OCI image index, got manifests that are not a list/,
  ],
  [
    'an index that is no JSON',
    (path: string) => {
      writeFileSync(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
      writeFileSync(join(path, 'index.json'), 'x');
    },
    /index\.json: expected an OCI image index, got invalid JSON/,
  ],
] as const) {
  test(`${what} is refused and left as it is`, async (t) => {
    const layout = tempDir(t);
    prepare(layout);
    const before = readdirSync(layout).map((name) => [name, readFileSync(join(layout, name), 'utf8')]);
    await assert.rejects(writeOciDirectory(imageOf(t, 'x', ['x']), layout), (error) => {
      assert.ok(isAppError(error, 'STORAGE'));
      assert.match(error.message, message);
      assert.ok(error.hint);
      return true;
    });
    assert.deepEqual(
      readdirSync(layout)
        .filter((name) => name !== 'blobs')
        .map((name) => [name, readFileSync(join(layout, name), 'utf8')]),
      before,
    );
  });
}

test('a file where the layout should be; a missing blob', async (t) => {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'file'), '');
  const image = imageOf(t, 'x', ['x']);
  await assert.rejects(writeOciDirectory(image, join(folder, 'file')), (error) =>
    isAppError(error, 'STORAGE'),
  );
  const [layer] = image.layers;
  assert.ok(typeof layer?.content === 'string');
  unlinkSync(layer.content);
  mkdirSync(join(folder, 'layout'));
  await assert.rejects(writeOciDirectory(image, join(folder, 'layout')), (error) => {
    assert.ok(isAppError(error, 'INTEGRITY'));
    assert.match(error.message, new RegExp(layer.digest));
    return true;
  });
  assert.ok(!readdirSync(join(folder, 'layout')).includes('index.json'));
  assert.ok(!readdirSync(join(folder, 'layout')).some((name) => name.includes('tmp')));
});

for (const name of ['oci-layout', 'index.json', 'blobs', 'blobs/sha256']) {
  test(`${name} of a layout that is a pipe is refused, not waited for`, async (t) => {
    const layout = join(tempDir(t), 'layout');
    mkdirSync(join(layout, name, '..'), { recursive: true });
    spawnSync('mkfifo', [join(layout, name)]);
    await assert.rejects(writeOciDirectory(imageOf(t, 'x', ['x']), layout), (error) => {
      assert.ok(isAppError(error, 'STORAGE'));
      assert.match(error.message, new RegExp(`/${name}: unexpected type of file`));
      return true;
    });
  });
}
