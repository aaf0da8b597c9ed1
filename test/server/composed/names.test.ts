import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeWord, unescapeWord } from '../../../src/server/composed/escape.ts';
import { imageName, readImageName, readTag, setTag, versionTag } from '../../../src/server/composed/names.ts';

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

const ESCAPED = [
  ['gcc', 'gcc'],
  ['libstdc++', 'libstdc__2b2b'],
  ['gtk+3.0', 'gtk__2b__3.0'],
  ['git=2.43.0-r0', 'git__3d__2.43.0-r0'],
  ['git>2.40', 'git__3e__2.40'],
  ['core/bash', 'core__2f__bash'],
  ['so:libz.so.1', 'so__3a__libz.so.1'],
  ['git@edge', 'git__40__edge'],
  ['R', 'hex__52'],
  ['!foo', 'hex__21__foo'],
  ['.build', 'hex__2e__build'],
  ['py3.11_x', 'py3.11_x'],
  ['a__b', 'a__5f5f__b'],
  ['a-', 'a__2d'],
  ['hex', 'hex'],
  ['hex+', 'hex__6865782b'],
  ['naïve', 'na__c3af__ve'],
] as const;

for (const [word, text] of ESCAPED)
  test(`${word} is written ${text}`, () => {
    assert.equal(escapeWord(word, 'name'), text);
    assert.equal(unescapeWord(text), word);
  });

const word = fc.oneof(
  fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 12 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  fc.stringMatching(/^[hexA._+-]{1,8}$/),
);

test('every word fits as a component and as a tag, and is read back', () => {
  fc.assert(
    fc.property(word, (text) => {
      assert.match(escapeWord(text, 'name'), COMPONENT);
      assert.match(escapeWord(text, 'tag'), TAG);
      assert.equal(unescapeWord(escapeWord(text, 'name')), text);
      assert.equal(unescapeWord(escapeWord(text, 'tag')), text);
    }),
  );
});

test('what no word is written as is not read', () => {
  for (const text of ['a__', 'a__g0', 'a__2', 'a__2B', 'a__ff', 'a____b', 'hex__']) {
    assert.equal(unescapeWord(text), undefined, text);
    assert.match(String(readImageName(`alpine/${text}`)), /hexadecimal/);
  }
});

test('every image has a name that is read back, also one whose package is called like a release', () => {
  const packages = fc.array(fc.oneof(word, fc.constantFrom('edge', 'v3.19', 'rolling', 'bare', 'alpine')), {
    minLength: 1,
    maxLength: 4,
  });
  const image = fc.record(
    {
      distro: fc.constantFrom('alpine', 'arch'),
      release: fc.constant(''),
      packages,
      isBare: fc.boolean(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(image, fc.boolean(), (made, isReleased) => {
      const release = made.distro === 'alpine' ? 'v3.19' : 'rolling';
      const named = isReleased ? { ...made, release } : made;
      assert.deepEqual(readImageName(imageName(named)), named);
    }),
  );
});

test('names: with a release, bare, the base alone, another distribution', () => {
  assert.deepEqual(readImageName('alpine/v3.19/gcc/make'), {
    distro: 'alpine',
    release: 'v3.19',
    packages: ['gcc', 'make'],
    isBare: false,
  });
  assert.deepEqual(readImageName('bare/arch/gcc'), {
    distro: 'arch',
    release: '',
    packages: ['gcc'],
    isBare: true,
  });
  assert.deepEqual(readImageName('alpine/edge'), {
    distro: 'alpine',
    release: 'edge',
    packages: [],
    isBare: false,
  });
  assert.match(String(readImageName('bare/alpine')), /expected package names/);
  for (const other of ['debian/gcc', 'team/app', 'bare', 'bare/team/app'])
    assert.equal(readImageName(other), undefined);
});

test('tags', () => {
  assert.deepEqual(readTag('alpine', 'latest'), { kind: 'latest' });
  assert.deepEqual(readTag('alpine', 'v3.19'), { kind: 'release', release: 'v3.19' });
  assert.deepEqual(readTag('arch', 'v3.19'), { kind: 'version', version: 'v3.19' });
  const digits = '0123456789abcdef'.repeat(2);
  assert.deepEqual(readTag('alpine', setTag(digits.repeat(2))), { kind: 'set', digits });
  for (const version of ['13.2.1_git20231014-r0', '1:2.3+r4-1', '5.2.026-2'])
    assert.deepEqual(readTag('arch', versionTag(version)), { kind: 'version', version });
  assert.equal(versionTag('13.2.1_git20231014-r0'), '13.2.1_git20231014-r0');
});
