import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '../../src/model/app-error.ts';
import { parsePlatform, platformRank, platformText } from '../../src/model/platform.ts';

test('platforms as people write them', () => {
  for (const [text, full] of [
    ['linux/arm64', 'linux/arm64'],
    ['arm64', 'linux/arm64'],
    ['arm/v7', 'linux/arm/v7'],
    ['arm/7', 'linux/arm/v7'],
    ['linux/arm/v7', 'linux/arm/v7'],
    ['amd64/v3', 'linux/amd64/v3'],
    ['x86_64', 'linux/amd64'],
    ['aarch64', 'linux/arm64'],
    ['armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['windows/amd64', 'windows/amd64'],
    ['windows(10.0.17763)/amd64', 'windows(10.0.17763)/amd64'],
    ['darwin/arm64', 'darwin/arm64'],
    ['macos/arm64', 'darwin/arm64'],
    ['darwin(macOS 14)/arm64', 'darwin(macOS 14)/arm64'],
    ['freebsd/amd64', 'freebsd/amd64'],
    ['haiku/amd64', 'haiku/amd64'],
    ['haiku/amd64/v1', 'haiku/amd64/v1'],
    ['ppc64le', 'linux/ppc64le'],
    ['LINUX/AMD64', 'linux/amd64'],
  ] as const) {
    assert.equal(platformText(parsePlatform(text)), full, text);
    assert.equal(platformText(parsePlatform(full)), full, full);
  }
});

test('words that are no platform', () => {
  for (const text of [
    '',
    '/',
    'linux',
    'potato',
    'linux/',
    'linux//v7',
    'a/b/c/d',
    'linux/arm v7',
    '(1)/amd64',
    'linux/amd64/',
  ]) {
    assert.throws(
      () => parsePlatform(text),
      (error) => isAppError(error, 'USAGE'),
      JSON.stringify(text),
    );
  }
});

test('which of two platforms is preferred', () => {
  const order = (wanted: string, ...platforms: readonly string[]) => {
    const ranks = platforms.map((one) => platformRank(parsePlatform(one), parsePlatform(wanted)));
    assert.deepEqual(
      ranks,
      ranks.toSorted((a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY)),
      `${wanted}: ${ranks}`,
    );
    return ranks.filter((rank) => rank !== undefined).length;
  };
  assert.equal(order('linux/arm/v7', 'linux/arm/v7', 'linux/arm', 'linux/arm/v6', 'linux/arm/v5'), 4);
  assert.equal(order('linux/arm64', 'linux/arm64', 'linux/arm64/v8', 'linux/arm/v7', 'linux/arm64/v9'), 4);
  assert.equal(order('linux/amd64', 'linux/amd64', 'linux/386', 'linux/amd64/v3'), 3);
  assert.equal(
    order('linux/amd64/v3', 'linux/amd64/v3', 'linux/amd64/v2', 'linux/amd64', 'linux/386', 'linux/amd64/v4'),
    4,
  );
  assert.equal(order('linux/s390x', 'linux/s390x', 'linux/s390x/z15', 'linux/ppc64le', 'windows/s390x'), 2);
  assert.equal(order('linux/386', 'linux/386', 'linux/amd64'), 1);
});
