import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTrusted } from '../../../src/app/archives/ingest-file.ts';
import { ReaderThread } from '../../../src/app/archives/reader-thread.ts';
import { Trust } from '../../../src/app/sources/trust.ts';
import { distroOf } from '../../../src/distros/families.ts';
import { startMirror } from '../../fake/mirror.ts';
import { makeApk } from '../../fixtures/apk.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { composed, contents, folder, KEY, noise, refused, small, source, use } from '../harness.ts';

test('a thread finds what this thread finds, and answers nothing where this one would refuse', async (t) => {
  const dir = tempDir(t);
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const bytes = makeApk(small('a', { key: KEY, files: [{ path: 'a', content: noise('a', 700_000) }] }));
  const path = join(dir, 'a.apk');
  writeFileSync(path, bytes);
  const damaged = join(dir, 'damaged.apk');
  writeFileSync(damaged, Buffer.from(bytes).fill(1, bytes.length - 1000));
  await use({ cache: join(dir, 'cache') }, async (context) => {
    const distro = await distroOf('alpine');
    const file = (content: string | Uint8Array, keyring: string) => {
      const trust = new Trust(context, distro, source({ keyring }));
      return { content, where: path, distro, trust, expected: undefined };
    };
    const thread = ReaderThread.start(context.signal);
    assert.ok(thread);
    t.after(() => thread.close());
    const good = file(path, keyring);
    const own = await readTrusted(context, good);
    assert.deepEqual(await thread.read(good), {
      ...structuredClone({ ...own, files: undefined }),
      files: own.files,
    });
    assert.equal(await thread.read(file(damaged, keyring)), undefined);
    assert.equal(await thread.read(file(join(dir, 'none.apk'), keyring)), undefined);
    assert.equal(await thread.read(file(path, folder(dir, 'no-keys'))), undefined);
    assert.deepEqual(await thread.read(file(bytes, keyring)), await thread.read(good), 'from memory');
    const many = await Promise.all(Array.from({ length: 5 }, () => thread.read(good)));
    assert.deepEqual(
      many.map((facts) => facts?.name),
      ['a', 'a', 'a', 'a', undefined],
      'the fifth would wait',
    );
    const closed = thread.read(good);
    await thread.close();
    assert.equal(await closed, undefined);
    assert.equal(await thread.read(good), undefined);
  });
});

test('a cancel ends what the thread is reading', async (t) => {
  const cancel = new AbortController();
  const thread = ReaderThread.start(cancel.signal);
  assert.ok(thread);
  t.after(() => thread.close());
  const dir = tempDir(t);
  await use({ cache: join(dir, 'cache') }, async (context) => {
    const distro = await distroOf('alpine');
    const trust = new Trust(context, distro, source({ keyring: folder(dir, 'keys') }));
    const reading = thread.read({ content: '/dev/null', where: 'x', distro, trust });
    cancel.abort();
    assert.equal(await reading, undefined);
  });
});

test('many downloads are read by a thread too: the same image, and a damaged one is refused for its reason', async (t) => {
  const dir = tempDir(t);
  const root = folder(dir, 'mirror');
  const names = Array.from({ length: 12 }, (_, number) => `p${number}`);
  const packages = names.map((name) =>
    small(name, { files: [{ path: name, content: noise(name, 300_000) }] }),
  );
  const repo = writeAlpineMirror(root, { packages, key: KEY });
  const keyring = writeApkKeyring(join(dir, 'keys'), [KEY]);
  const mirror = await startMirror(root);
  t.after(() => mirror.close());
  const from = (place: string) => ({ repositories: [place], keyring });
  const url = `${mirror.url}/v3.19/main`;
  const read = await composed(join(dir, 'here'), names, from(join(repo, '..')));
  assert.equal((await composed(join(dir, 'thread'), names, from(url))).digest, read.digest);
  mirror.faults.set('/v3.19/main/x86_64/p7-1.0-r0.apk', { wrongBytes: true });
  const cache = join(dir, 'refused');
  await refused(composed(cache, names, from(url)), 'BAD_ARCHIVE', 'p7-1.0-r0.apk');
  assert.equal(contents(cache).ingest.length, 0);
});

test('where threads are not permitted, there is none', () => {
  const module = new URL('../../../src/app/archives/reader-thread.ts', import.meta.url).href;
  const script = `const { ReaderThread } = await import('${module}');
    console.log(ReaderThread.start(new AbortController().signal));`;
  const words = ['--permission', '--allow-fs-read=*', '--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(stdout, 'undefined\n', stderr);
});
