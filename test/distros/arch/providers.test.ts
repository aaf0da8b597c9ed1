import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arch } from '../../../src/distros/arch/distro.ts';
import { satisfies } from '../../../src/distros/arch/providers.ts';

const PACKAGE = {
  name: 'bash',
  version: '1:5.1-1',
  checksum: '',
  provides: ['sh', 'libreadline.so=8-64', 'bash-old=4', 'odd>=3'],
};

const CASES: readonly (readonly [relation: string, by: string | undefined])[] = [
  ['bash', 'bash'],
  ['bash>=5.2', 'bash'],
  ['bash<5.2', undefined],
  ['bash=1:5.1', 'bash'],
  ['sh', 'sh'],
  ['sh>=1', undefined],
  ['libreadline.so', 'libreadline.so=8-64'],
  ['libreadline.so=8-64', 'libreadline.so=8-64'],
  ['libreadline.so=8-32', undefined],
  ['bash-old<5', 'bash-old=4'],
  ['odd', 'odd>=3'],
  ['odd>=3', undefined],
  ['bas', undefined],
  ['', undefined],
];

for (const [relation, by] of CASES) {
  test(`${JSON.stringify(relation)} is met by ${by ?? 'nothing'}`, () => {
    assert.equal(satisfies(relation, PACKAGE), by);
  });
}

test('@ is a letter of names', () => {
  assert.equal(arch.resolver.relations.targetName('kde-l10n-ca@valencia>2'), 'kde-l10n-ca@valencia');
});
