import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Catalog } from '../../src/catalog/catalog.ts';
import type { RepositoryRow } from '../../src/catalog/repositories.ts';
import { checked } from '../../src/catalog/trust-label.ts';
import type { IndexPackage } from '../../src/model/package.ts';

/** A catalog in a folder of its own, both gone after the test. */
export function openCatalog(t: TestContext): { catalog: Catalog; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'pkgcompose-catalog-'));
  const path = join(folder, 'catalog.sqlite');
  const catalog = new Catalog(path);
  t.after(() => {
    catalog.close();
    rmSync(folder, { recursive: true });
  });
  return { catalog, path };
}

export function indexPackage(name: string, more: Partial<IndexPackage> = {}): IndexPackage {
  return {
    name,
    version: '1.0-r0',
    architecture: 'x86_64',
    description: `the ${name} package`,
    url: '',
    license: 'MIT',
    origin: name,
    maintainer: '',
    buildTime: 1,
    commit: '',
    sizeBytes: 10,
    installedSizeBytes: 20,
    fileName: `${name}-1.0-r0.apk`,
    checksum: `Q1${name}`,
    depends: [],
    provides: [],
    replaces: [],
    conflicts: [],
    installIf: [],
    groups: [],
    providerPriority: 0,
    replacesPriority: 0,
    signature: '',
    extra: {},
    ...more,
  };
}

export function repository(url: string): Omit<RepositoryRow, 'id' | 'packageCount'> {
  return {
    distro: 'alpine',
    architecture: 'x86_64',
    url,
    base: url,
    release: 'v3.19',
    name: 'main',
    etag: '"1"',
    lastModified: '',
    content: 'sha256:1',
    description: '',
    signedBy: 'key',
    trust: checked('pinned'),
  };
}
