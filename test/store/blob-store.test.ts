import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { digestOf, hexOf } from '../../src/model/digest.ts';
import { FileBlobStore, type StoredBlob } from '../../src/store/blob-store.ts';
import { tempDir } from '../fixtures/temp.ts';

const STORE_MODULE = resolve(import.meta.dirname, '../../src/store/blob-store.ts');
const bytes = Buffer.from('the bytes of a blob');
const digest = digestOf(bytes);

async function* chunked(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 4) yield bytes.subarray(at, at + 4);
}

function openStore(t: TestContext): FileBlobStore {
  return new FileBlobStore(join(tempDir(t), 'cache'));
}

function temporary(store: FileBlobStore): string[] {
  return [...readdirSync(store.ingestDirectory), ...readdirSync(store.partialDirectory)];
}

test('put, get, has, remove: a blob is a read-only file with its bytes', async (t) => {
  const store = openStore(t);
  assert.equal(store.has(digest), false);
  assert.throws(() => store.get(digest), { code: 'NOT_FOUND', message: new RegExp(digest) });
  assert.deepEqual(await store.put(chunked(), { digest, sizeBytes: bytes.length }), {
    digest,
    sizeBytes: bytes.length,
  });
  assert.ok(readFileSync(store.get(digest)).equals(bytes));
  assert.equal(statSync(store.get(digest)).mode & 0o777, 0o444);
  assert.deepEqual(temporary(store), []);
  assert.equal(await store.remove(digest), true);
  assert.equal(await store.remove(digest), false);
  assert.equal(store.has(digest), false);
});

test('what is not as expected leaves nothing behind', async (t) => {
  const store = openStore(t);
  const other = digestOf('other');
  await assert.rejects(store.put(bytes, { digest: other }), {
    code: 'INTEGRITY',
    message: new RegExp(`${other}, got ${digest}`),
  });
  await assert.rejects(store.put(bytes, { digest, sizeBytes: 5 }), {
    code: 'INTEGRITY',
    message: /expected 5 bytes, got 19/,
  });
  async function* cut(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 3);
    throw new Error('connection lost');
  }
  await assert.rejects(store.put(cut()), /connection lost/);
  const writer = await store.begin();
  writer.write(bytes);
  await assert.rejects(writer.commit(digest, bytes.length + 1), { code: 'INTEGRITY' });
  await writer.abort();
  assert.deepEqual(temporary(store), []);
  assert.deepEqual(readdirSync(store.blobsDirectory), []);
});

test('a writer: commit gives the blob its name, abort leaves nothing, both may be followed by abort', async (t) => {
  const store = openStore(t);
  const writer = await store.begin();
  for await (const chunk of chunked()) writer.write(chunk);
  assert.equal(statSync(writer.path).size, bytes.length);
  await writer.commit(digest, bytes.length);
  await writer.abort();
  assert.ok(readFileSync(store.get(digest)).equals(bytes));
  const dropped = await store.begin();
  dropped.write(bytes);
  await dropped.abort();
  await dropped.abort();
  assert.deepEqual(temporary(store), []);
});

test('the same blob many times at once is success for all', async (t) => {
  const store = openStore(t);
  const again = new FileBlobStore(store.directory);
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, index) => (index % 2 ? store : again).put(chunked())),
  );
  assert.ok(results.every((result) => result.digest === digest));
  assert.deepEqual(readdirSync(store.blobsDirectory), [hexOf(digest)]);
  assert.deepEqual(temporary(store), []);
});

test('a damaged blob of another size is replaced', async (t) => {
  const store = openStore(t);
  writeFileSync(join(store.blobsDirectory, hexOf(digest)), 'cut', { mode: 0o444 });
  await store.put(bytes);
  assert.ok(readFileSync(store.get(digest)).equals(bytes));
});

test('adopt moves a complete download in, and refuses another size', async (t) => {
  const store = openStore(t);
  const path = store.partialPath('https://mirror.example/x y/../a+b.apk');
  assert.equal(join(store.partialDirectory, path.slice(store.partialDirectory.length + 1)), path);
  assert.equal(store.partialPath('https://mirror.example/x y/../a+b.apk'), path);
  assert.notEqual(store.partialPath('https://mirror.example/x_y/../a+b.apk'), path);
  writeFileSync(path, bytes);
  await assert.rejects(store.adopt(path, digest, 3), {
    code: 'INTEGRITY',
    message: /expected 3 bytes, got 19/,
  });
  await store.adopt(path, digest, bytes.length);
  assert.ok(readFileSync(store.get(digest)).equals(bytes));
  assert.equal(statSync(store.get(digest)).mode & 0o777, 0o444);
  writeFileSync(path, bytes);
  await store.adopt(path, digest, bytes.length);
  assert.deepEqual(temporary(store), []);
  await assert.rejects(store.adopt(path, digest, bytes.length), {
    code: 'STORAGE',
    message: /no such file or folder/,
  });
});

test('list tells blobs only; touch marks use, once per process', async (t) => {
  const store = openStore(t);
  await store.put(bytes);
  writeFileSync(join(store.blobsDirectory, 'README'), 'not a blob');
  const old = new Date('2020-01-01');
  utimesSync(store.get(digest), old, old);
  const list = async () => {
    const blobs: StoredBlob[] = [];
    for await (const blob of store.list()) blobs.push(blob);
    return blobs;
  };
  assert.deepEqual(await list(), [{ digest, sizeBytes: bytes.length, usedAtMs: old.getTime() }]);
  store.touch(digest);
  const [used] = await list();
  assert.ok((used?.usedAtMs ?? 0) > old.getTime());
  utimesSync(store.get(digest), old, old);
  store.touch(digest);
  assert.equal((await list())[0]?.usedAtMs, old.getTime());
  store.touch(digestOf('absent'));
});

test('a blob that was removed and is stored again is used anew', async (t) => {
  const store = openStore(t);
  const old = new Date('2020-01-01');
  for (let round = 0; round < 2; round++) {
    await store.put(bytes);
    utimesSync(store.get(digest), old, old);
    store.touch(digest);
    assert.ok(statSync(store.get(digest)).mtimeMs > old.getTime(), `round ${round}`);
    await store.remove(digest);
  }
});

test('a cache that cannot be made or written is STORAGE, with path and hint', async (t) => {
  const directory = tempDir(t);
  writeFileSync(join(directory, 'file'), '');
  assert.throws(() => new FileBlobStore(join(directory, 'file', 'cache')), {
    code: 'STORAGE',
    message: /file\/cache/,
    hint: /PKGCOMPOSE_CACHE/,
  });
  if (process.getuid?.() === 0) {
    t.skip('skipped: root may write everywhere');
    return;
  }
  const store = new FileBlobStore(join(directory, 'cache'));
  chmodSync(store.ingestDirectory, 0o555);
  t.after(() => chmodSync(store.ingestDirectory, 0o755));
  await assert.rejects(store.put(bytes), { code: 'STORAGE', hint: /write permission/ });
});

test('a write that the system refuses half-way leaves nothing', async (t) => {
  const store = openStore(t);
  const script = `
    const { FileBlobStore } = await import(${JSON.stringify(STORE_MODULE)});
    const store = new FileBlobStore(${JSON.stringify(store.directory)});
    await store.put(Buffer.alloc(1 << 20)).catch(({ code, details }) => console.log(code, details.errno));
  `;
  // A file size limit of 16 blocks stands in for a full disk: the second part of the write fails.
  const command = 'ulimit -f 16; exec "$0" --input-type=module -e "$1"';
  const child = spawn('sh', ['-c', command, process.execPath, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.equal(await text(child.stdout), 'STORAGE EFBIG\n');
  assert.deepEqual(temporary(store), []);
  assert.deepEqual(readdirSync(store.blobsDirectory), []);
});

test('a killed process leaves a temp file of its own and no blob', async (t) => {
  const store = openStore(t);
  const script = `
    const { FileBlobStore } = await import(${JSON.stringify(STORE_MODULE)});
    const writer = await new FileBlobStore(${JSON.stringify(store.directory)}).begin();
    writer.write(Buffer.from('half of'));
    console.log('written');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual(readdirSync(store.blobsDirectory), []);
  const [left = ''] = temporary(store);
  assert.ok(left.startsWith(`${child.pid}-`));
  await store.put(bytes);
  assert.ok(store.has(digest));
});
