import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { archiveUrl } from '../../../src/app/sources/archive-url.ts';
import { besideUrl, isOciUrl, parseOciUrl, withRelease } from '../../../src/app/sources/oci-url.ts';
import { joinUrl } from '../../../src/fetch/url.ts';
import { AppError } from '../../../src/model/app-error.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { fullName } from '../../../src/model/reference.ts';

const DIGEST = digestOf('generation');

for (const [url, reference, path, artifact] of [
  ['oci://h.example/alpine:v3.19', 'h.example/alpine:v3.19', '', ''],
  ['OCI://h.example/alpine:v3.19/', 'h.example/alpine:v3.19', '', ''],
  ['oci://127.0.0.1:5000/a/b:v3.19/main', '127.0.0.1:5000/a/b:v3.19', 'main', ''],
  ['oci://[::1]:5000/a:1/core/os/x86_64/core.db', '[::1]:5000/a:1', 'core/os/x86_64/core.db', ''],
  [`oci://localhost/a@${DIGEST}/main/x86_64`, `localhost/a@${DIGEST}`, 'main/x86_64', ''],
  [`oci://h.example/a:1@${DIGEST}`, `h.example/a:1@${DIGEST}`, '', ''],
  ['oci://h.example/a:1/x%2By/z:1@2#tag__1', 'h.example/a:1', 'x+y/z:1@2', 'tag__1'],
  ['oci://team/alpine:1', 'docker.io/team/alpine:1', '', ''],
] as const) {
  test(`${url} is read`, () => {
    const parsed = parseOciUrl(url);
    assert.deepEqual([fullName(parsed.reference), parsed.path, parsed.artifact], [reference, path, artifact]);
  });
}

for (const url of [
  'oci://',
  'oci://h.example',
  'oci://h.example/',
  'oci://h.example/alpine',
  'oci://h.example/alpine/main',
  'oci://user:secret@h.example/alpine:1',
  'oci://h.example/Alpine:1',
  'oci://h.example/alpine:',
  'oci://h.example/alpine:a b',
  'oci://h.example/alpine@sha256:12/main',
  'oci://h.example/alpine:1/%E0%A4%A',
  'oci://h.example/alpine:1?x=y',
  'oci://h.example/../alpine:1',
]) {
  test(`${url} is refused, without what may be a password`, () => {
    assert.throws(
      () => parseOciUrl(url),
      (error) => error instanceof AppError && error.code === 'USAGE' && !error.message.includes('secret'),
    );
  });
}

test('names of files come back as they were joined', () => {
  const segment = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => {
    return text.isWellFormed() && !/[/\0]/.test(text) && text !== '.' && text !== '..';
  });
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
      const url = joinUrl('oci://h.example:1/team/alpine:v3.19/main', segments.join('/'));
      assert.equal(parseOciUrl(url).path, `main/${segments.join('/')}`);
    }),
  );
});

test('a place without tag and digest has the release for its tag', () => {
  assert.equal(withRelease('oci://h.example:5/a/b', 'v3.19'), 'oci://h.example:5/a/b:v3.19');
  assert.equal(withRelease('oci://h.example/a/', 'edge'), 'oci://h.example/a:edge');
  for (const place of [
    'oci://h.example/a:1',
    'oci://h.example/a:1/main',
    `oci://h.example/a@${DIGEST}`,
    'https://h.example/a',
    '/a',
    'oci://h.example/a#x',
  ]) {
    assert.equal(withRelease(place, 'v3.19'), place);
  }
});

test('a signature is beside its file, not in the fragment', () => {
  assert.equal(besideUrl('oci://h/a:1/x.db#t', '.sig'), 'oci://h/a:1/x.db.sig#t');
  assert.equal(besideUrl('oci://h/a:1/x.db', '.sig'), 'oci://h/a:1/x.db.sig');
  assert.equal(besideUrl('/folder/x#1.apk', '.sig'), '/folder/x#1.apk.sig');
  assert.equal(isOciUrl('https://h/oci://x'), false);
});

test('an archive is told by what its index says of it', () => {
  const entry = {
    name: 'libstdc++',
    version: '13.2.1-r0',
    architecture: 'x86_64',
    fileName: 'libstdc++-13.2.1-r0.apk',
    checksum: 'Q1pDBEfmRaS7CPOd3THtoxsVnQf/8=',
    sizeBytes: 1,
    buildTime: 2,
  };
  const base = 'oci://h/a:1/main/x86_64';
  const urlOf = (more = {}) => archiveUrl(base, 'alpine', { ...entry, ...more });
  assert.equal(
    urlOf(),
    `${base}/libstdc++-13.2.1-r0.apk#alpine__libstdc_2b_2b__13.2.1-r0__x86_5f64__a430447e645a4bb08f39ddd31eda31b1`,
  );
  const sha256 = 'ab'.repeat(32);
  assert.match(urlOf({ checksum: sha256 }), new RegExp(`__${'ab'.repeat(16)}$`));
  const others = [
    urlOf(),
    urlOf({ checksum: 'Q1AAAEfmRaS7CPOd3THtoxsVnQf/8=' }),
    urlOf({ checksum: 'Q1 is none' }),
    urlOf({ checksum: '' }),
    urlOf({ checksum: '', buildTime: 3 }),
    urlOf({ architecture: 'noarch' }),
    urlOf({ version: '13.2.1-r1' }),
    archiveUrl(base, 'arch', entry),
  ];
  assert.equal(new Set(others).size, others.length);
  assert.equal(archiveUrl('https://h/main', 'alpine', entry), 'https://h/main/libstdc++-13.2.1-r0.apk');
  assert.equal(archiveUrl('/main', 'alpine', entry), '/main/libstdc++-13.2.1-r0.apk');
});
