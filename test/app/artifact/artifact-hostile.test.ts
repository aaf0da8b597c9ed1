import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { saveBlob } from '../../../src/app/artifact/save-blob.ts';
import { digestOf, hexOf } from '../../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../../src/model/media-types.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { parseRepository } from '../../../src/model/reference.ts';
import { startFaultProxy } from '../../fake/fault-proxy.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { fails, noise, quickSession } from '../../registry/harness.ts';
import { type FakeLayer, folderLayer, startArtifacts, tarOf, UNPACK } from './artifact-harness.ts';

const file = (title: string, text = 'evil'): FakeLayer => ({ bytes: Buffer.from(text), title });

describe('titles', () => {
  for (const [what, title, message] of [
    ['absolute', '/tmp/evil', /is absolute/],
    ['above', '../evil', /contains a \.\. component/],
    ['above in the end', 'a/../../evil', /contains a \.\. component/],
    ['the folder itself', '.', /is not a file name/],
    ['of NUL', 'a\0b', /NUL/],
    ['too long', 'a/'.repeat(3000), /longer than/],
    ['not Unicode', '\udc80', /not valid Unicode/],
  ] as const) {
    test(`${what}: nothing is saved`, async (t) => {
      const { manifest, pull, folder, registry } = await startArtifacts(t);
      manifest([file('good'), file(title)]);
      await fails(pull({ output: `${folder}/out` }), 'BAD_ARCHIVE', message);
      assert.deepEqual(readdirSync(folder), []);
      assert.equal(registry.requests.filter(({ url }) => url.includes('/blobs/')).length, 0);
    });
  }

  test('one that leads elsewhere can be saved as what the user says', async (t) => {
    const { manifest, pull, fetch, name, folder } = await startArtifacts(t);
    manifest([file('/etc/passwd'), file('../x/y')]);
    await pull({ titles: ['/etc/passwd'], output: join(folder, 'a') });
    await fetch(`${name}:1//etc/passwd`, { output: join(folder, 'b') });
    await fails(fetch(`${name}:1/../x/y`, { output: folder }), 'BAD_ARCHIVE', /\.\. component/);
    assert.deepEqual(readdirSync(folder).sort(), ['a', 'b']);
  });

  for (const titles of [
    ['a', 'a'],
    ['a', './a'],
    ['a', 'a/b'],
    ['x//y/z', 'x/y'],
  ]) {
    test(`two in one place: ${titles.join(', ')}`, async (t) => {
      const { manifest, pull, folder } = await startArtifacts(t);
      manifest(titles.map((title, at) => file(title, String(at))));
      await fails(pull(), 'CONFLICT', /two files of the artifact have the same path:/);
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  test('hundreds of files', async (t) => {
    const { manifest, pull, folder } = await startArtifacts(t);
    manifest(Array.from({ length: 300 }, (_, at) => file(`d/${at}`, `${at}`)));
    assert.equal((await pull()).files.length, 300);
    assert.equal(readdirSync(join(folder, 'd')).length, 300);
  });
});

test('nothing is written through a link in the output folder', async (t) => {
  const { manifest, pull, folder } = await startArtifacts(t);
  mkdirSync(join(folder, 'elsewhere'));
  mkdirSync(join(folder, 'out'));
  symlinkSync('../elsewhere', join(folder, 'out/link'));
  for (const layer of [file('link/evil'), folderLayer('link', [{ path: 'link/evil' }])]) {
    manifest([layer]);
    await fails(pull({ output: join(folder, 'out') }), 'CONFLICT', /out\/link: expected a folder/);
  }
  manifest([file('link', 'mine')]);
  await pull({ output: join(folder, 'out') });
  assert.ok(lstatSync(join(folder, 'out/link')).isFile(), 'a link in the place of a file is replaced');
  assert.deepEqual(readdirSync(join(folder, 'elsewhere')), []);
});

test('two folders of an artifact, one in the other, make no link that leads out', async (t) => {
  const inner = folderLayer('dir/a', [
    { path: 'dir/a/1/2/3/', type: 'directory' },
    { path: 'dir/a/1/2/3/9', type: 'symlink', linkTarget: '../../..' },
  ]);
  const outer = folderLayer('dir', [{ path: 'dir/l', type: 'symlink', linkTarget: 'a/1/2/3/9/../../../x' }]);
  for (const layers of [
    [inner, outer],
    [outer, inner],
  ]) {
    const { manifest, pull, folder } = await startArtifacts(t);
    manifest(layers);
    await fails(pull(), 'BAD_ARCHIVE', /"l" is a symlink out of the folder/);
    assert.equal(lstatSync(join(folder, 'dir/l'), { throwIfNoEntry: false }), undefined);
  }
});

describe('archives of folders', () => {
  const zeros = Buffer.alloc(80 * 2 ** 20);
  const cases: readonly (readonly [string, FakeLayer, Parameters<typeof fails>[1], RegExp])[] = [
    ['a path above', folderLayer('d', [{ path: 'd/../../evil' }]), 'BAD_ARCHIVE', /\.\. component/],
    [
      'a link out',
      folderLayer('d', [{ path: 'd/l', type: 'symlink', linkTarget: '/' }]),
      'BAD_ARCHIVE',
      /symlink out of the folder/,
    ],
    ['another folder', folderLayer('d', [{ path: 'e/evil' }]), 'BAD_ARCHIVE', /not below d/],
    [
      'a bomb',
      { ...folderLayer('d', []), bytes: zstdCompressSync(tarOf([{ path: 'd/zeros', content: zeros }])) },
      'LIMIT',
      /at most 2000 bytes for each compressed one/,
    ],
    ['nothing', { bytes: Buffer.alloc(0), title: 'd', annotations: UNPACK }, 'UNSUPPORTED', /expected a tar/],
    ['no archive', { bytes: noise(5000), title: 'd', annotations: UNPACK }, 'UNSUPPORTED', /expected a tar/],
    [
      'a cut one',
      { ...folderLayer('d', []), bytes: gzipSync(noise(50_000)).subarray(0, 900) },
      'BAD_ARCHIVE',
      /./,
    ],
    [
      'rubbish behind it',
      { ...folderLayer('d', []), bytes: Buffer.concat([gzipSync(tarOf([{ path: 'd/a' }])), noise(100)]) },
      'BAD_ARCHIVE',
      /./,
    ],
    [
      'another tar than it says',
      {
        ...folderLayer('d', [{ path: 'd/a' }]),
        annotations: { ...UNPACK, 'io.deis.oras.content.digest': digestOf('another') },
      },
      'INTEGRITY',
      /expected the tar sha256:/,
    ],
  ];
  for (const [what, layer, code, message] of cases) {
    test(`${what}: nothing is left`, async (t) => {
      const { manifest, pull, folder } = await startArtifacts(t);
      manifest([layer]);
      await fails(pull(), code, message);
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  test('plain and zstd ones are read too', async (t) => {
    const { manifest, pull, folder } = await startArtifacts(t);
    const tar = (name: string) => tarOf([{ path: `${name}/f`, content: Buffer.from(name) }]);
    manifest([
      { bytes: tar('plain'), title: 'plain', annotations: UNPACK },
      {
        bytes: zstdCompressSync(tar('zstd')),
        title: 'zstd',
        mediaType: MEDIA_TYPES.layerZstd,
        annotations: UNPACK,
      },
    ]);
    await pull();
    for (const name of ['plain', 'zstd']) assert.equal(readFileSync(join(folder, name, 'f'), 'utf8'), name);
    assert.equal(
      (await pull({ titles: ['zstd'], unpack: false })).files[0]?.path,
      join(folder, 'zstd.tar.zst'),
    );
  });
});

describe('what the registry says', () => {
  test('other bytes than the digest’s are never saved', async (t) => {
    const { manifest, pull, fetch, name, folder, registry } = await startArtifacts(t);
    const right = noise(300_000);
    manifest([{ bytes: right, title: 'f' }, folderLayer('d', [{ path: 'd/f', content: right }])]);
    for (const [key, bytes] of registry.blobs) {
      registry.blobs.set(key, Buffer.concat([bytes.subarray(0, -1), Buffer.from('!')]));
    }
    await fails(fetch(`${name}:1/f`), 'INTEGRITY', /wrong content of a blob/);
    await fails(pull({ titles: ['d'] }), 'INTEGRITY', /wrong content of a blob|expected the tar/);
    assert.deepEqual(readdirSync(folder), []);
  });

  test('another size than the manifest’s is refused', async (t) => {
    const { manifest, fetch, name, folder } = await startArtifacts(t);
    const bytes = Buffer.from('short');
    manifest([{ bytes, size: 4, title: 'f' }]);
    await fails(fetch(`${name}:1/f`), 'INTEGRITY', /wrong size/);
    assert.deepEqual(readdirSync(folder), []);
  });

  test('a manifest that is too large, none, or of something else', async (t) => {
    const { manifest, pull, registry, folder } = await startArtifacts(t);
    manifest([{ ...file('f'), annotations: { big: 'x'.repeat(5 * 2 ** 20) } }]);
    await fails(pull(), 'LIMIT', /larger than allowed|limit/);
    const say = (mediaType: string, text: string) =>
      registry.manifests.set('dist/hello 1', { mediaType, bytes: Buffer.from(text) });
    say(MEDIA_TYPES.manifest, '{"schemaVersion":2,"config":{},"layers":[]}');
    await fails(pull(), 'BAD_ARCHIVE', /config/);
    say(MEDIA_TYPES.manifest, '[]');
    await fails(pull(), 'UNSUPPORTED', /expected an object, got/);
    say('text/html', '<html>');
    await fails(pull(), 'UNSUPPORTED', /expected/);
    manifest([]);
    await fails(pull(), 'NOT_FOUND', /it holds: no named file/);
    manifest([{ bytes: Buffer.from('x') }]);
    await fails(pull(), 'NOT_FOUND', /it holds: no named file/);
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('a bad line', () => {
  const bytes = noise(900_000);
  const blob = { digest: digestOf(bytes), size: bytes.length };

  async function behindProxy(t: Parameters<typeof startArtifacts>[0]) {
    const { registry, blob: put } = await startArtifacts(t);
    put(bytes);
    const proxy = await startFaultProxy(registry.url);
    t.after(() => proxy.close());
    const folder = tempDir(t);
    const save = (retries: number) =>
      saveBlob(quickSession(t, { retries, timeoutMs: 1000 }), parseRepository(`${proxy.host}/dist/hello`), {
        blob,
        path: join(folder, 'f'),
        progress: silentProgress,
        keepOldFiles: false,
      });
    const part = join(folder, `.f.${hexOf(blob.digest).slice(0, 12)}.part`);
    return { proxy, folder, save, part };
  }

  test('cuts, errors and damage on the way: in the end it is there, and right', async (t) => {
    const { proxy, folder, save } = await behindProxy(t);
    const path = /blobs/;
    proxy.rules.push(
      { path, nth: 1, fault: { cutReplyAfterBytes: 300_000 } },
      { path, nth: 2, fault: { status: 503 } },
      { path, nth: 3, fault: { truncateReplyTo: 100_000, contentLength: 'truncated' } },
      { path, nth: 4, fault: { status: 429, replyHeaders: { 'retry-after': '0' } } },
      { path, nth: 5, fault: { corruptReplyByte: 10 } },
    );
    await save(6);
    assert.deepEqual(readFileSync(join(folder, 'f')), bytes);
    assert.deepEqual(readdirSync(folder), ['f']);
  });

  test('a line that dies leaves what came; the next fetch goes on there', async (t) => {
    const { proxy, folder, save, part } = await behindProxy(t);
    proxy.rules.push(
      { path: /blobs/, nth: 1, fault: { cutReplyAfterBytes: 400_000 } },
      { path: /blobs/, fault: { status: 503 } },
    );
    await fails(save(0), 'NETWORK', /503|cut|closed/);
    const kept = readFileSync(part);
    assert.ok(kept.length > 0 && kept.equals(bytes.subarray(0, kept.length)), `${kept.length} bytes`);
    assert.deepEqual(readdirSync(folder), [`.f.${hexOf(blob.digest).slice(0, 12)}.part`]);
    proxy.rules.length = 0;
    assert.equal((await save(0)).resumedBytes, kept.length);
    assert.deepEqual(readFileSync(join(folder, 'f')), bytes);
  });

  test('always the wrong bytes: refused, what was there before stays, nothing else does', async (t) => {
    const { proxy, folder, save } = await behindProxy(t);
    writeFileSync(join(folder, 'f'), 'old');
    proxy.rules.push({ path: /blobs/, fault: { corruptReplyByte: 500_000 } });
    await fails(save(2), 'INTEGRITY', /wrong content of a blob/);
    assert.equal(readFileSync(join(folder, 'f'), 'utf8'), 'old');
    assert.deepEqual(readdirSync(folder), ['f']);
  });
});
