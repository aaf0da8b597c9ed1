import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMapped, rootRanges, userRanges } from '../../src/sandbox/id-map.ts';

test('root of a machine maps ids of nobody, chosen by chance', () => {
  const whole = '         0          0 4294967295\n';
  for (const random of [0, 0.5, 0.999999]) {
    const [range, ...more] = rootRanges(whole, random);
    assert.deepEqual([range?.inside, range?.count, more], [0, 65_536, []]);
    assert.ok((range?.outside ?? 0) >= 0x2000_0000 && (range?.outside ?? 0) < 0x4000_0000);
    assert.equal((range?.outside ?? 1) % 65_536, 0);
  }
});

test('root of a container maps what the container has', () => {
  assert.deepEqual(rootRanges('0 1000 1\n1 100000 65536\n', 0.5), [
    { inside: 0, outside: 0, count: 1 },
    { inside: 1, outside: 1, count: 65_535 },
  ]);
  assert.deepEqual(rootRanges('0 100000 1000\n', 0.5), [{ inside: 0, outside: 0, count: 1000 }]);
});

test('a user maps themselves as root and their lines of /etc/subuid, by name and by number', () => {
  const user = { name: 'eve', uid: 1001, id: 1001 };
  const text = '# who first count\nadam:1:65536\neve:100000:1000\neve:broken:5\neve:7\n1001:300000:65536\n';
  assert.deepEqual(userRanges(text, user), [
    { inside: 0, outside: 1001, count: 1 },
    { inside: 1, outside: 100_000, count: 1000 },
    { inside: 1001, outside: 300_000, count: 64_535 },
  ]);
  assert.equal(userRanges('adam:100000:65536\n', user), undefined);
  assert.equal(userRanges('eve:100000:0\n', user), undefined);
  assert.equal(userRanges('', user), undefined);
});

test('an id is mapped within a range only', () => {
  const ranges = [
    { inside: 0, outside: 5, count: 1 },
    { inside: 10, outside: 100, count: 2 },
  ];
  assert.deepEqual(
    [0, 1, 9, 10, 11, 12].filter((id) => isMapped(ranges, id)),
    [0, 10, 11],
  );
});
