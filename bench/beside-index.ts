/*
 * node bench/beside-index.ts [PACKAGES [COMPOSE]]: how long others wait while `compose index` writes a made repository, first into
 * an empty catalog, then a changed one in its place. COMPOSE is another checkout's `compose`, to compare with.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { makeApk } from '../test/fixtures/apk.ts';
import { madeIndex } from './lib/made-index.ts';

const [count = '200000', compose = resolve(import.meta.dirname, '../compose')] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'pkgcompose-bench-'));
const repository = join(folder, 'repository');
const cache = join(folder, 'cache');
const trusting = ['--cache', cache, '--allow-untrusted'];
mkdirSync(join(repository, 'x86_64'), { recursive: true });
writeFileSync(join(folder, 'a.apk'), makeApk({ name: 'a', version: '1-r0' }));

/** Milliseconds of wall time */
async function timed(work: () => unknown): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

const run = (...words: readonly string[]) =>
  promisify(execFile)(compose, words, { env: { ...process.env, HOME: folder } });

/** Writes now and then, in a thread of its own, until it is told to end; then answers with the milliseconds of each. */
const WRITER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const database = new (require('better-sqlite3'))(workerData, { timeout: 60_000 });
  const write = database.prepare("INSERT OR REPLACE INTO pushed_blob VALUES ('bench.example', 'a', 'b')");
  const times = [];
  const timer = setInterval(() => {
    const begun = performance.now();
    write.run();
    times.push(performance.now() - begun);
  }, 20);
  parentPort.once('message', () => {
    clearInterval(timer);
    parentPort.postMessage(times);
    database.close();
  });
`;

function longest(times: readonly number[]): string {
  return `longest of ${times.length}: ${Math.round(Math.max(...times.slice(0, 10_000)))} ms`;
}

const ingest = () => run('ingest', join(folder, 'a.apk'), '--distro', 'alpine', ...trusting);
const list = () => run('cache', 'ls', '--cache', cache);

try {
  await ingest();
  console.log(
    `alone: ingest ${Math.round(await timed(ingest))} ms, cache ls ${Math.round(await timed(list))} ms`,
  );
  for (const version of [1, 2]) {
    writeFileSync(join(repository, 'x86_64/APKINDEX.tar.gz'), madeIndex(Number(count), version));
    const writer = new Worker(WRITER, { eval: true, workerData: join(cache, 'catalog.sqlite') });
    let isOver = false;
    const indexed = timed(() =>
      run('index', '--distro', 'alpine', '--arch', 'x86_64', '--repo', repository, ...trusting),
    ).finally(() => {
      isOver = true;
    });
    const ingests: number[] = [];
    const lists: number[] = [];
    while (!isOver) {
      ingests.push(await timed(ingest));
      lists.push(await timed(list));
    }
    writer.postMessage('over');
    const [writes] = (await once(writer, 'message')) as [number[]];
    console.log(`index ${version}: ${Math.round(await indexed)} ms. Beside it`);
    console.log(`  a write      ${longest(writes)}`);
    console.log(`  ingest       ${longest(ingests)}`);
    console.log(`  cache ls     ${longest(lists)}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
