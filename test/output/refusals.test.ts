import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type ErrorCode, isAppError } from '../../src/model/app-error.ts';
import { digestOf, hexOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { checkCounts } from '../../src/output/image-documents.ts';
import { parseConfig, parseDescriptors, parseManifest } from '../../src/output/image-json.ts';
import { mergeIndex } from '../../src/output/merge-index.ts';
import { openImage } from '../../src/output/open-image.ts';
import { outputTarget } from '../../src/output/output-target.ts';
import { parseTag } from '../../src/output/tag.ts';
import { END_OF_ARCHIVE, tarEntries } from '../fixtures/tar.ts';
import { tempDir } from '../fixtures/temp.ts';

/*
 * Tables of refusals: the code decides exit status and retries, so each has to be the one that the contract names. The words are
 * only looked at as far as they say which refusal it was.
 */

const DIGEST = digestOf('x');
const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const descriptor = (more: object = {}) => ({
  mediaType: MEDIA_TYPES.manifest,
  digest: DIGEST,
  size: 1,
  ...more,
});
const manifest = (more: object = {}) => ({ schemaVersion: 2, config: descriptor(), layers: [], ...more });

const DOCUMENTS: readonly (readonly [what: string, code: ErrorCode, words: RegExp, read: () => unknown])[] = [
  ['no JSON', 'BAD_ARCHIVE', /not valid JSON/, () => parseManifest(bytes('{'), 'm')],
  ['a list', 'BAD_ARCHIVE', /an object, got \[\]/, () => parseManifest(bytes([]), 'm')],
  ['two of a key', 'BAD_ARCHIVE', /each key/, () => parseManifest(bytes('{"a":1,"a":2}'), 'm')],
  [
    'an old schema',
    'BAD_ARCHIVE',
    /schemaVersion 2, got 1/,
    () => parseManifest(bytes({ schemaVersion: 1 }), 'm'),
  ],
  ['no layers', 'BAD_ARCHIVE', /a list/, () => parseManifest(bytes(manifest({ layers: {} })), 'm')],
  [
    'a negative size',
    'BAD_ARCHIVE',
    /size: .*got -1/,
    () => parseDescriptors([descriptor({ size: -1 })], 'd'),
  ],
  [
    'another digest',
    'BAD_ARCHIVE',
    /digest: expected sha256/,
    () => parseDescriptors([descriptor({ digest: 'md5:0' })], 'd'),
  ],
  [
    'a type that is no text',
    'BAD_ARCHIVE',
    /a string, got 7/,
    () => parseDescriptors([descriptor({ mediaType: 7 })], 'd'),
  ],
  ['a config without rootfs', 'BAD_ARCHIVE', /rootfs: expected an object/, () => parseConfig(bytes({}), 'c')],
  [
    'layers without diffIDs',
    'INTEGRITY',
    /number of diffIDs/,
    () => checkCounts({ layers: [descriptor()] } as never, { diffIds: [] } as never),
  ],
  [
    'very many layers',
    'LIMIT',
    /at most 500 layers/,
    () => checkCounts({ layers: { length: 501 } } as never, { diffIds: { length: 501 } } as never),
  ],
  ['a digest as tag', 'USAGE', /a digest cannot be a tag/, () => parseTag(`a@${DIGEST}`)],
  ['an index that is no JSON', 'STORAGE', /invalid JSON/, () => mergeIndex(bytes('['), [], 'index.json')],
  ['no index', 'STORAGE', /a different document/, () => mergeIndex(bytes({}), [], 'index.json')],
  [
    'manifests that are no list',
    'STORAGE',
    /not a list/,
    () => mergeIndex(bytes({ schemaVersion: 2, manifests: {} }), [], 'index.json'),
  ],
];

test('documents are refused by the code of their fault', () => {
  for (const [what, code, words, read] of DOCUMENTS) {
    assert.throws(read, (error) => isAppError(error, code) && words.test(error.message), what);
  }
});

const CONFIG = bytes({ architecture: 'amd64', os: 'linux', rootfs: { diff_ids: [digestOf('tar')] } });
const LAYOUT = { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' };
const index = (...manifests: readonly object[]) => ({ schemaVersion: 2, manifests });
const saved = (more: object = {}) => [{ Config: 'config', RepoTags: ['a:1'], Layers: ['layer'], ...more }];
const DOCKER = { 'manifest.json': saved(), config: CONFIG.toString() };

/** An index within an index, as often as that. */
function nested(depth: number): Readonly<Record<string, unknown>> {
  const files: Record<string, unknown> = {};
  let inner: object = descriptor();
  for (let level = 0; level < depth; level++) {
    const document = JSON.stringify(index(inner));
    const digest = digestOf(document);
    files[`blobs/sha256/${hexOf(digest)}`] = document;
    inner = { mediaType: MEDIA_TYPES.index, digest, size: document.length };
  }
  return { ...LAYOUT, 'index.json': index(inner), ...files };
}

const LAYOUTS: readonly (readonly [
  code: ErrorCode,
  words: RegExp,
  files: Readonly<Record<string, unknown>>,
  choice?: { readonly ref?: string; readonly platform?: string },
])[] = [
  ['BAD_ARCHIVE', /no oci-layout in the image/, { other: '' }],
  [
    'UNSUPPORTED',
    /version 1\.x, got 2/,
    { 'oci-layout': '{"imageLayoutVersion":"2.0.0"}', 'index.json': index() },
  ],
  ['USAGE', /no such image/, { ...LAYOUT, 'index.json': index() }],
  [
    'USAGE',
    /more than one image/,
    { ...LAYOUT, 'index.json': index(descriptor(), descriptor({ digest: digestOf('y') })) },
  ],
  ['UNSUPPORTED', /got text\/x/, { ...LAYOUT, 'index.json': index(descriptor({ mediaType: 'text/x' })) }],
  ['BAD_ARCHIVE', /no blobs\/sha256/, { ...LAYOUT, 'index.json': index(descriptor()) }],
  [
    'INTEGRITY',
    /size of blob/,
    { ...LAYOUT, 'index.json': index(descriptor()), [`blobs/sha256/${hexOf(DIGEST)}`]: '{}' },
  ],
  [
    'INTEGRITY',
    /digest of blob/,
    { ...LAYOUT, 'index.json': index(descriptor()), [`blobs/sha256/${hexOf(DIGEST)}`]: 'y' },
  ],
  ['LIMIT', /nested indexes/, nested(4)],
  ['BAD_ARCHIVE', /ambiguous/, { ...DOCKER, 'index.json': index() }],
  ['INTEGRITY', /layer "layer" not found/, DOCKER],
  [
    'BAD_ARCHIVE',
    /plain, gzip or zstd, got xz/,
    { ...DOCKER, layer: Buffer.from('fd377a585a000000', 'hex') },
  ],
  ['USAGE', /no such image b/, { ...DOCKER, layer: tarEntries([{ path: 'a' }]) }, { ref: 'b' }],
  [
    'USAGE',
    /expected an image for linux\/arm64, got one for linux\/amd64/,
    { ...DOCKER, layer: Buffer.concat([tarEntries([{ path: 'a' }]), END_OF_ARCHIVE]) },
    { platform: 'linux/arm64' },
  ],
];

test('layouts are refused by the code of their fault', async (t) => {
  for (const [code, words, files, choice] of LAYOUTS) {
    const folder = tempDir(t);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), Buffer.isBuffer(content) ? content : bytes(content));
    }
    await assert.rejects(
      openImage(folder, choice),
      (error) => isAppError(error, code) && words.test(error.message),
      `${code} ${words}`,
    );
  }
  await assert.rejects(openImage(join(tempDir(t), 'missing')), { code: 'NOT_FOUND' });
  const old = join(tempDir(t), 'old.tar');
  writeFileSync(old, Buffer.concat([tarEntries([{ path: 'repositories', content: '{}' }]), END_OF_ARCHIVE]));
  await assert.rejects(openImage(old), {
    code: 'BAD_ARCHIVE',
    message: /repositories without manifest\.json/,
  });
});

test('a folder and a loop of links cannot be an output', (t) => {
  const folder = tempDir(t);
  symlinkSync('b', join(folder, 'a'));
  symlinkSync('a', join(folder, 'b'));
  assert.throws(() => outputTarget(folder), { code: 'STORAGE', message: /is a folder/ });
  assert.throws(() => outputTarget(join(folder, 'a')), { code: 'ELOOP' });
});
