import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ARCH_MASTER_KEY_PINS } from '../../../src/distros/arch/pins.ts';
import { splitKeyring } from '../../../src/trust/openpgp-packets.ts';
import { sharedData } from '../../fixtures/shared.ts';

test('pins are well formed and distinct', () => {
  assert.equal(new Set(ARCH_MASTER_KEY_PINS.map((pin) => pin.fingerprint)).size, ARCH_MASTER_KEY_PINS.length);
  for (const pin of ARCH_MASTER_KEY_PINS) {
    assert.match(pin.fingerprint, /^[0-9A-F]{40}$/);
    assert.match(pin.sha256, /^([0-9a-f]{64})?$/);
  }
  assert.deepEqual(
    ARCH_MASTER_KEY_PINS.filter((pin) => pin.sha256 === '').map((pin) => pin.owner),
    ['Christian Heusel'],
  );
});

test('the five main signing keys of Arch’s 2017 keyring match their pins', (t) => {
  const directory = sharedData('data/arch/keys/archlinux-keyring-20171213-1-any');
  if (directory === undefined) {
    t.skip('skipped: ../shared/data/arch/keys is not here');
    return;
  }
  const blocks = splitKeyring(readFileSync(join(directory, 'archlinux.gpg')), 'archlinux.gpg');
  const trusted = readFileSync(join(directory, 'archlinux-trusted'), 'utf8').trim().split('\n');
  assert.equal(trusted.length, 5);
  for (const line of trusted) {
    const fingerprint = line.split(':')[0];
    const pin = ARCH_MASTER_KEY_PINS.find((candidate) => candidate.fingerprint === fingerprint);
    const block = blocks.find((candidate) => candidate.fingerprint === fingerprint);
    assert.ok(pin && block);
    assert.equal(block.sha256, pin.sha256);
  }
});
