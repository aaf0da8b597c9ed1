import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { alpineKeyFiles } from '../../../src/distros/alpine/official-keys.ts';
import { ALPINE_KEY_PINS, pinnedApkKeyring } from '../../../src/distros/alpine/pins.ts';
import { makeFixtureKey } from '../../fixtures/apk.ts';
import { sharedData } from '../../fixtures/shared.ts';

const ARCHITECTURES = [
  ...['aarch64', 'armhf', 'armv7', 'loongarch64', 'mips64', 'ppc64le', 'riscv64', 's390x', 'x86', 'x86_64'],
];

test('pins are well formed, distinct and cover every architecture', () => {
  assert.equal(new Set(ALPINE_KEY_PINS.map((pin) => pin.name)).size, ALPINE_KEY_PINS.length);
  assert.equal(new Set(ALPINE_KEY_PINS.map((pin) => pin.sha256)).size, ALPINE_KEY_PINS.length);
  for (const pin of ALPINE_KEY_PINS) {
    assert.match(pin.sha256, /^[0-9a-f]{64}$/);
    assert.match(pin.name, /^alpine-devel@lists\.alpinelinux\.org-[0-9a-f]{8}\.rsa\.pub$/);
  }
  assert.deepEqual([...new Set(ALPINE_KEY_PINS.flatMap((pin) => pin.architectures))].sort(), ARCHITECTURES);
});

test('the product has the file of every pinned Alpine key, and no other', () => {
  const files = alpineKeyFiles();
  assert.deepEqual(
    new Map(files.map(({ name, bytes }) => [name, createHash('sha256').update(bytes).digest('hex')])),
    new Map(ALPINE_KEY_PINS.map(({ name, sha256 }) => [name, sha256])),
  );
  assert.deepEqual(
    [...pinnedApkKeyring(files, 'loongarch64').keys.keys()],
    ['alpine-devel@lists.alpinelinux.org-66ba20fe.rsa.pub'],
  );
});

test('a key that is not pinned is left out, even under a pinned name', () => {
  const key = makeFixtureKey(ALPINE_KEY_PINS[0]?.name);
  assert.equal(pinnedApkKeyring([{ name: key.name, bytes: Buffer.from(key.publicPem) }]).keys.size, 0);
});

test('each of Alpine’s real keys matches its pin and takes the pinned name', (t) => {
  const directory = sharedData('data/alpine/keys');
  if (directory === undefined) {
    t.skip('skipped: ../shared/data/alpine/keys is not here');
    return;
  }
  const files = readdirSync(directory).map((name) => ({ name, bytes: readFileSync(join(directory, name)) }));
  assert.equal(files.length, 17);
  assert.deepEqual([...pinnedApkKeyring(files).keys.keys()].sort(), files.map((file) => file.name).sort());
  const renamed = files.map((file, index) => ({ ...file, name: `k${index}.pub` }));
  assert.deepEqual(
    [...pinnedApkKeyring(renamed, 'aarch64').keys.keys()].map((name) => name.slice(-16, -8)),
    ['58199dcc', '616ae350'],
  );
});
