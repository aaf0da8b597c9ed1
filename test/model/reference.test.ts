import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../src/model/app-error.ts';
import {
  apiHost,
  familiarName,
  fullName,
  parseDomain,
  parseReference,
  parseRepository,
  parseTagName,
  withTag,
} from '../../src/model/reference.ts';

const HEX = '0123456789abcdef'.repeat(4);
const digest = `sha256:${HEX}`;

for (const [text, domain, path, tag, at] of [
  ['gcc', 'docker.io', 'library/gcc', 'latest', undefined],
  ['gcc:1', 'docker.io', 'library/gcc', '1', undefined],
  ['localhost:5000', 'docker.io', 'library/localhost', '5000', undefined],
  ['me/gcc', 'docker.io', 'me/gcc', 'latest', undefined],
  ['docker.io/gcc', 'docker.io', 'library/gcc', 'latest', undefined],
  ['docker.io/library/a/b', 'docker.io', 'library/a/b', 'latest', undefined],
  ['index.docker.io/gcc', 'docker.io', 'library/gcc', 'latest', undefined],
  ['localhost/gcc', 'localhost', 'gcc', 'latest', undefined],
  ['Upper/gcc', 'Upper', 'gcc', 'latest', undefined],
  ['reg.example:5000/a/b:x', 'reg.example:5000', 'a/b', 'x', undefined],
  ['[::1]:5000/a', '[::1]:5000', 'a', 'latest', undefined],
  ['[2001:db8::1]/a/b:x', '[2001:db8::1]', 'a/b', 'x', undefined],
  [`gcc@${digest}`, 'docker.io', 'library/gcc', undefined, digest],
  [`reg.example/a:x@${digest}`, 'reg.example', 'a', 'x', digest],
  [`a/${'b'.repeat(200)}`, 'docker.io', `a/${'b'.repeat(200)}`, 'latest', undefined],
  [`${HEX}:x`.slice(1), 'docker.io', `library/${HEX.slice(1)}`, 'x', undefined],
] as const) {
  test(`${text.slice(0, 60)} is ${domain} ${path.slice(0, 30)} ${tag}`, () => {
    const reference = parseReference(text);
    assert.deepEqual({ ...reference }, { domain, path, tag, digest: at });
    assert.deepEqual(parseReference(familiarName(reference)), reference);
    assert.deepEqual(parseReference(fullName(reference)), reference);
  });
}

for (const text of [
  '',
  ':x',
  '@',
  `@${digest}`,
  'Gcc',
  'a//b',
  '/a',
  'a/',
  'a@sha256:0',
  `a@sha256:${HEX.toUpperCase()}`,
  `a@sha512:${HEX}${HEX}`,
  `a@${digest}@${digest}`,
  HEX,
  'a:',
  'a: b',
  'a\n',
  'a:x\n',
  'http://reg.example/a',
  '[::1/a',
  '::1/a',
  '[reg]/a',
  'reg.example:/a',
  'reg.example:x/a',
  'reg..example/a',
  'reg_x.example/a',
  'ä/b',
  `a/${'b'.repeat(255)}`,
  `a:${'x'.repeat(129)}`,
]) {
  test(`${JSON.stringify(text.slice(0, 40))} is no reference`, () => {
    assert.throws(
      () => parseReference(text),
      (error) => isAppError(error, 'USAGE') && error.hint !== undefined,
    );
  });
}

test('a repository has neither tag nor digest', () => {
  assert.equal(fullName(parseRepository('reg.example/team/packages')), 'reg.example/team/packages');
  for (const text of ['reg.example/a:x', `a@${digest}`]) assert.throws(() => parseRepository(text));
});

test('short names are left long where they would be read as something else', () => {
  for (const text of ['docker.io/localhost/a', 'docker.io/library/a/b', `docker.io/library/${HEX}`]) {
    const reference = parseReference(text);
    assert.deepEqual(parseReference(familiarName(reference)), reference);
  }
  assert.equal(familiarName(parseReference('docker.io/localhost/a')), 'docker.io/localhost/a:latest');
});

test('the API of the default registry is at another host', () => {
  assert.equal(apiHost(parseDomain('docker.io')), 'registry-1.docker.io');
  assert.equal(apiHost(parseDomain('index.docker.io')), 'registry-1.docker.io');
  assert.equal(apiHost(parseDomain('reg.example:5000')), 'reg.example:5000');
  assert.throws(() => parseDomain('reg.example/a'));
});

test('a tag of a repository', () => {
  const repository = parseRepository('reg.example/a');
  assert.equal(fullName(withTag(repository, parseTagName('v1'))), 'reg.example/a:v1');
  assert.throws(() => parseTagName('.x'));
});

/** The grammar of github.com/distribution/reference, as text. */
const word = (first: string, rest: string, max: number) =>
  fc.stringMatching(new RegExp(`^[${first}](?:[${rest}]{0,${max}}[${first}])?$`));
const label = word('A-Za-z0-9', 'A-Za-z0-9-', 6);
const hostName = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
const address = fc.stringMatching(/^[0-9a-f:]{0,5}:[0-9a-f:]{0,5}$/).map((text) => `[${text}]`);
const port = fc.option(fc.nat(99_999), { nil: undefined });
const domains = fc
  .tuple(fc.oneof(hostName, address), port)
  .map(([host, number]) => (number === undefined ? host : `${host}:${number}`));
const component = fc
  .array(fc.tuple(fc.stringMatching(/^[a-z0-9]{1,5}$/), fc.constantFrom('.', '_', '__', '-', '---')), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => parts.map(([text, separator], at) => (at === 0 ? text : separator + text)).join(''));
const paths = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const tags = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
const digests = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
const suffixes = fc.oneof(
  tags.map((tag) => `:${tag}`),
  digests.map((text) => `@${text}`),
  fc.tuple(tags, digests).map(([tag, text]) => `:${tag}@${text}`),
);
const words = fc
  .tuple(fc.option(domains, { nil: undefined }), paths, suffixes)
  // A first part with a dot is a registry, never a part of a path.
  .filter(([domain, path]) => domain !== undefined || !/^[^/]*\..*\//.test(path))
  .map(([domain, path, suffix]) => (domain === undefined ? '' : `${domain}/`) + path + suffix);

test('every word of the grammar is read, and its two spellings are read as the same', () => {
  fc.assert(
    fc.property(words, (text) => {
      const reference = parseReference(text);
      assert.deepEqual(parseReference(familiarName(reference)), reference);
      assert.deepEqual(parseReference(fullName(reference)), reference);
      assert.ok(fullName(reference).endsWith(text.slice(text.lastIndexOf('/') + 1)));
    }),
  );
});

/** The grammar as one expression: an oracle that shares nothing with the parser. */
const ORACLE =
  /^(?:(?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

test('nothing outside the grammar is read', () => {
  const near = fc
    .tuple(
      words,
      fc.nat(200),
      fc.constantFrom('', '/', ':', '@', '.', '-', '_', 'A', ' ', '%', '\n', '[', '$', 'é'),
    )
    .map(
      ([text, at, put]) =>
        text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1),
    );
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      let isRead = true;
      try {
        parseReference(text);
      } catch (error) {
        assert.ok(isAppError(error, 'USAGE'));
        isRead = false;
      }
      if (isRead) assert.match(text, ORACLE);
    }),
    { numRuns: 500 },
  );
});
