import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Curves } from '../lib/curve.ts';
import { madeIndex } from '../lib/made-index.ts';
import { startMirrorProcess } from '../lib/mirror-process.ts';
import { startMemoryRegistry } from '../lib/registry-process.ts';
import { sample } from '../lib/sample.ts';
import { addText, beginPart, catalogMiB, compose, work } from '../lib/workbench.ts';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
/** Of one repository: an index of more than 256 MiB is refused, which is about 600,000 packages. */
const MAX_PACKAGES = 250_000;

/** Made packages in the catalog, in repositories of at most 250,000: what grows with their number, and how */
export async function scalePackages(): Promise<void> {
  beginPart('Scale: packages in the catalog');
  const curves = new Curves('packages');
  const catalogs: string[] = [];
  const registry = await startMemoryRegistry();
  try {
    for (const size of SIZES) catalogs.push(await measure(curves, size, registry.host));
  } finally {
    registry.stop();
  }
  curves.finish();
  addText(`Catalog after the index and the first plan: ${catalogs.join(', ')}.`);
}

async function measure(curves: Curves, size: number, host: string): Promise<string> {
  const cache = `scale-${size}`;
  const folder = join(work, `scale-mirror-${size}`);
  writeRepositories(folder, size);
  const mirror = await startMirrorProcess(folder);
  const names = repositoriesOf(size).map(({ name }) => ['--repo', `${mirror.url}/${name}`]);
  const source = ['--distro', 'alpine', '--arch', 'x86_64', '--allow-untrusted', ...names.flat()];
  const leaf = `lib${size - 2}`;
  const all = Array.from({ length: size }, (_, at) => `lib${at}`);
  const asked: Readonly<Record<string, readonly string[]>> = {
    index: ['index'],
    'index again, unchanged': ['index'],
    'plan of a leaf, the first: it makes the solver graph': ['plan', leaf],
    'plan of a leaf': ['plan', leaf],
    'plan of 50 names': ['plan', ...sample(all, 50, 1)],
    'search of two words': ['search', 'word1', 'word2'],
    "search 'lib*', all": ['search', 'lib*', '--limit', '0'],
    'show of one': ['show', leaf],
    'providers of a library': ['providers', `cmd:${leaf}`],
    'rdepends of a leaf': ['rdepends', leaf],
    'rdepends of the first, which most need': ['rdepends', 'lib0'],
    'rdepends of the first, recursive': ['rdepends', 'lib0', '--recursive'],
  };
  const place = `${host}/catalog-${size}:1`;
  try {
    for (const [what, words] of Object.entries(asked)) {
      curves.add(what, size, compose(cache, ...words, ...source));
    }
    curves.add('catalog push, the first', size, compose(cache, 'catalog', 'push', place));
    curves.add('catalog push, unchanged', size, compose(cache, 'catalog', 'push', place));
    const pulled = compose(`pulled-${size}`, 'catalog', 'pull', place, '--trust-catalog');
    curves.add('catalog pull into an empty cache', size, pulled);
    return `${catalogMiB(cache).toFixed(0)} MiB`;
  } finally {
    mirror.stop();
  }
}

function repositoriesOf(size: number): readonly { readonly name: string; readonly start: number }[] {
  const count = Math.ceil(size / MAX_PACKAGES);
  return Array.from({ length: count }, (_, at) => ({ name: `part${at}`, start: at * MAX_PACKAGES }));
}

function writeRepositories(folder: string, size: number, version = 1): void {
  for (const { name, start } of repositoriesOf(size)) {
    const place = join(folder, name, 'x86_64');
    mkdirSync(place, { recursive: true });
    const count = Math.min(MAX_PACKAGES, size - start);
    writeFileSync(join(place, 'APKINDEX.tar.gz'), madeIndex(count, version, start));
  }
}
