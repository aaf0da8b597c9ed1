import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeApk } from '../../fixtures/apk.ts';
import { cli, contents, json, small } from '../harness.ts';
import { setUp } from '../two-packages.ts';

test('--dry-run fetches no package and writes nothing; SOURCE_DATE_EPOCH is checked and honoured', async (t) => {
  const { dir, cache, from, mirror } = await setUp(t);
  const out = join(dir, 'out.tar');
  const words = [
    'b',
    '--arch',
    'x86_64',
    '--repo',
    from.repositories[0] as string,
    '--keyring',
    from.keyring,
    '--cache',
    cache,
    '-o',
    out,
  ];
  const dry = await cli([...words, '--dry-run', '--json']);
  assert.equal(dry.code, 0, dry.stdout);
  assert.equal(mirror.requests.filter(({ url }) => url.endsWith('.apk')).length, 0);
  assert.deepEqual(contents(cache), { blobs: [], ingest: [], partial: [] });
  assert.ok(!readdirSync(dir).includes('out.tar'));
  for (const epoch of ['yesterday', '-1', '1.5', '99999999999999']) {
    const ended = await cli(words, { env: { SOURCE_DATE_EPOCH: epoch } });
    assert.equal(ended.code, 2, ended.stderr);
    assert.ok(ended.stderr.includes('SOURCE_DATE_EPOCH') && ended.stderr.includes(epoch), ended.stderr);
  }
  const digests = [];
  for (const epoch of ['1000000000', '1000000000', '1000000001', '']) {
    const ended = await cli([...words, '--json'], { env: { SOURCE_DATE_EPOCH: epoch } });
    digests.push(json<{ digest: string }>(ended).digest);
  }
  assert.equal(digests[0], digests[1]);
  assert.equal(new Set(digests).size, 3);
  assert.ok(readFileSync(out).length > makeApk(small('a')).length);
});
