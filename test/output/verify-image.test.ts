import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAppError } from '../../src/model/app-error.ts';
import { digestOf } from '../../src/model/digest.ts';
import { blobPath, type Image } from '../../src/output/image.ts';
import { parseObject } from '../../src/output/image-json.ts';
import { writeImageTar } from '../../src/output/image-tar.ts';
import { writeOciDirectory } from '../../src/output/oci-dir.ts';
import { openImage } from '../../src/output/open-image.ts';
import { podmanEnv } from '../fixtures/engine.ts';
import { sharedData } from '../fixtures/shared.ts';
import { END_OF_ARCHIVE, type FixtureFile, tarEntries } from '../fixtures/tar.ts';
import { tempDir } from '../fixtures/temp.ts';
import { makeImage, type TestImageOptions, type TestLayer } from './images.ts';
import { type VerifiedImage, verifyImage } from './verify-image.ts';

type Hooks = Parameters<typeof tempDir>[0];

const LOWER: readonly FixtureFile[] = [
  { path: 'bin/' },
  { path: 'bin/busybox', mode: 0o4755, content: 'elf' },
  { path: 'bin/sh', mode: 0o4755, type: 'hardlink', linkTarget: 'bin/busybox' },
  { path: 'etc/' },
  { path: 'etc/gone', content: 'x' },
  { path: 'etc/kept', content: 'kept', uid: 12, gid: 34, mode: 0o640 },
  { path: 'lib', linkTarget: 'usr/lib' },
  { path: 'usr/lib/' },
  { path: 'usr/lib/a.so', content: Buffer.alloc(100_000, 1) },
  { path: 'tmp/', mode: 0o1777 },
  { path: 'var/cache/' },
  { path: 'var/cache/old', content: 'old' },
  { path: '.PKGINFO', content: 'pkgname = lower' },
];
const UPPER: readonly FixtureFile[] = [
  { path: '.wh..PKGINFO' },
  { path: 'etc/' },
  { path: 'etc/.wh.gone' },
  { path: 'tmp/file', content: 'no parent named' },
  { path: 'lib/x', content: 'hides the link' },
  { path: 'var/' },
  { path: 'var/cache/', mode: 0o700 },
  { path: 'var/cache/.wh..wh..opq' },
  { path: 'var/cache/new', content: 'new' },
];
const LAYERS: readonly TestLayer[] = [
  { tar: LOWER, encoding: 'gzip' },
  { tar: UPPER, encoding: 'none' },
  { tar: [{ path: 'opt/zstd', content: 'z' }], encoding: 'zstd' },
];

async function writeTar(t: Hooks, image: Image): Promise<string> {
  const path = join(tempDir(t), 'out.tar');
  await writeImageTar(image, path);
  return path;
}

/** `path type mode uid:gid size sha256-or-target` of every file. */
function describe(image: VerifiedImage): readonly string[] {
  return [...image.rootfs].map(([path, entry]) =>
    [
      path,
      entry.type,
      entry.mode.toString(8),
      `${entry.uid}:${entry.gid}`,
      entry.sizeBytes,
      entry.sha256 || entry.linkTarget,
    ]
      .join(' ')
      .trim(),
  );
}

/** The same of an unpacked folder. */
function describeFolder(root: string, below = ''): readonly string[] {
  return readdirSync(join(root, below))
    .sort()
    .flatMap((name) => {
      const path = below === '' ? name : `${below}/${name}`;
      const stat = lstatSync(join(root, path));
      const type = stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : 'file';
      const content =
        type === 'file'
          ? createHash('sha256')
              .update(readFileSync(join(root, path)))
              .digest('hex')
          : type === 'symlink'
            ? readlinkSync(join(root, path))
            : '';
      const line = [
        path,
        type,
        (stat.mode & 0o7777).toString(8),
        `${stat.uid}:${stat.gid}`,
        type === 'file' ? stat.size : 0,
        content,
      ]
        .join(' ')
        .trim();
      return [line, ...(type === 'directory' ? describeFolder(root, path) : [])];
    });
}

test('a sound image, as tar and as folder: names, digests, layers, root file system', async (t) => {
  const image = makeImage(tempDir(t), LAYERS, {
    tags: ['a', 'registry.example/b:1'],
    annotations: { x: 'y' },
  });
  const folder = join(tempDir(t), 'layout');
  await writeOciDirectory(image, folder);
  const fromTar = await verifyImage(await writeTar(t, image));
  const fromFolder = await verifyImage(folder);
  assert.deepEqual({ ...fromTar, kind: '' }, { ...fromFolder, kind: '' });
  assert.deepEqual([fromTar.kind, fromFolder.kind], ['tar', 'oci-dir']);
  assert.deepEqual(fromTar.tags, ['docker.io/library/a:latest', 'registry.example/b:1']);
  assert.equal(fromTar.manifestDigest, image.manifestDigest);
  assert.equal(fromTar.configDigest, image.config.digest);
  assert.deepEqual(
    fromTar.layers.map((layer) => [layer.digest, layer.sizeBytes, layer.entries]),
    image.layers.map((layer, at) => [layer.digest, layer.sizeBytes, [13, 9, 1][at]]),
  );
  assert.deepEqual(fromTar.manifest.annotations, { x: 'y' });
  const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
  assert.deepEqual(describe(fromTar), [
    'bin directory 755 0:0 0',
    `bin/busybox file 4755 0:0 3 ${sha256('elf')}`,
    `bin/sh file 4755 0:0 3 ${sha256('elf')}`,
    'etc directory 755 0:0 0',
    `etc/kept file 640 12:34 4 ${sha256('kept')}`,
    'lib directory 755 0:0 0',
    `lib/x file 644 0:0 14 ${sha256('hides the link')}`,
    'opt directory 755 0:0 0',
    `opt/zstd file 644 0:0 1 ${sha256('z')}`,
    'tmp directory 755 0:0 0',
    `tmp/file file 644 0:0 15 ${sha256('no parent named')}`,
    'usr directory 755 0:0 0',
    'usr/lib directory 755 0:0 0',
    `usr/lib/a.so file 644 0:0 100000 ${sha256(Buffer.alloc(100_000, 1))}`,
    'var directory 755 0:0 0',
    'var/cache directory 700 0:0 0',
    `var/cache/new file 644 0:0 3 ${sha256('new')}`,
  ]);
});

test('the flattened root is what podman mounts', async (t) => {
  const podman = await podmanEnv(t);
  if (podman === undefined) return t.skip('skipped: no podman');
  const path = await writeTar(t, makeImage(tempDir(t), LAYERS));
  podman.run(['load', '-q', '-i', path]);
  const root = podman.run(['image', 'mount', 'pkgcompose/test']).trim();
  assert.deepEqual(describeFolder(root), describe(await verifyImage(path)));
  podman.run(['image', 'unmount', 'pkgcompose/test']);
});

test('real Alpine packages, unmodified, one layer each: the root is what podman mounts', async (t) => {
  const folder = sharedData('data/alpine/v3.19-iso/x86_64');
  if (folder === undefined) return t.skip('skipped: data/alpine/v3.19-iso of the shared data is not here');
  const podman = await podmanEnv(t);
  if (podman === undefined) return t.skip('skipped: no podman');
  const archives = readdirSync(folder).filter((name) =>
    /^(alpine-baselayout|apk-tools|busybox|e2fsprogs|musl|openrc|openssl|ssl_client|tzdata|zlib)-.*\.apk$/.test(
      name,
    ),
  );
  assert.ok(archives.length >= 10);
  const layers = archives.map((name) => ({ blob: readFileSync(join(folder, name)) }));
  const path = await writeTar(t, makeImage(tempDir(t), layers));
  podman.run(['load', '-q', '-i', path]);
  const root = podman.run(['image', 'mount', 'pkgcompose/test']).trim();
  const image = await verifyImage(path);
  assert.ok(image.rootfs.size > 500);
  assert.deepEqual(describeFolder(root), describe(image));
  podman.run(['image', 'unmount', 'pkgcompose/test']);
});

test('the files are what umoci and skopeo read', async (t) => {
  const missing = ['umoci', 'skopeo'].find((program) => spawnSync(program, ['--version']).status !== 0);
  if (missing !== undefined || process.getuid?.() !== 0) return t.skip(`skipped: no ${missing ?? 'root'}`);
  const image = makeImage(tempDir(t), [{ tar: LOWER }], { tags: ['pkgcompose/test:1'] });
  const folder = tempDir(t);
  const layout = join(folder, 'layout');
  await writeOciDirectory(image, layout);
  const path = await writeTar(t, image);
  const run = (program: string, ...args: readonly string[]) => {
    const { status, stderr, stdout } = spawnSync(program, args, { encoding: 'utf8' });
    assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  run('umoci', 'unpack', '--image', `${layout}:pkgcompose/test:1`, join(folder, 'bundle'));
  assert.deepEqual(describeFolder(join(folder, 'bundle', 'rootfs')), describe(await verifyImage(path)));
  for (const source of [
    `docker-archive:${path}`,
    `oci-archive:${path}`,
    `oci:${layout}`,
    `oci:${layout}:pkgcompose/test:1`,
    `oci-archive:${path}:pkgcompose/test:1`,
    `docker-archive:${path}:pkgcompose/test:1`,
  ]) {
    const config = run('skopeo', 'inspect', '--config', '--raw', source);
    assert.equal(digestOf(config), image.config.digest, source);
  }
});

test('an apk with an end of archive in an earlier member is found out', async (t) => {
  const early = Buffer.concat([
    tarEntries([{ path: 'a' }]),
    END_OF_ARCHIVE,
    tarEntries([{ path: 'b' }]),
    END_OF_ARCHIVE,
  ]);
  const stray = Buffer.concat([
    tarEntries([{ path: 'a' }]),
    Buffer.alloc(512),
    tarEntries([{ path: 'b' }]),
    END_OF_ARCHIVE,
  ]);
  for (const tar of [early, stray]) {
    await assert.rejects(verifyImage(await writeTar(t, makeImage(tempDir(t), [{ tar }]))), (error) => {
      assert.ok(isAppError(error, 'INTEGRITY'));
      assert.match(error.message, /layer 0 .*at which engines stop reading/);
      return true;
    });
  }
});

test('history is optional: one of any length, or none, is no reason to refuse an image', async (t) => {
  const step = { created_by: 'test' };
  for (const history of [
    undefined,
    null,
    [],
    [step],
    [{ ...step, empty_layer: true }],
    Array(9).fill(step),
    'odd',
  ]) {
    const path = await writeTar(t, makeImage(tempDir(t), LAYERS, { config: { history } }));
    assert.equal((await verifyImage(path)).layers.length, LAYERS.length, JSON.stringify(history));
  }
});

for (const [what, options, code, message] of [
  [
    'a wrong diffID',
    { diffIds: [digestOf('x'), digestOf('y'), digestOf('z')] },
    'INTEGRITY',
    /diffID of layer 0 .*: expected sha256:2d71/,
  ],
  [
    'too few diffIDs',
    { diffIds: [digestOf('x')] },
    'INTEGRITY',
    /number of diffIDs in the config: expected 3, got 1/,
  ],
  ['no rootfs', { config: { rootfs: undefined } }, 'BAD_ARCHIVE', /config: rootfs: expected an object/],
  [
    'a gzip layer called zstd',
    { mediaTypes: ['application/vnd.oci.image.layer.v1.tar+zstd'] },
    'BAD_ARCHIVE',
    /layer 0/,
  ],
  [
    'a gzip layer called plain tar',
    { mediaTypes: ['application/vnd.oci.image.layer.v1.tar'] },
    'BAD_ARCHIVE',
    /layer 0/,
  ],
  ['an unknown media type', { mediaTypes: ['text/html'] }, 'UNSUPPORTED', /layer 0 .*media type text\/html/],
] as const satisfies readonly (readonly [string, TestImageOptions, string, RegExp])[]) {
  test(`${what}: ${code}`, async (t) => {
    const path = await writeTar(t, makeImage(tempDir(t), LAYERS, options));
    await assert.rejects(verifyImage(path), (error) => {
      assert.ok(isAppError(error, code), String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

for (const [what, damage, message] of [
  [
    'flipped layer byte',
    (layout: string, image: Image) => {
      const path = join(layout, blobPath(image.layers[0]?.digest ?? image.manifestDigest));
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      unlinkSync(path);
      writeFileSync(path, bytes);
    },
    /digest of layer 0/,
  ],
  [
    'longer layer',
    (layout: string, image: Image) =>
      grow(join(layout, blobPath(image.layers[1]?.digest ?? image.manifestDigest))),
    /size of layer 1 .*expected \d+, got \d+/,
  ],
  [
    'missing layer',
    (layout: string, image: Image) =>
      unlinkSync(join(layout, blobPath(image.layers[2]?.digest ?? image.manifestDigest))),
    /layer 2 .*not found/,
  ],
  [
    'changed config',
    (layout: string, image: Image) => replace(join(layout, blobPath(image.config.digest)), /amd64/, 'arm64'),
    /digest of blob: expected/,
  ],
  [
    'changed manifest',
    (layout: string, image: Image) => grow(join(layout, blobPath(image.manifestDigest))),
    /size of blob/,
  ],
] as const) {
  test(`${what}: INTEGRITY`, async (t) => {
    const layout = join(tempDir(t), 'layout');
    const image = makeImage(tempDir(t), LAYERS);
    await writeOciDirectory(image, layout);
    damage(layout, image);
    await assert.rejects(verifyImage(layout), (error) => {
      assert.ok(isAppError(error, 'INTEGRITY'), String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

function grow(path: string): void {
  chmodSync(path, 0o644);
  appendFileSync(path, ' ');
}

function replace(path: string, pattern: RegExp, by: string): void {
  chmodSync(path, 0o644);
  writeFileSync(path, readFileSync(path, 'utf8').replace(pattern, by));
}

for (const [what, damage] of [
  ['another image in manifest.json', (bytes: Buffer) => bytes.write('0', bytes.indexOf('"Config":"') + 40)],
  ['another name in manifest.json', (bytes: Buffer) => bytes.write('x', bytes.indexOf('"RepoTags":["') + 14)],
] as const) {
  test(`${what}: INTEGRITY`, async (t) => {
    const path = await writeTar(t, makeImage(tempDir(t), LAYERS));
    const bytes = readFileSync(path);
    damage(bytes);
    writeFileSync(path, bytes);
    await assert.rejects(
      verifyImage(path),
      (error) => isAppError(error, 'INTEGRITY') && /manifest\.json/.test(error.message),
    );
  });
}

test('cut, empty, foreign and missing files are refused', async (t) => {
  const path = await writeTar(t, makeImage(tempDir(t), LAYERS));
  const { length } = readFileSync(path);
  for (const bytes of [length - 512, length - 1024, length - 3000, 700, 512, 100]) {
    truncateSync(path, bytes);
    await assert.rejects(verifyImage(path), (error) => isAppError(error, 'BAD_ARCHIVE'), String(bytes));
  }
  const folder = tempDir(t);
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'text'), 'hello '.repeat(200));
  writeFileSync(join(folder, 'tar'), Buffer.concat([tarEntries([{ path: 'a' }]), END_OF_ARCHIVE]));
  for (const name of ['empty', 'text', 'tar', '.']) {
    await assert.rejects(verifyImage(join(folder, name)), (error) => isAppError(error, 'BAD_ARCHIVE'), name);
  }
  await assert.rejects(verifyImage(join(folder, 'none')), (error) => isAppError(error, 'NOT_FOUND'));
});

test('an image that is a pipe is refused, not waited for', async (t) => {
  const pipe = join(tempDir(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  await assert.rejects(
    verifyImage(pipe),
    (error) => isAppError(error, 'BAD_ARCHIVE') && /expected a file or a folder/.test(error.message),
  );
});

test('hostile layers and documents end in an error, and nothing is written', async (t) => {
  const hostile: readonly (readonly FixtureFile[])[] = [
    [{ path: '../evil' }],
    [{ path: '/etc/evil' }],
    [{ path: 'a/../../evil' }],
    [{ path: 'x', type: 'hardlink', linkTarget: '../../etc/passwd' }],
    [{ path: 'x', type: 'hardlink', linkTarget: 'etc/passwd' }],
  ];
  for (const tar of hostile) {
    await assert.rejects(
      verifyImage(await writeTar(t, makeImage(tempDir(t), [{ tar }]))),
      (error) => isAppError(error, 'BAD_ARCHIVE') && /layer 0/.test(error.message),
    );
  }
  const documents = [
    '',
    'null',
    '[]',
    '{}',
    '{"schemaVersion":2,"manifests":[null]}',
    '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../../../../etc/passwd","size":1}]}',
    `{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"${digestOf('')}","size":-1}]}`,
    '['.repeat(1_500_000),
    '{"a":'.repeat(300_000),
  ];
  for (const document of documents) {
    const folder = tempDir(t);
    mkdirSync(join(folder, 'blobs'));
    writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(folder, 'index.json'), document);
    await assert.rejects(
      verifyImage(folder),
      (error) => isAppError(error, document.length > 1000 ? 'LIMIT' : 'BAD_ARCHIVE'),
      document.slice(0, 80),
    );
    assert.deepEqual(readdirSync(folder).sort(), ['blobs', 'index.json', 'oci-layout']);
  }
});

/** Entries beside those of a sound image's tar, in front or behind. */
async function tarWith(t: Hooks, files: readonly FixtureFile[], where: 'before' | 'after'): Promise<string> {
  const path = await writeTar(t, makeImage(tempDir(t), LAYERS));
  const own = readFileSync(path);
  let end = own.length;
  while (end >= 512 && own.subarray(end - 512, end).every((byte) => byte === 0)) end -= 512;
  const [entries, added] = [own.subarray(0, end), tarEntries(files)];
  const order = where === 'before' ? [added, entries] : [entries, added];
  writeFileSync(path, Buffer.concat([...order, END_OF_ARCHIVE]));
  return path;
}

test('an image tar has one entry of a name, and only files and folders', async (t) => {
  const link = { type: 'hardlink', linkTarget: 'evil/manifest.json' } as const;
  const evil: FixtureFile = { path: 'evil/manifest.json', content: '[]' };
  const refused: readonly (readonly FixtureFile[])[] = [
    [evil, { path: 'manifest.json', ...link }],
    [evil, { path: './/manifest.json', ...link }],
    [{ path: 'manifest.json', content: '[]' }],
    [{ path: './index.json', content: '{}' }],
    [{ path: 'blobs//sha256/', type: 'file', content: 'x' }],
    [{ path: 'Manifest.json', content: '[]' }],
    [{ path: 'manifest.json', linkTarget: 'evil/manifest.json' }],
    [{ path: 'manifest.json/' }],
    [{ path: 'manifest.json', type: 'fifo' }],
    [{ path: 'oci-layout/x', content: 'x' }],
    [evil, { path: 'other', ...link }],
    [{ path: 'other', linkTarget: 'index.json' }],
    [{ path: 'a/layer.tar', linkTarget: '../../etc/passwd' }],
    [{ path: 'a/layer.tar', linkTarget: '../b/layer.tar' }],
    [{ path: 'null', type: 'character', deviceMajor: 1, deviceMinor: 3 }],
    [{ path: 'disk', type: 'block' }],
    [{ path: 'pipe', type: 'fifo' }],
  ];
  for (const files of refused) {
    for (const where of ['before', 'after'] as const) {
      await assert.rejects(
        verifyImage(await tarWith(t, files, where)),
        (error) => isAppError(error, 'BAD_ARCHIVE'),
        `${where} ${JSON.stringify(files)}`,
      );
    }
  }
});

test('files that neither the layout nor a manifest names are told', async (t) => {
  const path = await tarWith(
    t,
    [
      { path: 'repositories', content: '{}' },
      { path: 'x/y', content: '' },
    ],
    'after',
  );
  assert.deepEqual(await (await openImage(path)).unlistedFiles(), ['repositories', 'x/y']);
  const layout = join(tempDir(t), 'layout');
  await writeOciDirectory(makeImage(tempDir(t), LAYERS), layout);
  assert.deepEqual(await (await openImage(layout)).unlistedFiles(), []);
  writeFileSync(join(layout, 'notes'), '');
  writeFileSync(join(layout, 'blobs/sha256', 'f'.repeat(64)), '');
  symlinkSync('/etc/passwd', join(layout, 'link'));
  execFileSync('mkfifo', [join(layout, 'blobs/pipe')]);
  assert.deepEqual(await (await openImage(layout)).unlistedFiles(), [
    'blobs/pipe (not a file)',
    `blobs/sha256/${'f'.repeat(64)}`,
    'link (a symlink)',
    'notes',
  ]);
});

test('index.json without oci-layout beside manifest.json is refused', async (t) => {
  const path = await writeTar(t, makeImage(tempDir(t), LAYERS));
  const bytes = readFileSync(path);
  const at = bytes.indexOf('oci-layout\0');
  writeFileSync(path, retitled(bytes, { at, name: 'oci-lay0ut' }));
  await assert.rejects(verifyImage(path), (error) => isAppError(error, 'BAD_ARCHIVE'));
});

test('a tar with the image list of Docker 1.9 in place of manifest.json is refused', async (t) => {
  const path = await tarWith(t, [{ path: 'repositories', content: '{}' }], 'after');
  await verifyImage(path);
  const bytes = readFileSync(path);
  writeFileSync(path, retitled(bytes, { at: bytes.indexOf('manifest.json\0'), name: 'manifest.txt\0' }));
  await assert.rejects(
    verifyImage(path),
    (error) => isAppError(error, 'BAD_ARCHIVE') && /repositories without manifest\.json/.test(error.message),
  );
});

/** A tar whose header at `at` has another name, of the same length. */
function retitled(bytes: Buffer, { at, name }: { readonly at: number; readonly name: string }): Buffer {
  const header = Buffer.from(bytes.subarray(at, at + 512));
  header.write(name, 'latin1');
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  header.copy(bytes, at);
  return bytes;
}

test('documents that clients read in different ways are refused', () => {
  const read = (text: string) => parseObject(Buffer.from(text), 'x');
  for (const text of [
    '{"layers":[],"layers":[]}',
    '{"layers":[],"Layers":[]}',
    '{"config":{"Env":[]},"config" :{"Cmd":[]}}',
    '{"config":{"Entrypoint":[],"entrypoint":[]}}',
    '{"a":[{"platform":{},"PLATFORM":{}}]}',
    '{"Labels":{"a":"1","a":"2"}}',
    '{"a":1,"\\u0061":2}',
  ]) {
    assert.throws(
      () => read(text),
      (error) => isAppError(error, 'BAD_ARCHIVE'),
      text,
    );
  }
  for (const text of [
    '{"Labels":{"a":"1","A":"2"},"annotations":{"a":"","A":""}}',
    '{"a":"\\"b\\": {","b":["c:",":"], "d" : "\\\\"}',
    '{"__proto__":{"a":1},"a":{}}',
    '{}',
  ]) {
    assert.deepEqual(read(text), JSON.parse(text));
  }
});

test('200,000 files in one folder', async (t) => {
  const tar = Array.from({ length: 200_000 }, (_, at): FixtureFile => ({ path: `all/${at}` }));
  const path = await writeTar(t, makeImage(tempDir(t), [{ tar }]));
  assert.equal((await verifyImage(path)).rootfs.size, 200_001);
});

test('of several images the one that is asked for', async (t) => {
  const layout = join(tempDir(t), 'layout');
  const one = makeImage(tempDir(t), [{ tar: [{ path: 'one' }] }], { tags: ['one'] });
  const two = makeImage(tempDir(t), [{ tar: [{ path: 'two' }] }], { tags: ['two'] });
  await writeOciDirectory(one, layout);
  await writeOciDirectory(two, layout);
  await assert.rejects(
    verifyImage(layout),
    (error) => isAppError(error, 'USAGE') && /more than one image; it holds: .*one.*two/.test(error.message),
  );
  await assert.rejects(verifyImage(layout, { ref: 'three' }), /no such image three/);
  for (const ref of ['two:latest', 'docker.io/library/two:latest', two.manifestDigest]) {
    assert.deepEqual([...(await verifyImage(layout, { ref })).rootfs.keys()], ['two']);
  }
});
