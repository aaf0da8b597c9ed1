import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '../../src/model/app-error.ts';
import { parseTag } from '../../src/output/tag.ts';

for (const [text, familiar, full] of [
  ['gcc', 'gcc:latest', 'docker.io/library/gcc:latest'],
  ['pkgcompose/gcc', 'pkgcompose/gcc:latest', 'docker.io/pkgcompose/gcc:latest'],
  ['pkgcompose/gcc:1.2-r0', 'pkgcompose/gcc:1.2-r0', 'docker.io/pkgcompose/gcc:1.2-r0'],
  ['docker.io/library/gcc:1', 'gcc:1', 'docker.io/library/gcc:1'],
  ['index.docker.io/me/gcc:1', 'me/gcc:1', 'docker.io/me/gcc:1'],
  ['localhost/gcc', 'localhost/gcc:latest', 'localhost/gcc:latest'],
  ['localhost:5000/a/b/c:x', 'localhost:5000/a/b/c:x', 'localhost:5000/a/b/c:x'],
  ['registry.example/a__b/c---d:T_1', 'registry.example/a__b/c---d:T_1', 'registry.example/a__b/c---d:T_1'],
] as const) {
  test(`${text} is ${full}`, () => assert.deepEqual(parseTag(text), { familiar, full }));
}

for (const text of [
  '',
  ':latest',
  'Gcc',
  'libstdc++',
  'a..b',
  'a/',
  '/a',
  'a//b',
  'a:b:c',
  'a:',
  'a:-x',
  `a:${'x'.repeat(129)}`,
  'a_/b',
  'a___b',
  'a@sha256:0',
  'exa mple/a',
  '-bad.example/a',
  `a/${'b'.repeat(260)}`,
]) {
  test(`${JSON.stringify(text.slice(0, 30))} is no image name`, () => {
    assert.throws(
      () => parseTag(text),
      (error) => isAppError(error, 'USAGE') && error.hint !== undefined,
    );
  });
}
