import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { writeAlpineMirror } from '../../fixtures/mirror-dir.ts';
import { tempDir } from '../../fixtures/temp.ts';
import { composed, small } from '../harness.ts';

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\n';

test('facts that an older program kept are read again from the cached archive, also without signatures', async (t) => {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  const base = writeAlpineMirror(join(dir, 'mirror'), {
    packages: [small('a', { files: [{ path: 'etc/' }, { path: 'etc/passwd', content: PASSWD }] })],
  });
  const wanted = { repositories: [base], allowUntrusted: true };
  const made = () => composed(cache, ['a'], wanted);
  const first = await made();

  const database = new Database(join(cache, 'catalog.sqlite'));
  database.exec("UPDATE archive SET trust = '', root_members = '{}', backup_md5 = '{}'");
  const second = await made();
  assert.equal(second.digest, first.digest);
  const row = database.prepare('SELECT trust, root_members AS members FROM archive').get() as {
    trust: string;
    members: string;
  };
  database.close();
  assert.notEqual(row.trust, '');
  assert.equal(JSON.parse(row.members)['etc/passwd'], Buffer.from(PASSWD).toString('base64'));
});
