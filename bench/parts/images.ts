import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bigApk, bigArchPackage } from '../lib/big-archives.ts';
import { calmRun, compare, NOTHING } from '../lib/measure.ts';
import { startMirrorProcess } from '../lib/mirror-process.ts';
import { prepareApk } from '../lib/real-apk.ts';
import {
  beginPart,
  catalogMiB,
  compose,
  composeVersion,
  fresh,
  parts,
  ROUNDS,
  record,
  recordBaseline,
  shell,
  work,
} from '../lib/workbench.ts';

const SET = ['alpine-base', 'git', 'make', 'binutils', 'musl-dev', 'jq', 'openssh', 'chrony'];

/** From indexes and archives to images. `data`: the folder of the Alpine data */
export async function images(data: string): Promise<void> {
  beginPart('Indexes, archives, images');
  const keys = join(data, 'keys');
  const folders = ['v3.19-iso/x86_64', 'v3.19-pool/x86_64'].map((name) => join(data, name));
  await indexing(data, keys);
  ingesting(folders, keys);
  composing(folders, keys);
  memory();
}

/** Two full indexes, 23,030 packages, from a loopback mirror. */
async function indexing(data: string, keys: string): Promise<void> {
  const mirror = await startMirrorProcess(data);
  const args = [
    ...['index', '--distro', 'alpine', '--release', 'v3.19', '--arch', 'x86_64'],
    ...['--mirror', mirror.url, '--keyring', keys],
  ];
  try {
    const apk = prepareApk(
      {
        tools: [join(data, 'v3.19-iso/x86_64')],
        repositories: ['main', 'community'].map((name) => `${mirror.url}/v3.19/${name}`),
        keys,
      },
      join(work, 'apk-index'),
    );
    const { update, updateAgain, cold, unchanged } = compare(ROUNDS, {
      update: () => apk?.update('all') ?? NOTHING,
      updateAgain: () => apk?.update('changed') ?? NOTHING,
      cold: () => {
        fresh('index');
        return compose('index', ...args);
      },
      unchanged: () => compose('index', ...args),
    });
    if (apk !== undefined) recordBaseline('apk update, an empty cache', update);
    record({
      what: `index 23,030 packages into an empty catalog, then ${catalogMiB('index').toFixed(1)} MiB`,
      ...cold,
      target: '≤ 2.0 s',
      holds: cold.seconds <= 2,
    });
    if (apk !== undefined) recordBaseline('apk update again, unchanged', updateAgain);
    record({
      what: 'index again, unchanged',
      ...unchanged,
      target: '≤ 0.25 s',
      holds: unchanged.seconds <= 0.25,
    });
  } finally {
    mirror.stop();
  }
}

/** 195 real apks, beside what it costs to decompress and hash the same bytes. */
function ingesting(folders: readonly string[], keys: string): void {
  const globs = folders.map((folder) => `${folder}/*.apk`).join(' ');
  const { ingest, baseline } = compare(ROUNDS, {
    ingest: () => {
      fresh('ingest');
      return compose('ingest', 'ingest', ...folders, '--keyring', keys);
    },
    baseline: () => shell(`gzip -dc ${globs} > /dev/null && sha256sum ${globs} > /dev/null`),
  });
  recordBaseline('gzip -dc + sha256sum of 195 apks', baseline);
  const ratio = ingest.seconds / baseline.seconds;
  record({
    what: 'ingest 195 apks',
    ...ingest,
    target: `≤ 1.5 × baseline, here ${ratio.toFixed(2)} ×`,
    holds: ratio <= 1.5,
  });
}

/** Warm compose of the 64-package set, beside cat of the same blobs and the real apk. */
function composing(folders: readonly string[], keys: string): void {
  const out = join(work, 'out.tar');
  const repositories = folders.flatMap((folder) => ['--repo', folder]);
  const args = [
    ...[...SET, '--distro', 'alpine', '--arch', 'x86_64', ...repositories],
    ...['--keyring', keys, '--allow-untrusted', '-o', out],
  ];
  compose('compose', ...args);
  const blobs = join(work, 'compose/blobs/sha256');
  const used = `tar -tf ${out} | grep blobs/sha256/ | sed 's|.*/||' | while read b; do [ -f ${blobs}/$b ] && echo ${blobs}/$b; done`;
  const list = join(work, 'list');
  shell(`${used} > ${list}`);
  const apk = prepareApk({ tools: folders, repositories: folders, keys }, join(work, 'apk'));
  const { warm, cat, add, version } = compare(ROUNDS, {
    version: composeVersion,
    warm: () => compose('compose', ...args),
    cat: () => shell(`xargs cat < ${list} > ${work}/cat.out`),
    add: () => apk?.add(SET) ?? NOTHING,
  });
  const limit = 3 * version.seconds + cat.seconds;
  recordBaseline('compose --version', version);
  recordBaseline('cat of the same blobs', cat);
  record({
    what: 'warm compose of 64 packages to out.tar',
    ...warm,
    target: `≤ 3 × --version + cat = ${limit.toFixed(3)} s`,
    holds: warm.seconds <= limit,
  });
  if (apk === undefined) console.log('skipped: apk add needs root and the real apk');
  else
    record({
      what: 'apk add of the same set',
      ...add,
      target: 'compose is faster',
      holds: warm.seconds < add.seconds,
    });
}

/** Peak memory, and that it does not follow the size of an archive. */
function memory(): void {
  const peaks = parts.at(-1)?.rows.map((row) => row.peakMiB) ?? [];
  const peak = Math.max(...peaks.filter((value) => !Number.isNaN(value)));
  record({
    what: 'largest peak of the above',
    ...NOTHING,
    peakMiB: peak,
    target: '≤ 250 MiB',
    holds: peak <= 250,
  });
  mkdirSync(join(work, 'big'));
  for (const [name, make] of [
    ['apk', bigApk],
    ['pkg.tar.zst', bigArchPackage],
  ] as const) {
    for (const sizeMiB of [64, 1024]) {
      const path = join(work, 'big', make(join(work, 'big'), sizeMiB));
      const one = calmRun(() => {
        fresh('big-cache');
        return compose('big-cache', 'ingest', path, '--allow-untrusted');
      });
      record({
        what: `ingest a ${sizeMiB} MiB .${name}`,
        ...one,
        target: '≤ 250 MiB',
        holds: one.peakMiB <= 250,
      });
      rmSync(path);
    }
  }
}
