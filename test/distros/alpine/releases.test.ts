import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apkGeneration, isUnknownRelease, NEWEST_RELEASE } from '../../../src/distros/alpine/releases.ts';

const of = (release: string, apkToolsVersion?: string) => apkGeneration({ release, apkToolsVersion });

test('apk 2 up to v3.22, apk 3 from v3.23 on, for edge and for what has no release', () => {
  for (const release of ['v2.7', 'v3.0', 'v3.10', 'v3.17', 'v3.18', 'v3.19', 'v3.20', 'v3.21', 'v3.22'])
    assert.equal(of(release), '2', release);
  for (const release of ['v3.23', 'v3.24', 'v3.25', 'v4.0', 'edge', 'latest-stable', '', 'bullseye'])
    assert.equal(of(release), '3', release);
});

test('the apk-tools of the set or the index decides, whatever the release is called', () => {
  assert.equal(of('latest-stable', '2.14.10-r13'), '2');
  assert.equal(of('v3.19', '3.0.6-r0'), '3');
  assert.equal(of('v3.24', '2.14.12-r0'), '2');
  assert.equal(of('v3.19', ''), '2');
});

test('a stable release after the newest known one is told from all others', () => {
  assert.equal(isUnknownRelease(NEWEST_RELEASE), false);
  assert.deepEqual(['v3.9', 'v3.24', 'v3.25', 'v4.0', 'edge', 'latest-stable', ''].map(isUnknownRelease), [
    false,
    false,
    true,
    true,
    false,
    false,
    false,
  ]);
});
