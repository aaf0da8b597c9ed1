import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decompress } from '../../src/archive/decompress.ts';
import { TarScanner } from '../../src/archive/tar-reader.ts';
import { alpine } from '../../src/distros/alpine/distro.ts';
import { fileLists } from '../../src/distros/arch/database.ts';
import { arch } from '../../src/distros/arch/distro.ts';
import { mtreePaths } from '../../src/distros/arch/mtree.ts';
import type { Compression } from '../../src/model/archive.ts';
import { unpackFolder } from '../../src/output/unpack-folder.ts';
import { UNTRUSTED } from '../distros/alpine/installed.ts';
import { makeApk, makeApkIndex, makeApkMembers, makeFixtureKey } from '../fixtures/apk.ts';
import { compressBytes, makeArchDb, makeArchPackage, makeMtree } from '../fixtures/arch.ts';
import { END_OF_ARCHIVE, extendedHeader, type FixtureFile, tarEntries } from '../fixtures/tar.ts';
import { wholeIndex } from '../fixtures/whole-index.ts';
import { verifyImage } from '../output/verify-image.ts';
import { chunksOf, type FuzzedReader, withTarSums } from './reader.ts';

const FILES: readonly FixtureFile[] = [
  { path: 'etc/', mode: 0o755 },
  { path: 'etc/a', content: 'hello\n', uname: 'me', xattrs: { 'user.x': 'AQ==' } },
  { path: 'etc/l', linkTarget: 'a' },
  { path: 'etc/h', type: 'hardlink', linkTarget: 'etc/a' },
  { path: `etc/${'n'.repeat(120)}`, content: '', mtime: 1.5 },
  { path: 'dev/null', type: 'character', deviceMajor: 1, deviceMinor: 3 },
];
const SPEC = { name: 'a', version: '1-r0', files: FILES, depends: ['b>1'], provides: ['c=1'] };
const ARCH_SPEC = { name: 'a', version: '1-1', files: FILES, depends: ['b>1'], backup: ['etc/a'] };
const TAR = Buffer.concat([
  extendedHeader('g', { comment: 'x' }),
  extendedHeader('L', 'long/name'),
  tarEntries(FILES),
  END_OF_ARCHIVE,
]);
const APK_SPEC = { ...SPEC, key: makeFixtureKey('k.rsa.pub'), scripts: { 'post-install': '#!/bin/sh\n' } };
const APK = makeApk(APK_SPEC);
const MEMBERS = makeApkMembers(APK_SPEC);
const INDEX = makeApkIndex([{ spec: SPEC, bytes: APK }], { key: makeFixtureKey('k.rsa.pub') });
const PACKAGE = makeArchPackage(ARCH_SPEC, 'none');
const DATABASE = makeArchDb([{ spec: ARCH_SPEC, bytes: PACKAGE }]);

const readApk = (bytes: Buffer): unknown =>
  alpine.archives.read({ chunks: chunksOf(bytes), policy: UNTRUSTED, where: 'fuzz.apk' });
const readPackage = (bytes: Buffer): unknown =>
  arch.archives.read({ chunks: chunksOf(bytes), policy: UNTRUSTED, where: 'fuzz.pkg.tar' });

async function drained(bytes: Buffer, compression: Compression): Promise<void> {
  for await (const _ of decompress(chunksOf(bytes), compression, { maxUncompressedBytes: 1 << 26 }).chunks) {
    // Nothing is kept.
  }
}

const codec = (compression: 'gzip' | 'zstd' | 'xz'): FuzzedReader => ({
  name: compression,
  samples: [compressBytes(TAR, compression), compressBytes(Buffer.alloc(5000), compression)],
  read: (bytes) => drained(bytes, compression),
});

/** A folder of its own for readers that want files, gone afterwards. */
async function inFolder(work: (folder: string) => unknown): Promise<void> {
  const folder = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'pkgcompose-fuzz-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Documents {
  readonly layer: Buffer;
  readonly config: Buffer;
  readonly manifest: Buffer;
  readonly index: Buffer;
  readonly docker: Buffer;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const descriptor = (bytes: Uint8Array, mediaType: string) => ({
  mediaType,
  digest: `sha256:${sha256(bytes)}`,
  size: bytes.length,
});
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function documents(): Documents {
  const tar = Buffer.concat([tarEntries(FILES.slice(0, 4)), END_OF_ARCHIVE]);
  const layer = gzipSync(tar);
  const config = json({
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['A=b'], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(tar)}`] },
    history: [{ created_by: 'x' }],
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [descriptor(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')],
  });
  const platform = { os: 'linux', architecture: 'amd64' };
  const index = json({
    schemaVersion: 2,
    manifests: [{ ...descriptor(manifest, 'application/vnd.oci.image.manifest.v1+json'), platform }],
  });
  const name = (bytes: Buffer): string => `blobs/sha256/${sha256(bytes)}`;
  const docker = json([{ Config: name(config), RepoTags: [], Layers: [name(layer)] }]);
  return { layer, config, manifest, index, docker };
}

function imageFiles({ layer, config, manifest, index, docker }: Documents): readonly FixtureFile[] {
  const blobs = [layer, config, manifest].map((content) => ({
    path: `blobs/sha256/${sha256(content)}`,
    content,
  }));
  return [
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', content: index },
    { path: 'manifest.json', content: docker },
    ...blobs,
  ];
}

const IMAGE = documents();
const IMAGE_TAR = Buffer.concat([tarEntries(imageFiles(IMAGE)), END_OF_ARCHIVE]);

/** A layout in which one document is the input, under the digest that it then has. */
const layoutReader = (name: 'config' | 'manifest' | 'index'): FuzzedReader => ({
  name: `OCI layout: ${name}`,
  samples: [IMAGE[name]],
  read: (bytes) =>
    inFolder((folder) => {
      const documents = { ...IMAGE, [name]: bytes };
      if (name === 'config') {
        const at = JSON.parse(String(IMAGE.manifest)) as object;
        documents.manifest = json({
          ...at,
          config: descriptor(bytes, 'application/vnd.oci.image.config.v1+json'),
        });
      }
      if (name !== 'index') {
        const type = 'application/vnd.oci.image.manifest.v1+json';
        documents.index = json({ schemaVersion: 2, manifests: [descriptor(documents.manifest, type)] });
      }
      mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
      for (const { path, content = '' } of imageFiles(documents)) writeFileSync(join(folder, path), content);
      return verifyImage(folder);
    }),
});

export const ARCHIVE_READERS: readonly FuzzedReader[] = [
  {
    name: 'tar',
    samples: [TAR],
    wrap: withTarSums,
    read(bytes) {
      const scanner = new TarScanner({ entry: () => undefined });
      scanner.write(bytes);
      scanner.finish();
    },
  },
  codec('gzip'),
  codec('zstd'),
  codec('xz'),
  { name: 'apk', samples: [APK], read: readApk },
  {
    name: 'apk: control',
    samples: [gunzipSync(MEMBERS.control)],
    wrap: (bytes) => Buffer.concat([MEMBERS.signature, gzipSync(withTarSums(bytes)), MEMBERS.data]),
    read: readApk,
  },
  {
    name: 'apk: data',
    samples: [gunzipSync(MEMBERS.data)],
    wrap(bytes) {
      const data = gzipSync(withTarSums(bytes));
      return Buffer.concat([makeApkMembers({ ...SPEC, datahash: sha256(data) }).control, data]);
    },
    read: readApk,
  },
  {
    name: 'apk: signature',
    samples: [gunzipSync(MEMBERS.signature)],
    wrap: (bytes) => Buffer.concat([gzipSync(withTarSums(bytes)), MEMBERS.control, MEMBERS.data]),
    read: readApk,
  },
  {
    name: 'APKINDEX.tar.gz',
    samples: [INDEX],
    read: (bytes) => wholeIndex(alpine.repositories.readIndex({ bytes, policy: UNTRUSTED, where: 'fuzz' })),
  },
  {
    name: 'APKINDEX.tar.gz: its tar',
    samples: [gunzipSync(INDEX)],
    wrap: (bytes) => gzipSync(withTarSums(bytes)),
    read: (bytes) => wholeIndex(alpine.repositories.readIndex({ bytes, policy: UNTRUSTED, where: 'fuzz' })),
  },
  { name: 'pkg.tar', samples: [PACKAGE], wrap: withTarSums, read: readPackage },
  {
    name: 'pkg.tar.zst',
    samples: [makeArchPackage(ARCH_SPEC, 'zstd'), makeArchPackage(ARCH_SPEC, 'xz')],
    read: readPackage,
  },
  {
    name: 'pacman db',
    samples: [gunzipSync(DATABASE)],
    wrap: (bytes) => gzipSync(withTarSums(bytes)),
    read: (bytes) => wholeIndex(arch.repositories.readIndex({ bytes, policy: UNTRUSTED, where: 'fuzz' })),
  },
  {
    name: 'pacman files',
    samples: [gunzipSync(makeArchDb([{ spec: ARCH_SPEC, bytes: PACKAGE }], { files: true }))],
    wrap: (bytes) => gzipSync(withTarSums(bytes)),
    async read(bytes) {
      for await (const _ of (await fileLists.read({ bytes, policy: UNTRUSTED, where: 'fuzz' })).lists) {
        // Nothing is kept.
      }
    },
  },
  {
    name: 'mtree',
    samples: [gunzipSync(makeMtree(FILES))],
    wrap: (bytes) => gzipSync(bytes),
    read: mtreePaths,
  },
  {
    name: 'image tar',
    samples: [IMAGE_TAR],
    wrap: withTarSums,
    read: (bytes) =>
      inFolder((folder) => {
        const path = join(folder, 'image.tar');
        writeFileSync(path, bytes);
        return verifyImage(path);
      }),
  },
  layoutReader('config'),
  layoutReader('manifest'),
  layoutReader('index'),
  {
    name: 'artifact folder',
    samples: [Buffer.concat([tarEntries(FILES.slice(0, 4)), END_OF_ARCHIVE])],
    wrap: withTarSums,
    read: (bytes) =>
      inFolder((folder) =>
        unpackFolder(chunksOf(bytes), {
          target: join(folder, 'out'),
          prefix: '',
          where: 'fuzz',
          keepOldFiles: false,
        }),
      ),
  },
];
