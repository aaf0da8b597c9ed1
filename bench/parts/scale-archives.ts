import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApkIndexEntry, makeApk, makeApkIndex } from '../../test/fixtures/apk.ts';
import { Curves } from '../lib/curve.ts';
import { startMemoryRegistry } from '../lib/registry-process.ts';
import { addText, beginPart, catalogMiB, compose, composeWith, fresh, work } from '../lib/workbench.ts';

const SIZES = [100, 1_000, 10_000];
const FILES = 5;

/** Made archives in the cache, of five small files each: what grows with their number, and how */
export async function scaleArchives(): Promise<void> {
  beginPart('Scale: archives in the cache');
  const curves = new Curves('archives');
  const catalogs: string[] = [];
  const registry = await startMemoryRegistry();
  try {
    for (const size of SIZES) catalogs.push(measure(curves, size, registry.host));
  } finally {
    registry.stop();
  }
  curves.finish();
  addText(`Catalog with their facts: ${catalogs.join(', ')}.`);
}

function measure(curves: Curves, size: number, host: string): string {
  const [cache, pulled] = [`scale-archives-${size}`, `scale-pulled-${size}`];
  const folder = writeArchives(size);
  const source = ['--distro', 'alpine', '--arch', 'x86_64', '--allow-untrusted'];
  const repository = [...source, '--repo', folder];
  const place = `${host}/catalog-${size}:1`;
  const add = (what: string, name: string, ...words: readonly string[]): void => {
    const one = composeWith({ cache: name, mayFail: true }, ...words);
    curves.add(what, size, one);
  };
  add('ingest of a folder', cache, 'ingest', folder, ...source);
  add('cache ls', cache, 'cache', 'ls');
  add('cache verify', cache, 'cache', 'verify');
  compose(cache, 'index', ...repository);
  add('owns of a path', cache, 'owns', `/usr/lib/lib${size - 1}/file1`, ...repository);
  add('owns of a pattern', cache, 'owns', '*file1', ...repository);
  add('owns of a path that nothing has', cache, 'owns', '/usr/bin/none', ...repository);
  add('catalog push, the first', cache, 'catalog', 'push', place);
  add('catalog push, unchanged', cache, 'catalog', 'push', place);
  fresh(pulled);
  add('catalog pull into an empty cache', pulled, 'catalog', 'pull', place, '--trust-catalog');
  add('catalog pull, unchanged', pulled, 'catalog', 'pull', place, '--trust-catalog');
  const taken = `${catalogMiB(cache).toFixed(1)} MiB`;
  add('cache gc to half', cache, 'cache', 'gc', '--max-size', String(size * 500));
  return taken;
}

/** @returns a folder that is a repository of one architecture */
function writeArchives(size: number): string {
  const folder = join(work, `scale-archives-${size}-data/x86_64`);
  mkdirSync(folder, { recursive: true });
  const entries = Array.from({ length: size }, (_, at): ApkIndexEntry => {
    const name = `lib${at}`;
    const files = Array.from({ length: FILES }, (_file, file) => ({
      path: `usr/lib/${name}/file${file}`,
      content: `${at} ${file}\n`.repeat(20),
    }));
    const spec = { name, version: '1-r0', files, depends: at === 0 ? [] : ['lib0'] };
    const bytes = makeApk(spec);
    writeFileSync(join(folder, `${name}-1-r0.apk`), bytes);
    return { spec, bytes };
  });
  writeFileSync(join(folder, 'APKINDEX.tar.gz'), makeApkIndex(entries));
  return folder;
}
