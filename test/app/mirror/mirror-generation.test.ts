import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  folderOf,
  type GenerationFile,
  generationDocument,
  generationTag,
  identityOfFiles,
  isMirrorPath,
  mergeFiles,
  parseGeneration,
  releaseOfTag,
} from '../../../src/app/sources/mirror-generation.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { parseTagName } from '../../../src/model/reference.ts';

const FOLDERS = ['main/x86_64', 'community/x86_64', 'core/os/aarch64'];

/** What one process knows of a mirror: by folder, which build of its index there is. */
const state = fc
  .array(fc.nat({ max: 3 }), { minLength: FOLDERS.length, maxLength: FOLDERS.length })
  .map((builds) =>
    builds.flatMap((build, at): GenerationFile[] =>
      build === 0
        ? []
        : ['index', 'index.sig'].slice(0, build).map((name) => ({
            path: `${FOLDERS[at]}/${name}`,
            digest: digestOf(`${at} ${build} ${name}`),
            size: build,
          })),
    ),
  );

test('a document says what it was made of, whatever the order', () => {
  fc.assert(
    fc.property(state, (files) => {
      const made = generationDocument({ distro: 'alpine', release: 'v3.19', files: [...files].reverse() });
      assert.deepEqual(made, generationDocument({ distro: 'alpine', release: 'v3.19', files }));
      const read = parseGeneration(made, 'here');
      assert.deepEqual([read.distro, read.release, read.digest], ['alpine', 'v3.19', made.descriptor.digest]);
      assert.equal(identityOfFiles(read.files), identityOfFiles(files));
    }),
  );
});

test('merging is the same for both sides, and keeps what only one has changed', () => {
  fc.assert(
    fc.property(state, state, state, (base, ours, theirs) => {
      const merged = mergeFiles(base, ours, theirs);
      assert.equal(identityOfFiles(merged), identityOfFiles(mergeFiles(base, theirs, ours)));
      assert.equal(identityOfFiles(mergeFiles(base, ours, base)), identityOfFiles(ours));
      assert.equal(identityOfFiles(mergeFiles(base, ours, ours)), identityOfFiles(ours));
      for (const folder of FOLDERS) {
        const [was, mine, other, now] = [base, ours, theirs, merged].map((files) =>
          identityOfFiles(files.filter((file) => folderOf(file) === folder)),
        );
        assert.ok(now === mine || now === other, 'never a mixture');
        if (mine === was) assert.equal(now, other);
        if (other === was) assert.equal(now, mine);
      }
    }),
  );
});

test('the tag of a generation says its release; no other tag does', () => {
  const tag = generationTag(parseTagName('v3.19'), digestOf('x'));
  assert.equal(releaseOfTag(tag), 'v3.19');
  assert.equal(releaseOfTag(generationTag(parseTagName('a-0123456789ab'), digestOf('x'))), 'a-0123456789ab');
  for (const other of ['v3.19', 'latest', 'v3.19-0123456789aB', 'v3.19-0123', '-0123456789ab'.slice(1)]) {
    assert.equal(releaseOfTag(parseTagName(other)), undefined, other);
  }
});

test('paths lead into folders and nowhere else', () => {
  for (const path of ['main/x86_64/APKINDEX.tar.gz', 'core/os/x86_64/core.db.sig', 'a/..b', '@x/+y']) {
    assert.ok(isMirrorPath(path), path);
  }
  for (const path of [
    '',
    'APKINDEX.tar.gz',
    '/etc/passwd',
    'a/',
    'a//b',
    './a/b',
    '../a/b',
    'a/../b',
    'a/./b',
    'a/..',
    'a/.',
    'a/b c',
    'a/b\n',
    'a/%2e%2e',
    'a/ü',
    `${'a/'.repeat(9)}b`,
    `a/${'b'.repeat(201)}`,
  ]) {
    assert.equal(isMirrorPath(path), false, path);
  }
});
