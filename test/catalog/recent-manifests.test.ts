import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { RecentManifests } from '../../src/catalog/recent-manifests.ts';
import { RegistryContent } from '../../src/catalog/registry-content.ts';
import { openRegistryDatabase } from '../../src/catalog/registry-database.ts';
import { tempDir } from '../fixtures/temp.ts';

const manifest = (size: number) => ({ bytes: new Uint8Array(size) });

test('a manifest is read once, until the database changes or too much is kept', () => {
  let version = 1;
  let reads = 0;
  const recent = new RecentManifests<ReturnType<typeof manifest>>(() => version);
  const read = (key: string, size: number) =>
    recent.get(key, () => {
      reads += 1;
      return manifest(size);
    });
  assert.equal(read('a', 10), read('a', 10));
  assert.equal(reads, 1);
  version = 2;
  read('a', 10);
  assert.equal(reads, 2);
  read('large', 32 * 1024 * 1024);
  read('a', 10);
  assert.equal(reads, 4);
  assert.equal(
    recent.get('nothing', () => undefined),
    undefined,
  );
});

test('what another connection writes is seen at once', (t) => {
  const path = join(tempDir(t), 'registry.sqlite');
  const content = new RegistryContent(path);
  const other = openRegistryDatabase(path);
  t.after(() => {
    content.close();
    other.close();
  });
  other.exec(`INSERT INTO repository (id, name) VALUES (1, 'app');
    INSERT INTO manifest (id, repository_id, digest, media_type, bytes, subject, referrer, composed, put_at, used_at)
    VALUES (1, 1, 'd1', 'x/1', x'01', '', '', 0, 0, 0), (2, 1, 'd2', 'x/2', x'02', '', '', 0, 0, 0);
    INSERT INTO tag (repository_id, name, manifest_id) VALUES (1, 'v1', 1)`);
  const found = content.manifestByTag('app', 'v1');
  assert.equal(found?.digest, 'd1');
  assert.equal(content.manifestByTag('app', 'v1'), found);
  other.exec('UPDATE tag SET manifest_id = 2');
  assert.equal(content.manifestByTag('app', 'v1')?.digest, 'd2');
  other.exec('DELETE FROM manifest');
  assert.equal(content.manifestByTag('app', 'v1'), undefined);
});
