import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import { disturbance, readLoad } from '../lib/load.ts';
import { startMirrorProcess } from '../lib/mirror-process.ts';
import { composeName, NAMES, newNames } from '../lib/new-names.ts';
import { startCompose } from '../lib/serve-rig.ts';
import { beginPart, INFORMATION, record, work } from '../lib/workbench.ts';

const COMPOSED = 100;
const PACKAGES = 3;
/** Clients that have new names composed */
const COMPOSING = 4;
/** Time from one request for what is cached to the next, in milliseconds */
const PAUSE_MS = 2;
const LIMIT_SECONDS = 0.02;
const NONE = { seconds: Number.NaN, peakMiB: Number.NaN };

/**
 * How long cached manifests and blobs take while the index of 23,030 packages is read and new names are composed.
 * `data`: the folder of the Alpine data
 */
export async function serveBeside(data: string): Promise<void> {
  beginPart('Serving what is cached, beside other work');
  const endings: (() => void | Promise<void>)[] = [];
  try {
    const mirror = await startMirrorProcess(data);
    endings.push(() => mirror.stop());
    const config = join(work, 'serve-beside.json');
    writeFileSync(config, JSON.stringify({ distributions: distributions(data, mirror.url) }));
    const { url } = await startCompose((ending) => void endings.push(ending), 'serve-beside', [
      '--config',
      config,
    ]);
    await composeName(url, NAMES);
    const cached = await cachedUrls(`${url}/v2/alpine/${NAMES.join('/')}`);
    await askWhile(cached, sleep(1_000));
    const before = readLoad();
    const calm = await askWhile(cached, sleep(2_000));
    const beside = await askWhile(cached, Promise.all([readIndex(url), composeMany(url)]));
    const busy = disturbance(before, readLoad());
    for (const [at, what] of ['manifest', 'blob'].entries()) {
      const quiet = calm[at] ?? [];
      const times = beside[at] ?? [];
      const seconds = percentile99(times);
      record({
        ...NONE,
        what: `a cached ${what} with nothing beside it, p99 of ${quiet.length}`,
        seconds: percentile99(quiet),
        busy,
        ...INFORMATION,
      });
      record({
        ...NONE,
        what: `a cached ${what} while 23,030 packages are indexed and ${COMPOSED} names composed, p99 of ${times.length}`,
        seconds,
        target: '≤ 20 ms',
        holds: seconds <= LIMIT_SECONDS,
        busy,
      });
    }
  } finally {
    for (const ending of endings.reverse()) await ending();
  }
}

/** A release of folders, whose packages are there, and one whose indexes have not been read. */
function distributions(data: string, mirror: string): readonly unknown[] {
  const repositories = ['v3.19-iso/x86_64', 'v3.19-pool/x86_64'].map((name) => join(data, name));
  const common = { distro: 'alpine', architectures: ['x86_64'], keyring: [join(data, 'keys')] };
  return [
    { ...common, releases: ['v3.20'], repositories, 'allow-untrusted': true },
    { ...common, releases: ['v3.19'], mirrors: [mirror] },
  ];
}

/** URLs of the manifest and of a layer of middle size of an image that has been composed. */
async function cachedUrls(image: string): Promise<readonly string[]> {
  const index = (await json(`${image}/manifests/latest`)) as { manifests: readonly { digest: string }[] };
  const manifest = `${image}/manifests/${index.manifests[0]?.digest}`;
  const { layers } = (await json(manifest)) as { layers: readonly { digest: string; size: number }[] };
  const middle = layers.toSorted((a, b) => a.size - b.size)[layers.length >> 1];
  return [`${image}/manifests/latest`, `${image}/blobs/${middle?.digest}`];
}

async function json(url: string): Promise<unknown> {
  return (await fetch(url, { headers: { accept: `${MEDIA_TYPES.index}, ${MEDIA_TYPES.manifest}` } })).json();
}

/** Asks for each URL in turn, one client each, until the work is done; seconds of each answer, by URL. */
async function askWhile(
  urls: readonly string[],
  work: Promise<unknown>,
): Promise<readonly (readonly number[])[]> {
  let isDone = false;
  const asking = urls.map(async (url) => {
    const times: number[] = [];
    while (!isDone) {
      const begun = performance.now();
      const response = await fetch(url);
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      times.push((performance.now() - begun) / 1000);
      await sleep(PAUSE_MS);
    }
    return times;
  });
  await work.finally(() => {
    isDone = true;
  });
  return Promise.all(asking);
}

/** No package has the name, which is known when both indexes have been read. */
async function readIndex(url: string): Promise<void> {
  const { status } = await fetch(`${url}/v2/alpine/v3.19/none-such/manifests/latest`);
  if (status !== 404) throw new Error(`expected 404, got ${status}`);
}

async function composeMany(url: string): Promise<void> {
  const choose = newNames();
  const names = Array.from({ length: COMPOSED }, () => choose(PACKAGES)).values();
  await Promise.all(
    Array.from({ length: COMPOSING }, async () => {
      for (const next of names) await composeName(url, next);
    }),
  );
}

function percentile99(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
}
