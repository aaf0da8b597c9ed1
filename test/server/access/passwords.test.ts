import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parsePasswordFile } from '../../../src/server/access/htpasswd.ts';
import { Passwords } from '../../../src/server/access/passwords.ts';
import { htpasswd } from '../../fixtures/htpasswd.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { basic, startGuarded } from './guarded.ts';

const REALM = 'Basic realm="compose", charset="UTF-8"';

test('a password lets in, and what is wrong does not', async (t) => {
  const file = join(tempDir(t), 'htpasswd');
  writeFileSync(file, htpasswd({ ann: 'secret:1', bob: 'ünïcode' }));
  const { ask } = await startGuarded(t, { htpasswd: file });
  assert.deepEqual(await ask('/v2/', basic('ann', 'secret:1')), [200, 'ann']);
  assert.deepEqual(await ask('/v2/', basic('bob', 'ünïcode')), [200, 'bob']);
  assert.deepEqual(await ask('/v2/a/manifests/x', { method: 'PUT', ...basic('ann', 'secret:1') }), [
    200,
    'ann',
  ]);
  const header = (value: string): RequestInit => ({ headers: { authorization: value } });
  for (const wrong of [
    {},
    basic('ann', 'secret:2'),
    basic('ann', ''),
    basic('', ''),
    basic('ANN', 'secret:1'),
    basic('nobody', 'secret:1'),
    basic('__proto__', 'x'),
    basic('ann', 'secret:1\0'),
    header('Basic'),
    header('Basic !!!!'),
    header(`Basic ${Buffer.from('ann').toString('base64')}`),
    header(`Basic ${'A'.repeat(20_000)}`),
    header('Digest username="ann"'),
    header('Bearer x'),
    header('Bearer compose1.W10.x'),
  ]) {
    assert.deepEqual(await ask('/v2/', wrong), [401, REALM], JSON.stringify(wrong));
  }
});

test('the file is read again when it changes; a bad one is reported, and the old one stays', async (t) => {
  const file = join(tempDir(t), 'htpasswd');
  writeFileSync(file, htpasswd({ ann: 'one' }));
  const { ask, reload, reports } = await startGuarded(t, { htpasswd: file });
  assert.deepEqual(await ask('/v2/', basic('ann', 'one')), [200, 'ann']);
  writeFileSync(file, 'ann:{SHA}plain\n');
  await reload();
  assert.match(reports[0] ?? '', /htpasswd:1: expected a bcrypt hash; what was read before stays in use$/);
  assert.ok(!reports.join().includes('plain'));
  assert.deepEqual(await ask('/v2/', basic('ann', 'one')), [200, 'ann']);
  writeFileSync(file, htpasswd({ ann: 'two' }));
  await reload();
  assert.deepEqual(await ask('/v2/', basic('ann', 'one')), [401, REALM]);
  assert.deepEqual(await ask('/v2/', basic('ann', 'two')), [200, 'ann']);
});

test('files that are refused, by line', () => {
  const hash = '$2y$10$abcdefghijklmnopqrstuv0123456789012345678901234567890'.padEnd(60, 'a');
  for (const [text, message] of [
    ['ann', /^f:1: expected USER:HASH$/],
    [`ann:${hash}\n\n# note\n:${hash}`, /^f:4: expected USER:HASH$/],
    ['ann:$apr1$x$y', /^f:1: expected a bcrypt hash$/],
    [`ann:${hash.replace('$10$', '$20$')}`, /^f:1: expected a bcrypt cost from 4 to 14, got 20$/],
  ] as const) {
    assert.throws(() => parsePasswordFile(text, 'f'), { code: 'USAGE', message });
  }
});

test('unknown users cost the same check, at the highest cost of the file', () => {
  const line = (cost: string) => `u${cost}:$2y$${cost}$${'a'.repeat(53)}`;
  assert.match(parsePasswordFile(`${line('12')}\n${line('05')}`, 'f').nobody, /^\$2b\$12\$\.{53}$/);
});

test('equal checks run once, verdicts are remembered, and one address cannot take all turns', async () => {
  const [line = ''] = htpasswd({ ann: 'right' }).split('\n');
  const file = parsePasswordFile(line, 'f');
  const passwords = new Passwords(() => file);
  const [a, b] = [passwords.check('ann', 'right', 'x'), passwords.check('ann', 'right', 'y')];
  assert.equal(a, b);
  assert.equal(await a, true);
  assert.equal(passwords.check('ann', 'right', 'x'), true);
  const guesses = Array.from({ length: 30 }, (_, n) => passwords.check('ann', `wrong${n}`, 'x'));
  const other = passwords.check('ann', 'mistyped', 'y');
  const ends = await Promise.allSettled(guesses);
  assert.equal(await other, false);
  const refused = ends.filter(({ status }) => status === 'rejected');
  assert.ok(refused.length >= 18, `${refused.length} refused`);
  assert.ok(ends.every((end) => end.status === 'rejected' || end.value === false));
  assert.equal(await passwords.check('ann', 'right', 'x'), true);
});
